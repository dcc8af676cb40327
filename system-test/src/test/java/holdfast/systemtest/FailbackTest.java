package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Blocks;
import holdfast.demo.LoopDevice;
import holdfast.demo.disk.BootableDisk;
import holdfast.demo.disk.DiskPlan;
import holdfast.demo.disk.Firmware;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.FailbackState;
import software.amazon.awssdk.services.drs.model.InitiatedBy;
import software.amazon.awssdk.services.drs.model.RecoveryInstance;
import tools.jackson.databind.json.JsonMapper;

/// Protect, lose, recover, change about a hundredth, bring home, protect again: on two disks of
/// which one has no whole number of GiB, nor of blocks, with the client killed midway.
class FailbackTest {
    private static final Duration MAX = Duration.ofMinutes(5);
    private static final long DATA_BYTES = (96L << 20) + 512;
    private static final int CHANGES = 40;
    private static final int CHANGE_BYTES = 24 << 10;

    /// What TLS, frames and reports take, however little travels.
    private static final long OVERHEAD_BYTES = 512 << 10;

    @Test
    void aRecoveredServerComesHomeWithWhatChanged() throws Exception {
        try (var lab = Lab.open("home")) {
            var system = lab.directory.resolve("system.img");
            new BootableDisk(lab.processes, BootableDisk.defaultCache(System.getenv()))
                    .build(
                            new DiskPlan(DiskPlan.SIZE_BYTES_MIN, Firmware.BIOS, "comes-home"),
                            system,
                            _ -> {});
            var data = lab.directory.resolve("data.img");
            fill(data);
            var systemLoop = lab.keep(LoopDevice.attach(lab.commands, system));
            var dataLoop = lab.keep(LoopDevice.attach(lab.commands, data));
            var options =
                    List.of(
                            "--disk",
                            systemLoop.device().toString(),
                            "--disk",
                            dataLoop.device().toString());
            settings(lab);
            lab.installation.startServer();
            var agent = lab.installation.startAgent(options);
            lab.installation.awaitState("CONTINUOUS", agent, MAX);
            agent.destroy();
            agent.waitFor();

            var recovered = lab.installation.command("recover", serverId(lab));
            var instance = recovered.required("instances").get(0).asString();
            var disks = new RecoveredDisks(lab);
            change(lab, disks);
            var before = List.of(copy(system), copy(data));

            var fixture = new DrsFixture(lab, systemLoop.device());
            try (var client = fixture.client(fixture.firstKey())) {
                client.initializeService(r -> {});
                var key = fixture.newKey("failback-installation");
                var mapping = new LinkedHashMap<String, Path>();
                for (var loop : List.of(systemLoop, dataLoop)) {
                    mapping.put(loop.device().toString(), loop.device());
                }
                var run = new FailbackRun(lab, instance, mapping);
                var command = run.command(key, "--foreground");

                var dry = run.command(key, "--dry-run");
                var found = new JsonMapper().readTree(lab.commands.run(dry).orThrow());
                assertThat(found.required("complete").asBoolean()).isFalse();
                assertThat(differing(before.get(1), data)).isZero();

                client.updateFailbackReplicationConfiguration(
                        r -> r.recoveryInstanceID(instance).bandwidthThrottling(1L));
                var first = run.start(command);
                run.await(
                        "the disks are between two points",
                        first,
                        () -> run.standing().equals("BETWEEN"));
                first.destroyForcibly().waitFor();
                assertThat(run.standing()).isEqualTo("BETWEEN");
                assertThat(instance(client, instance).failback().state())
                        .isEqualTo(FailbackState.FAILBACK_IN_PROGRESS);

                client.updateFailbackReplicationConfiguration(
                        r -> r.recoveryInstanceID(instance).bandwidthThrottling(0L));
                var second = run.start(command);
                run.await(
                        "the client is in step",
                        second,
                        () ->
                                instance(client, instance).failback().state()
                                        == FailbackState.FAILBACK_READY_FOR_LAUNCH);
                var other = new ArrayList<>(command);
                other.set(other.indexOf("--state") + 1, lab.directory.resolve("other").toString());
                var refused = lab.commands.run(other);
                assertThat(refused.error()).contains("follows instance " + instance + " already");
                var job = client.startFailbackLaunch(r -> r.recoveryInstanceIDs(instance)).job();
                assertThat(job.initiatedBy()).isEqualTo(InitiatedBy.FAILBACK);
                new DrsJobs(lab, client).awaitLaunched(job);
                assertThat(second.waitFor()).as(run.complaints()).isZero();
                assertThat(instance(client, instance).failback().state())
                        .isEqualTo(FailbackState.FAILBACK_COMPLETED);
                assertThat(run.standing()).isEqualTo("COMPLETE");
                var again = lab.commands.run(command); // says that it is done, and does nothing
                assertThat(again.status()).as(again.error()).isZero();

                var outcome = new JsonMapper().readTree(run.output());
                var changed = differing(before.get(0), system) + differing(before.get(1), data);
                assertThat(changed).isGreaterThan((long) CHANGES * CHANGE_BYTES / 2);
                assertThat(outcome.required("receivedBytes").asLong())
                        .isPositive()
                        .isLessThan(changed * 11 / 10 + OVERHEAD_BYTES);
                assertThat(outcome.required("sentBytes").asLong())
                        .isPositive()
                        .isLessThan(hashes(changed) + OVERHEAD_BYTES);
            }
            lab.commands.output("sync", "-f", system.toString());
            disks.compare(DiskPlan.SIZE_BYTES_MIN, systemLoop.device());
            disks.compare(DATA_BYTES, dataLoop.device());
            disks.assertBoots(system, "comes-home login:");

            var points = lab.installation.command("points", serverId(lab)).required("points");
            var changed = differing(before.get(0), system) + differing(before.get(1), data);
            var resumed = lab.installation.restartAgent(options);
            lab.installation.awaitPointAfter(lab.time.now(), resumed, MAX);
            var record = lab.installation.awaitState("CONTINUOUS", resumed, MAX);
            assertThat(record.required("sentBytes").asLong())
                    .isLessThan(changed * 11 / 10 + hashes(changed) + OVERHEAD_BYTES);
            assertThat(
                            lab.installation
                                    .command("points", serverId(lab), "--from", "-1h")
                                    .toString())
                    .contains(points.get(0).required("id").asString());
        }
    }

    private static void settings(Lab lab) throws IOException {
        Files.createDirectories(lab.installation.data());
        // the machine of the test does not know what its power button is for
        Files.writeString(
                lab.installation.data().resolve("holdfast.properties"), "stop-timeout=2s\n");
    }

    private static void fill(Path image) throws IOException {
        var random = new SplittableRandom(7);
        var block = new byte[1 << 20];
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(DATA_BYTES);
            for (var i = 0; i < 40; i++) {
                random.nextBytes(block);
                file.seek((long) i * 2 << 20);
                file.write(block);
            }
        }
    }

    /// Writes to the branch through the NBD server, as the machine does, while that runs.
    private static void change(Lab lab, RecoveredDisks disks) throws Exception {
        var random = new SplittableRandom(11);
        var bytes = new byte[CHANGE_BYTES];
        var writes = new ArrayList<String>();
        for (var i = 0; i < CHANGES; i++) {
            random.nextBytes(bytes);
            var file = Files.write(lab.directory.resolve("change-" + i), bytes);
            var offset = random.nextLong(DATA_BYTES / 4096 - 8) * 4096;
            writes.add("write -s " + file + " " + offset + " " + CHANGE_BYTES);
        }
        var end = DATA_BYTES - 512; // in the last block, of which only a part is there
        writes.add("write -P 90 " + end + " 512");
        disks.write(DATA_BYTES, writes);
    }

    private static String serverId(Lab lab) throws Exception {
        return lab.installation.server().required("id").asString();
    }

    private static RecoveryInstance instance(DrsClient client, String id) {
        return client.describeRecoveryInstances(r -> r.filters(f -> f.recoveryInstanceIDs(id)))
                .items()
                .getFirst();
    }

    private static Path copy(Path image) throws IOException {
        return Files.copy(image, image.resolveSibling(image.getFileName() + ".before"));
    }

    /// Bytes of the blocks that differ.
    private static long differing(Path one, Path other) throws IOException {
        var blocks = 0L;
        try (var left = FileChannel.open(one);
                var right = FileChannel.open(other)) {
            var a = left.map(FileChannel.MapMode.READ_ONLY, 0, left.size());
            var b = right.map(FileChannel.MapMode.READ_ONLY, 0, right.size());
            for (var at = 0; at < a.limit(); at += Blocks.BLOCK_BYTES) {
                var length = Math.min(Blocks.BLOCK_BYTES, a.limit() - at);
                blocks += a.slice(at, length).equals(b.slice(at, length)) ? 0 : 1;
            }
        }
        return blocks * Blocks.BLOCK_BYTES;
    }

    /// Of each disk a digest for 64 blocks, three times; and one for each block around what
    /// changed.
    private static long hashes(long changedBytes) {
        var pieces = (DiskPlan.SIZE_BYTES_MIN + DATA_BYTES) / Blocks.BLOCK_BYTES / 64;
        return pieces * 16 * 3 + changedBytes / Blocks.BLOCK_BYTES * 64 * 17 * 2;
    }
}
