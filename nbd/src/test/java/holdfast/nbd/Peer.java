package holdfast.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/// A program of this machine that speaks NBD. The test is skipped where it is not installed.
final class Peer {
    private static final int TIMEOUT_SECONDS = 120;

    private Peer() {}

    /// Runs it to its end, which must be a good one.
    ///
    /// @return what it printed, errors included
    static String run(String... command) throws IOException, InterruptedException {
        return run(Path.of("."), command);
    }

    static String run(Path folder, String... command) throws IOException, InterruptedException {
        var outcome = attempt(folder, command);
        assertThat(outcome.status()).as("%s%n%s", Arrays.toString(command), outcome).isZero();
        return outcome.output();
    }

    record Outcome(int status, String output) {}

    static Outcome attempt(Path folder, String... command)
            throws IOException, InterruptedException {
        assumeTrue(installed(command[0]), command[0] + " is not installed");
        var output = Files.createTempFile("holdfast-nbd-peer", ".txt");
        try {
            var process =
                    new ProcessBuilder(command)
                            .directory(folder.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            return new Outcome(process.exitValue(), Files.readString(output, UTF_8));
        } finally {
            Files.delete(output);
        }
    }

    private static boolean installed(String program) {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}
