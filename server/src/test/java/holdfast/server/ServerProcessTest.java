package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Filesystem;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerProcessTest {
    @TempDir Path data;

    @Test
    void sigtermClosesInOrderAndKillLosesNothing() throws Exception {
        String id;
        try (var before = new RunningServer(data)) {
            id = before.enrol();
            before.replicate(id, Instant.EPOCH);
        }
        var stopped = start();
        stopped.destroy();
        assertThat(stopped.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(stopped.exitValue()).isEqualTo(143); // 128 + SIGTERM
        assertThat(Files.exists(data.resolve("nbd.sock"))).isFalse();
        for (var kill = 0; kill < 2; kill++) {
            var killed = start();
            assertThat(killed.destroyForcibly().waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
        try (var after = new RunningServer(data)) {
            assertThat(after.get("/servers/" + id).has("newestPoint")).isTrue();
            assertThat(Filesystem.local().list(data.resolve("native")).size())
                    .isLessThanOrEqualTo(2);
        }
    }

    private Process start() throws IOException {
        var process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                ServerMain.class.getName(),
                                data.toString())
                        .redirectErrorStream(true)
                        .start();
        var output = new BufferedReader(process.inputReader());
        var text = new StringBuilder();
        for (var line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("started ")) {
                return process;
            }
            text.append(line).append('\n');
        }
        throw new AssertionError("the server did not start:\n" + text);
    }
}
