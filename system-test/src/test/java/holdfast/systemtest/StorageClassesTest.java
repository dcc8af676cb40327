package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.demo.Commands;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.ReplicationConfigurationReplicatedDisk;
import software.amazon.awssdk.services.drs.model.ReplicationConfigurationReplicatedDiskStagingDiskType;
import software.amazon.awssdk.services.drs.model.StartRecoveryRequestSourceServer;
import software.amazon.awssdk.services.drs.model.ValidationException;
import tools.jackson.databind.JsonNode;

/// Two real servers in staging areas on two file systems, as AWS clients set it: each is kept,
/// recovered and deleted in its own, and neither feels what becomes of the other's.
class StorageClassesTest {
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final int DATA_BYTES = 8 << 20;

    /// Room that the server leaves free, with some of it taken.
    private static final long TOO_LITTLE_BYTES = 200L << 20;

    private static final int REFUSED = 3;

    private Lab lab;
    private DrsClient drs;
    private ProtectedDisk disks;
    private TinyMachines machines;
    private Process holdfast;
    private Path first;
    private Path second;

    private String[] classes() {
        return new String[] {"--storage-class", "ST1=" + disks.root()};
    }

    @Test
    @Tag("long")
    void eachServerLivesInItsStorageClass() throws Exception {
        try (var opened = Lab.open("classes")) {
            lab = opened;
            disks = lab.disk("st1", "ext4", 900);
            holdfast = lab.installation.startServer(classes());
            refusesItsOwnDisk();
            machines = lab.keep(new TinyMachines(lab));
            var clients = new DrsFixture(lab, lab.directory);
            try (var client = clients.client(clients.firstKey())) {
                drs = client;
                drs.initializeService(r -> {});
                first = machines.disk("slow");
                second = lab.directory.resolve("data.img");
                write(second, 1);
                var slow = machines.protect("slow", "--disk", second.toString());
                var quick = machines.protect("quick");
                move(slow);
                assertThat(type(quick)).isEqualTo("STANDARD");
                isRecoveredFromThere(slow);
                isFullWithoutTheOther(slow, quick);
                outlivesARestart(slow);
                refusesToStartWithoutIt(slow);
                isDeletedFromThere(slow);
            }
        }
    }

    /// An agent beside the server does not replicate into the disk that it reads.
    private void refusesItsOwnDisk() throws Exception {
        var token = lab.installation.command("token", "create").required("token").asString();
        var refused =
                lab.commands.run(
                        Lab.HOLDFAST.command(
                                List.of(
                                        "agent", "run",
                                        "--server", lab.installation.url(),
                                        "--token", token,
                                        "--disk", disks.device().toString(),
                                        "--state", lab.directory.resolve("beside").toString())));
        assertThat(refused.status()).isEqualTo(REFUSED);
        assertThat(refused.error())
                .contains("keeps its copies in " + disks.root() + ", which lies on ");
        var server = lab.installation.server().required("id").asString();
        lab.installation.command("servers", "remove", server, "--yes");
    }

    private void write(Path image, long seed) throws IOException {
        var data = new byte[DATA_BYTES];
        new SplittableRandom(seed).nextBytes(data);
        try (var file =
                FileChannel.open(image, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(data), 0); // in place: a disk does not shrink meanwhile
        }
    }

    /// The type acts when replication begins anew.
    private void move(String slow) throws Exception {
        assertThat(type(slow)).isEqualTo("STANDARD");
        assertThat(keys(disks.root())).isEmpty();
        assertThatThrownBy(() -> setTypes(slow, "ST1", "GP3"))
                .isInstanceOf(ValidationException.class)
                .hasMessageContainingAll(
                        "all disks of a server are kept in one storage class",
                        first + " in ST1 (storage class ST1)",
                        second + " in GP3 (storage class STANDARD)");
        setTypes(slow, "ST1", "ST1");
        assertThat(type(slow)).as("of the replica that there is").isEqualTo("STANDARD");
        drs.stopReplication(r -> r.sourceServerID(slow));
        await("no replica", () -> !server(slow).has("storageClass"));
        assertThat(type(slow)).as("of the next replica").isEqualTo("ST1");
        drs.startReplication(r -> r.sourceServerID(slow));
        awaitPointAfter(slow, lab.time.now());
        assertThat(type(slow)).isEqualTo("ST1");
        assertThat(server(slow).required("storageClass").asString()).isEqualTo("ST1");
        assertThat(keys(disks.root())).containsExactlyInAnyOrderElementsOf(volumes(slow));
        assertThat(keys(lab.installation.data().resolve("staging")))
                .hasSize(1)
                .doesNotContainAnyElementsOf(volumes(slow));
    }

    private void setTypes(String server, String ofFirst, String ofSecond) {
        drs.updateReplicationConfiguration(r ->
                r.sourceServerID(server)
                        .replicatedDisks(disk(first, ofFirst), disk(second, ofSecond)));
    }

    private static ReplicationConfigurationReplicatedDisk disk(Path name, String type) {
        return ReplicationConfigurationReplicatedDisk.builder()
                .deviceName(name.toString())
                .stagingDiskType(
                        ReplicationConfigurationReplicatedDiskStagingDiskType.fromValue(type))
                .build();
    }

    /// As the API tells it of all its disks.
    private String type(String server) {
        var told =
                drs
                        .getReplicationConfiguration(r -> r.sourceServerID(server))
                        .replicatedDisks()
                        .stream()
                        .map(disk -> disk.optimizedStagingDiskTypeAsString())
                        .distinct()
                        .toList();
        assertThat(told).hasSize(1);
        return told.getFirst();
    }

    private void isRecoveredFromThere(String slow) throws Exception {
        assertThat(export(slow, point(slow), "before.raw")).isEqualTo(-1);
        var target = StartRecoveryRequestSourceServer.builder().sourceServerID(slow).build();
        var jobs = new DrsJobs(lab, drs);
        var drill = drs.startRecovery(r -> r.sourceServers(target).isDrill(true)).job();
        var instance = jobs.awaitLaunched(drill).recoveryInstanceID();
        assertThat(keys(disks.root())).as("two volumes and two branches").hasSize(4);
        jobs.terminate(instance);
        assertThat(keys(disks.root())).containsExactlyInAnyOrderElementsOf(volumes(slow));
        var scrub = lab.installation.command("scrub");
        assertThat(scrub.toString()).contains("\"damage\":[]");
    }

    private void isFullWithoutTheOther(String slow, String quick) throws Exception {
        var ballast = disks.root().resolve("ballast");
        var free = Files.getFileStore(disks.root()).getUsableSpace();
        var bytes = Long.toString(free - TOO_LITTLE_BYTES);
        lab.commands.output("fallocate", "-l", bytes, ballast.toString());
        write(second, 2);
        await("FULL", () -> state(status().required("storageClasses").get(0)).equals("FULL"));
        await("STALLED", () -> state(server(slow)).equals("STALLED"));
        assertThat(server(slow).required("stateReason").asString()).contains("full");
        var stalledAt = lab.time.now();
        BootSector.write(machines.disk("quick"), "again");
        awaitPointAfter(quick, stalledAt);
        assertThat(state(server(quick))).isEqualTo("CONTINUOUS");
        assertThat(state(status().required("stagingArea"))).isEqualTo("WRITING");
        assertThat(newest(slow)).isBefore(stalledAt);
        Files.delete(ballast);
        awaitPointAfter(slow, lab.time.now());
        assertThat(export(slow, point(slow), "after.raw")).isEqualTo(-1);
    }

    private void outlivesARestart(String slow) throws Exception {
        var point = point(slow);
        holdfast.destroyForcibly().onExit().join();
        holdfast = lab.installation.startServer(classes());
        assertThat(export(slow, point, "restarted.raw")).isEqualTo(-1);
        awaitPointAfter(slow, lab.time.now());
    }

    private void refusesToStartWithoutIt(String slow) throws Exception {
        holdfast.destroy();
        holdfast.onExit().join();
        var without = start();
        assertThat(without.status()).isEqualTo(REFUSED);
        assertThat(without.error())
                .contains("storage class ST1 is not configured any more", "the volumes of " + slow);
        var mountPoint = disks.root();
        disks.quiesce();
        Files.createDirectory(mountPoint); // as an administrator's stays when it is unmounted
        var missing = start(classes());
        assertThat(missing.status()).isEqualTo(REFUSED);
        assertThat(missing.error())
                .contains("storage class ST1: its staging area ", "mount its file system");
        assertThat(mountPoint).as("nothing is made in it").isEmptyDirectory();
        Files.delete(mountPoint);
        disks.mountAgain();
        holdfast = lab.installation.startServer(classes());
        awaitPointAfter(slow, lab.time.now());
    }

    private void isDeletedFromThere(String slow) throws Exception {
        lab.installation.command("servers", "remove", slow, "--yes");
        await("no keys", () -> keys(disks.root()).isEmpty());
        holdfast.destroy();
        holdfast.onExit().join();
        holdfast = lab.installation.startServer();
        assertThat(status().required("storageClasses")).isEmpty();
    }

    /// Runs a server that is not to start.
    private Commands.Result start(String... options) throws Exception {
        var arguments =
                new ArrayList<>(
                        List.of(
                                "server",
                                "--data",
                                lab.installation.data().toString(),
                                "--listen",
                                "127.0.0.1:0",
                                "--replication-listen",
                                "127.0.0.1:0"));
        arguments.addAll(Arrays.asList(options));
        return lab.commands.run(Lab.HOLDFAST.command(arguments));
    }

    private JsonNode status() throws IOException, InterruptedException {
        return lab.installation.api().get("/status");
    }

    private JsonNode server(String id) throws IOException, InterruptedException {
        return lab.installation.api().get("/servers/" + id);
    }

    private static String state(JsonNode of) {
        return of.required("state").asString();
    }

    private Instant newest(String id) throws IOException, InterruptedException {
        var point = server(id).path("newestPoint").path("instant");
        return point.isMissingNode() ? Instant.EPOCH : Instant.parse(point.asString());
    }

    private String point(String id) throws IOException, InterruptedException {
        return server(id).required("newestPoint").required("id").asString();
    }

    private void awaitPointAfter(String id, Instant instant) throws Exception {
        await("a point of " + id, () -> newest(id).isAfter(instant));
    }

    private List<String> volumes(String id) throws IOException, InterruptedException {
        return server(id).required("disks").values().stream()
                .map(disk -> disk.required("volume").asString())
                .toList();
    }

    /// Volumes and branches that have their keys in a staging area.
    private static List<String> keys(Path area) throws IOException {
        try (var files = Files.list(area.resolve("keys"))) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(".key"))
                    .map(name -> name.substring(0, name.length() - ".key".length()))
                    .toList();
        }
    }

    /// Where the second disk at a point differs from what is on it now; -1 if it does not.
    private long export(String id, String point, String name) throws Exception {
        var image = lab.directory.resolve(name);
        lab.installation.command(
                "export",
                id,
                "--disk",
                second.toString(),
                "--point",
                point,
                "--format",
                "raw",
                "--to",
                image.toString());
        return Files.mismatch(second, image);
    }

    private void await(String what, Condition condition) throws Exception {
        var deadline = lab.time.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            assertThat(lab.time.nanoTime()).as(what).isLessThan(deadline);
            lab.time.sleep(Duration.ofMillis(200));
        }
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds() throws Exception;
    }
}
