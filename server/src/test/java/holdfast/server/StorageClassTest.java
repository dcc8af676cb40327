package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.control.ReplicationSettings;
import holdfast.control.StagingTypes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// A server whose data directory is one staging area, and a directory elsewhere another.
class StorageClassTest {
    private static final Instant T = Instant.parse("2026-11-21T08:15:30Z");

    @TempDir Path directory;

    @Test
    void aServerIsKeptInItsStorageClassAndFoundThereAgain() throws Exception {
        var disks = directory.resolve("disks");
        var data = directory.resolve("data");
        try (var running = new RunningServer(data, Map.of("storage-class.ST1", disks.toString()))) {
            var id = running.enrol();
            running.server()
                    .controller()
                    .orders()
                    .configure(
                            id,
                            before ->
                                    new ReplicationSettings(
                                            0,
                                            before.policy(),
                                            before.encryptionKey(),
                                            new StagingTypes(
                                                    Map.of("/dev/vda", "ST1"), Optional.empty()),
                                            ""));
            assertThat(running.get("/servers/" + id).has("storageClass")).isFalse();
            var point = running.replicate(id, T);
            assertThat(names(disks.resolve("keys"))).isEqualTo(2);
            assertThat(names(data.resolve("staging").resolve("keys"))).isZero();
            assertThat(running.get("/servers/" + id).required("storageClass").asString())
                    .isEqualTo("ST1");
            var status = running.get("/status");
            var area = status.required("storageClasses").get(0);
            assertThat(area.required("name").asString()).isEqualTo("ST1");
            assertThat(area.required("directory").asString()).isEqualTo(disks.toString());
            assertThat(area.required("state").asString()).isEqualTo("WRITING");
            assertThat(used(area)).isGreaterThan(used(status.required("stagingArea")));
            assertThat(running.send("GET", "/metrics", "", running.key()).body())
                    .contains("holdfast_staging_writing{storage_class=\"STANDARD\"} 1\n")
                    .contains("holdfast_staging_writing{storage_class=\"ST1\"} 1\n");
            running.restart();
            assertThat(running.server().controller().points(id, T, T, 9)).containsExactly(point);
        }
        assertThatThrownBy(() -> HoldfastServer.open(RunningServer.settings(data)))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("storage class ST1 is not configured any more");
        Files.writeString(data.resolve("storage-classes"), ""); // given up as lost
        try (var running = new RunningServer(data)) {
            var server = running.get("/servers").required("servers").get(0);
            assertThat(server.has("newestPoint")).isFalse();
            var id = server.required("id").asString();
            var point = running.replicate(id, T);
            assertThat(running.server().controller().points(id, T, T, 9)).containsExactly(point);
            assertThat(running.get("/servers/" + id).required("storageClass").asString())
                    .isEqualTo("STANDARD");
        }
    }

    private static long used(JsonNode area) {
        return area.required("usedBytes").asLong();
    }

    private static long names(Path folder) throws Exception {
        try (var files = Files.list(folder)) {
            return files.count();
        }
    }
}
