package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Real machines in QEMU, of a disk that holds nothing to boot: what they run on is ours all the
/// same.
class RecoveryInstanceTest {
    private static final Instant T = Instant.parse("2026-11-01T12:00:00Z");

    @TempDir Path data;

    @Test
    void aMachineOutlivesTheServerAndIsTerminatedByTheNext() throws Exception {
        assumeTrue(
                Files.exists(Path.of("/usr/bin/qemu-system-x86_64")),
                "qemu-system-x86_64 is not installed");
        try (var running = new RunningServer(data, Map.of("boot-timeout", "4s"))) {
            var id = running.enrol();
            running.replicate(id, T);
            var started =
                    running.send(
                            "POST",
                            "/recoveries",
                            "{\"servers\": [\"" + id + "\"], \"drill\": true}");
            assertThat(started.statusCode()).as(started.body()).isEqualTo(202);
            var job = running.await(RunningServer.json(started));
            assertThat(job.required("state").asString()).isEqualTo("FAILED");
            assertThat(job.required("reason").asString()).contains("boot not proven");
            assertThat(job.required("phases"))
                    .extracting(phase -> phase.required("name").asString())
                    .containsExactly("pick point", "branch", "launch", "boot");
            var instance = job.required("instances").get(0).asString();
            var machine = running.get("/instances/" + instance);
            assertThat(alive(machine)).isTrue();
            assertThat(running.send("GET", "/instances/" + instance + "/console", "").statusCode())
                    .isEqualTo(200);

            running.restart();
            assertThat(alive(machine)).isTrue();
            assertThat(running.send("DELETE", "/servers/" + id, "").statusCode()).isEqualTo(409);
            var ending = running.send("POST", "/instances/" + instance + "/terminate", "{}");
            var ended = running.await(RunningServer.json(ending));
            assertThat(ended.required("state").asString())
                    .as(ended.toString())
                    .isEqualTo("COMPLETED");
            assertThat(running.get("/instances/" + instance).required("state").asString())
                    .isEqualTo("TERMINATED");
            assertThat(alive(machine)).isFalse();
            assertThat(running.server().store().volumes()).hasSize(1);
            assertThat(running.send("DELETE", "/servers/" + id, "").statusCode()).isEqualTo(204);
        }
    }

    private static boolean alive(JsonNode instance) {
        return ProcessHandle.of(instance.required("pid").asLong())
                .map(ProcessHandle::isAlive)
                .orElse(false);
    }
}
