package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.volume.SnapshotPolicy;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What keeps a server from starting is said in one line, and leaves nothing behind.
class HoldfastServerTest {
    @TempDir Path data;

    @Test
    void aSecondServerOnTheSameDirectoryIsRefused() throws IOException {
        try (var _ = HoldfastServer.open(RunningServer.settings(data))) {
            assertThatThrownBy(() -> HoldfastServer.open(RunningServer.settings(data)))
                    .isInstanceOf(RefusalException.class)
                    .hasMessageContaining("another Holdfast server runs on " + data);
        }
        HoldfastServer.open(RunningServer.settings(data)).close();
    }

    @Test
    void aTakenPortIsNamedAndTheDirectoryLetGo() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            var address = "127.0.0.1:" + taken.getLocalPort();
            for (var settings :
                    List.of(
                            Map.of("listen", address, "replication-listen", "127.0.0.1:0"),
                            Map.of("listen", "127.0.0.1:0", "replication-listen", address))) {
                assertThatThrownBy(() -> HoldfastServer.open(ServerSettings.read(data, settings)))
                        .isInstanceOf(BindException.class)
                        .hasMessageContaining("cannot listen on " + address)
                        .hasMessageNotContaining("Exception");
            }
        }
        HoldfastServer.open(RunningServer.settings(data)).close();
    }

    @Test
    void aDirectoryThatCannotBeMadeIsRefused() throws IOException {
        var file = Files.createFile(data.resolve("file"));
        assertThatThrownBy(() -> HoldfastServer.open(RunningServer.settings(file.resolve("data"))))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("cannot be written");
    }

    @Test
    void aDamagedDatabaseEndsTheStartByName() throws IOException {
        HoldfastServer.open(RunningServer.settings(data)).close();
        var database = data.resolve("control.db");
        var bytes = Files.readAllBytes(database);
        bytes[bytes.length / 2] = (byte) ~bytes[bytes.length / 2];
        bytes[100] ^= 1; // the type of the first page
        Files.write(database, bytes);
        assertThatThrownBy(() -> HoldfastServer.open(RunningServer.settings(data)))
                .hasMessageContaining("damaged data: control database");
    }

    @Test
    void settingsComeFromTheFileAndTheCommandLineGoesBefore() throws IOException {
        Files.writeString(
                data.resolve(ServerSettings.FILE),
                "listen=127.0.0.1:1\nboot-timeout=90s\nsnapshot-policy=1m/10m 1h/2d\n"
                        + "extent-cache=1g\nmap-cache=512k\n");
        var settings = ServerSettings.read(data, Map.of("listen", "[::1]:2"));
        assertThat(ServerSettings.text(settings.listen())).isEqualTo("[0:0:0:0:0:0:0:1]:2");
        assertThat(settings.control().bootTimeout()).isEqualTo(Duration.ofSeconds(90));
        assertThat(settings.control().snapshotPolicy())
                .isEqualTo(
                        new SnapshotPolicy(
                                List.of(
                                        new SnapshotPolicy.Rule(
                                                Duration.ofMinutes(1), Duration.ofMinutes(10)),
                                        new SnapshotPolicy.Rule(
                                                Duration.ofHours(1), Duration.ofDays(2)))));
        assertThat(settings.journalWindow()).isEqualTo(Duration.ofHours(24));
        assertThat(settings.extentCacheBytes()).isEqualTo(1 << 30);
        assertThat(settings.mapCacheBytes()).isEqualTo(512 << 10);
    }

    @Test
    void allFaultsOfTheSettingsAreToldTogether() {
        assertThatThrownBy(() ->
                        ServerSettings.read(
                                data,
                                Map.of(
                                        "listen", "8443",
                                        "journal-window", "1 day",
                                        "map-cache", "much",
                                        "snapshot-policy", "1h/1m",
                                        "storage-class.SSD", "/srv/ssd",
                                        "storage-class.ST1", "disks",
                                        "storage-class.GP3", data.resolve("gp3").toString(),
                                        "jurnal-window", "1h")))
                .isInstanceOf(RefusalException.class)
                .hasMessageContainingAll(
                        "listen: expected <address>:<port>",
                        "journal-window: expected a duration",
                        "map-cache: expected a size such as 512k, 64m or 1g, found much",
                        "snapshot-policy: ",
                        "storage-class.SSD: expected one of GP2, GP3, IO1, SC1, ST1 (STANDARD is in the data directory), found SSD",
                        "storage-class.ST1: expected an absolute path outside of the data directory, found disks",
                        "storage-class.GP3: expected an absolute path outside",
                        "unknown setting: jurnal-window");
    }
}
