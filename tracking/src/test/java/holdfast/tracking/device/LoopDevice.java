package holdfast.tracking.device;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A real block device for a test: a loop device over a sparse temporary file. Closing detaches it
/// and deletes the file.
public final class LoopDevice implements AutoCloseable {
    private final Path file;
    private final Path device;

    private LoopDevice(Path file, Path device) {
        this.file = file;
        this.device = device;
    }

    /// Attaches a new one; skips the test where that is not allowed.
    public static LoopDevice attach(long sizeBytes) throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "loop devices need root");
        var file = Files.createTempFile("holdfast-tracking-", ".img");
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(sizeBytes);
        }
        return new LoopDevice(file, Path.of(run("losetup", "-f", "--show", file.toString())));
    }

    /// Switches the device's statistics on or off.
    public void keepStatistics(boolean on) throws IOException {
        var directory = Path.of("/sys/block").resolve(device.getFileName());
        Files.writeString(directory.resolve("queue/iostats"), on ? "1" : "0");
    }

    public Path path() {
        return device;
    }

    /// The file that holds its blocks.
    public Path file() {
        return file;
    }

    public BlockDevice blockDevice() {
        return BlockDevice.at(Path.of("/sys/block").resolve(device.getFileName()));
    }

    public TrackedDisk disk() throws IOException {
        var block = blockDevice();
        return new TrackedDisk(device, true, block.major(), block.minor(), block.sizeBytes());
    }

    /// Takes over a new length of the file.
    public void resize(long sizeBytes) throws IOException {
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(sizeBytes);
        }
        run("losetup", "-c", device.toString());
    }

    /// Detaches and attaches again, under the same number: another medium to the kernel.
    public void reattach() throws IOException {
        run("losetup", "-d", device.toString());
        run("losetup", device.toString(), file.toString());
    }

    @Override
    public void close() throws IOException {
        keepStatistics(true); // the number will be used again
        run("losetup", "-d", device.toString());
        Files.deleteIfExists(file);
    }

    /// Runs a program that must succeed and returns what it printed.
    public static String run(String... command) throws IOException {
        var process =
                new ProcessBuilder(new ArrayList<>(List.of(command)))
                        .redirectErrorStream(true)
                        .start();
        try {
            process.getOutputStream().close();
            var output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + output.strip());
            }
            return output.strip();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            throw new IOException(e);
        }
    }
}
