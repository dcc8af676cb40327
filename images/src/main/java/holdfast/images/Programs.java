package holdfast.images;

import holdfast.base.Processes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Runs other programs to their end and returns what they printed. Safe for any thread.
public final class Programs {
    private static final Duration TIMEOUT = Duration.ofMinutes(10); // a download on a slow line
    private static final List<Path> DIRECTORIES =
            Stream.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
                    .map(Path::of)
                    .toList();
    private static final int OUTPUT_BYTES_MAX = 4 << 20;
    private static final int COMPLAINT_CHARS_MAX = 600;

    private final Processes processes;

    public Programs(Processes processes) {
        this.processes = processes;
    }

    /// Where a program is, also those for administrators, which an ordinary user's path lacks.
    ///
    /// @param name of a program, or the absolute path of any file
    public static Optional<Path> locate(String name) {
        return DIRECTORIES.stream()
                .map(directory -> directory.resolve(name)) // just the name, if that is absolute
                .filter(Files::exists)
                .findFirst();
    }

    public String run(Path directory, String... command) throws IOException, InterruptedException {
        return run(directory, Map.of(), List.of(command));
    }

    /// @return standard output, then standard error
    /// @throws IOException if the program is missing, does not end in time or ends with a status
    ///   other than zero; says what it printed last
    public String run(Path directory, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        var program =
                locate(command.getFirst())
                        .orElseThrow(() -> new IOException(command.getFirst() + ": not installed"));
        var located = new ArrayList<>(command);
        located.set(0, program.toString());
        // Output goes to a file, not a pipe: nothing has to read while we wait with a limit.
        var output = Files.createTempFile(directory, "output", ".txt");
        try {
            var builder = new ProcessBuilder(located).directory(directory.toFile());
            builder.environment().putAll(environment);
            builder.environment().put("LC_ALL", "C"); // some outputs are parsed
            builder.redirectErrorStream(true).redirectOutput(output.toFile());
            builder.redirectInput(Path.of("/dev/null").toFile());
            var process = processes.start(builder);
            try {
                if (!process.waitFor(TIMEOUT)) {
                    throw new IOException(
                            String.format(
                                    Locale.ROOT, "%s: still running after %s", command, TIMEOUT));
                }
            } finally {
                process.destroyForcibly();
            }
            var text = read(output);
            if (process.exitValue() != 0) {
                throw new IOException(
                        String.format(
                                Locale.ROOT,
                                "%s ended with status %d: %s",
                                command.getFirst(),
                                process.exitValue(),
                                tail(text)));
            }
            return text;
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private static String read(Path output) throws IOException {
        try (var input = Files.newInputStream(output)) {
            return new String(input.readNBytes(OUTPUT_BYTES_MAX), StandardCharsets.UTF_8);
        }
    }

    private static String tail(String text) {
        var line = text.strip().replaceAll("\\s*\n\\s*", "; ");
        return line.substring(Math.max(0, line.length() - COMPLAINT_CHARS_MAX));
    }
}
