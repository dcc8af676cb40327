package holdfast.cli;

import holdfast.base.Processes;
import holdfast.base.RefusalException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.DoubleConsumer;
import tools.jackson.core.JacksonException;

/// Copies what an NBD address serves into an image file or onto a block device, with `qemu-img`.
///
/// A file appears under its name only when it is whole: until then it is `<name>.part`, deleted
/// when the copy fails. Holes stay holes.
///
/// @param format `raw` or `qcow2`
record ImageCopy(Processes processes, String uri, String format, Path target) {
    /// What `qemu-img` says on one of its streams is kept up to this; its errors are a line or two.
    private static final int OUTPUT_BYTES_MAX = 64 << 10;

    /// Refuses what would overwrite, before anything is asked of the server.
    static void checkTarget(Path target, String format, boolean force) throws IOException {
        if (Files.isDirectory(target)) {
            throw new RefusalException(
                    "target-is-directory", target + " is a folder: name a file in it with --to");
        }
        if (onDevice(target)) {
            checkDevice(target, format, force);
        } else if (Files.exists(target) && !force) {
            throw new RefusalException(
                    "target-exists",
                    target + " exists: name another, or overwrite it with --force");
        }
        if (!Files.isDirectory(folder(target))) {
            throw new RefusalException(
                    "no-such-folder",
                    "no folder " + folder(target) + ": make it, or name another file with --to");
        }
    }

    /// A path without a parent is the root, which is a folder and refused as such.
    private static Path folder(Path target) {
        return Objects.requireNonNull(target.toAbsolutePath().getParent());
    }

    private static void checkDevice(Path target, String format, boolean force) throws IOException {
        if (!force) {
            throw new RefusalException(
                    "target-is-device",
                    target + " is a device: all that is on it would be lost; do that with --force");
        }
        if (!format.equals("raw")) {
            throw new UsageException("a device takes --format raw, not " + format);
        }
        var device = target.toRealPath().toString();
        try (var mounts = Files.lines(Path.of("/proc/mounts"))) {
            if (mounts.anyMatch(line -> partOf(device, line.substring(0, line.indexOf(' '))))) {
                throw new RefusalException(
                        "target-in-use",
                        target + " is mounted: unmount it first; nothing was written");
            }
        }
    }

    /// Whether that is the device or a partition of it: `sda` has `sda1`, `loop1` has `loop1p1`,
    /// and `loop10` is another.
    private static boolean partOf(String device, String mounted) {
        var digits = Character.isDigit(device.charAt(device.length() - 1)) ? "p[0-9]+" : "[0-9]+";
        return mounted.startsWith(device)
                && mounted.substring(device.length()).matches("|" + digits);
    }

    private static boolean onDevice(Path target) {
        return target.startsWith("/dev") && Files.exists(target) && !Files.isRegularFile(target);
    }

    /// Blocks until all is copied and on stable storage.
    ///
    /// @param progress takes fractions from 0 to 1
    /// @throws RefusalException if there is not enough room
    void run(DoubleConsumer progress) throws IOException, InterruptedException {
        if (onDevice(target)) {
            convert(List.of("-n", "-O", format, uri, target.toString()), progress);
            return;
        }
        checkRoom();
        var part = target.resolveSibling(target.getFileName() + ".part");
        var cleaner = new Thread(() -> deleteQuietly(part), "export-part");
        Runtime.getRuntime().addShutdownHook(cleaner);
        try {
            convert(List.of("-O", format, uri, part.toString()), progress);
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            deleteQuietly(part);
            Runtime.getRuntime().removeShutdownHook(cleaner);
        }
    }

    /// What is allocated has to be stored, whichever the format; `measure` counts that for qcow2
    /// only (for raw it answers the virtual size), so qcow2 is what is asked for.
    private void checkRoom() throws IOException, InterruptedException {
        var measured =
                output(
                        List.of(
                                "qemu-img",
                                "measure",
                                "--output=json",
                                "-f",
                                "raw",
                                "-O",
                                "qcow2",
                                uri));
        long required;
        try {
            required = ApiClient.JSON.readTree(measured).path("required").asLong(0);
        } catch (JacksonException e) {
            throw new IOException("qemu-img measure answered no JSON: " + measured, e);
        }
        var folder = folder(target);
        var usable = Files.getFileStore(folder).getUsableSpace();
        if (usable < required) {
            throw new RefusalException(
                    "no-room",
                    String.format(
                            Locale.ROOT,
                            "not enough room in %s: the disk holds %s of data, %s is free; name another folder with --to",
                            folder,
                            Units.bytes(required),
                            Units.bytes(usable)));
        }
    }

    private void convert(List<String> tail, DoubleConsumer progress)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("qemu-img", "convert", "-p", "-f", "raw"));
        command.addAll(tail);
        var process = start(command);
        try (var errors = Collected.of(process.getErrorStream());
                var out = process.getInputStream()) {
            var text = new StringBuilder();
            for (int b; (b = out.read()) >= 0; ) {
                // "    (12.34/100%)\r" over and over
                if (b == '/' && text.indexOf("(") >= 0) {
                    report(text.substring(text.indexOf("(") + 1), progress);
                }
                if (b == '/' || b == '\r' || text.length() > 100) {
                    text.setLength(0);
                } else {
                    text.append((char) b);
                }
            }
            end(process, "qemu-img convert", errors);
        } finally {
            process.destroy();
        }
    }

    private static void report(String percent, DoubleConsumer progress) {
        try {
            progress.accept(Double.parseDouble(percent) / 100);
        } catch (NumberFormatException _) {
            // Progress is decoration: what cannot be read is not shown.
        }
    }

    private String output(List<String> command) throws IOException, InterruptedException {
        var process = start(command);
        try (var errors = Collected.of(process.getErrorStream())) {
            var out =
                    new String(
                            process.getInputStream().readNBytes(OUTPUT_BYTES_MAX),
                            StandardCharsets.UTF_8);
            end(process, command.get(0) + " " + command.get(1), errors);
            return out;
        } finally {
            process.destroy();
        }
    }

    private Process start(List<String> command) throws IOException {
        try {
            return processes.start(new ProcessBuilder(command));
        } catch (IOException e) {
            throw new IOException(
                    "qemu-img cannot be run: install it (Debian: apt-get install qemu-utils)", e);
        }
    }

    private static void end(Process process, String what, Collected errors)
            throws IOException, InterruptedException {
        var status = process.waitFor();
        if (status != 0) {
            throw new IOException(
                    String.format(
                            Locale.ROOT,
                            "%s ended with status %d: %s",
                            what,
                            status,
                            errors.lastLine()));
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.delete(file);
        } catch (NoSuchFileException _) {
            // moved into place, or never made
        } catch (IOException _) {
            // The reason why the copy failed matters more than its remains.
        }
    }

    /// The end of a stream's text, read by a thread of its own so that the writer never waits.
    private record Collected(ByteArrayOutputStream bytes, Thread reader) implements AutoCloseable {
        static Collected of(InputStream stream) {
            var bytes = new ByteArrayOutputStream();
            var reader =
                    Thread.ofVirtual()
                            .name("qemu-img-errors")
                            .start(() -> {
                                try (stream) {
                                    for (int b; (b = stream.read()) >= 0; ) {
                                        if (bytes.size() < OUTPUT_BYTES_MAX) {
                                            bytes.write(b);
                                        }
                                    }
                                } catch (IOException _) {
                                    // the process is gone
                                }
                            });
            return new Collected(bytes, reader);
        }

        String lastLine() throws InterruptedException {
            reader.join();
            var lines = bytes.toString(StandardCharsets.UTF_8).strip().lines().toList();
            return lines.isEmpty() ? "no reason given" : lines.getLast();
        }

        @Override
        public void close() throws IOException {
            reader.interrupt();
        }
    }
}
