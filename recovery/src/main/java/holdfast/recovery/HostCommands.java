package holdfast.recovery;

import holdfast.base.Processes;
import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Runs programs that administer this host, and waits for their end. One at a time: what a program
/// says goes to one file.
///
/// @param said where that is
record HostCommands(Processes processes, SmallFiles files, Path said) {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final int SAID_BYTES_MAX = 1 << 20;
    private static final int MESSAGE_CHARS_MAX = 500;

    /// Debian packages of the programs.
    private static final Map<String, String> PACKAGES =
            Map.of(
                    "ip", "iproute2",
                    "nft", "nftables",
                    "nsenter", "util-linux",
                    "dnsmasq", "dnsmasq-base",
                    "modprobe", "kmod");

    /// @throws IOException if it ends with another status than zero: what it said
    void run(List<String> command) throws IOException, InterruptedException {
        var status = status(command);
        if (status != 0) {
            throw new IOException(
                    String.format(
                            Locale.ROOT,
                            "%s ended with status %d: %s",
                            String.join(" ", command),
                            status,
                            message()));
        }
    }

    /// Whether it ends with the status zero.
    boolean succeeds(List<String> command) throws IOException, InterruptedException {
        return status(command) == 0;
    }

    /// What the last program said, in one line.
    String message() throws IOException {
        var text = files.readIfPresent(said, SAID_BYTES_MAX).orElse("").strip();
        var line = text.replaceAll("\\s*\n\\s*", "; ");
        return line.isEmpty()
                ? "it said nothing"
                : line.substring(Math.max(0, line.length() - MESSAGE_CHARS_MAX));
    }

    private int status(List<String> command) throws IOException, InterruptedException {
        Process process;
        try {
            process =
                    processes.start(
                            new ProcessBuilder(command)
                                    .redirectInput(Path.of("/dev/null").toFile())
                                    .redirectErrorStream(true)
                                    .redirectOutput(said.toFile()));
        } catch (IOException e) {
            var program = command.getFirst();
            throw new RefusalException(
                    "network-tool-missing",
                    String.format(
                            Locale.ROOT,
                            "%s could not be run (%s): recovered networks need it; install it: apt-get install %s",
                            program,
                            e.getMessage(),
                            PACKAGES.getOrDefault(program, program)));
        }
        try {
            if (!process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException(
                        String.format(
                                Locale.ROOT,
                                "%s did not end within %d s: %s",
                                String.join(" ", command),
                                TIMEOUT.toSeconds(),
                                message()));
            }
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }
}
