package holdfast.demo;

import holdfast.base.Processes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/// Runs other programs to their end. Safe for any thread.
public final class Commands {
    private final Processes processes;

    public Commands(Processes processes) {
        this.processes = processes;
    }

    /// What a program said, and how it ended.
    public record Result(List<String> command, int status, String output, String error) {
        /// @throws IOException with the command and what it complained about, unless it succeeded
        public String orThrow() throws IOException {
            if (status != 0) {
                var said = error.strip() + "\n" + output.strip();
                throw new IOException(
                        String.format(
                                Locale.ROOT,
                                "%s: exit status %d: %s",
                                String.join(" ", command),
                                status,
                                said.strip()));
            }
            return output;
        }
    }

    /// Runs the program and returns whatever its exit status is.
    ///
    /// @throws IOException if it cannot be started at all
    public Result run(List<String> command) throws IOException, InterruptedException {
        var process = processes.start(new ProcessBuilder(command));
        process.getOutputStream().close();
        var error = new StringBuilder();
        var errorReader =
                Thread.ofVirtual()
                        .name("stderr of " + command.getFirst())
                        .start(() -> error.append(drain(process)));
        try {
            var output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            var status = process.waitFor();
            errorReader.join();
            return new Result(command, status, output, error.toString());
        } catch (InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /// Runs the program and returns its standard output.
    ///
    /// @throws IOException if it fails; see [Result#orThrow]
    public String output(String... command) throws IOException, InterruptedException {
        return run(List.of(command)).orThrow().strip();
    }

    private static String drain(Process process) {
        try {
            return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
