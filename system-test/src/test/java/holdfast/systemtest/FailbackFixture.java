package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.drs.DrsClient;
import tools.jackson.databind.json.JsonMapper;

/// A server that was protected and lost its agent, recovery instances of it that were made ready
/// only, and the client that brings one home. Machines do not run here: what they would write is
/// written to the branches over NBD, and known.
///
/// All that clients exchange with the replicator passes a relay that counts it.
final class FailbackFixture implements AutoCloseable {
    /// Of the relay, which clients are told to fetch data from.
    private static final String RELAY = "127.0.0.2";

    final Lab lab;
    final List<ModelledDisk> disks = new ArrayList<>();
    final CountingRelay relay;
    private final Map<ModelledDisk, String> branches = new HashMap<>();
    private final Map<String, Path> mapping = new LinkedHashMap<>();
    private Process server;
    private String source = "";
    private Optional<FailbackRun> run = Optional.empty();
    private Instant applyBegan = Instant.EPOCH;
    private Instant applied = Instant.EPOCH;

    private FailbackFixture(Lab lab, CountingRelay relay, Process server) {
        this.lab = lab;
        this.relay = relay;
        this.server = server;
    }

    /// @param sizes of the disks in bytes, each another; the first half of each, or at most 16 MiB,
    ///   is random, the rest was never written
    static FailbackFixture open(String name, long... sizes) throws Exception {
        var lab = Lab.open(name);
        try {
            Files.createDirectories(lab.installation.data());
            Files.writeString(
                    lab.installation.data().resolve("holdfast.properties"),
                    "stop-timeout=2s\nboot-timeout=5s\naddress=" + RELAY + "\n");
            var relay = lab.keep(CountingRelay.open(RELAY, lab.installation.replicationAddress()));
            var fixture = new FailbackFixture(lab, relay, lab.installation.startServer());
            for (var i = 0; i < sizes.length; i++) {
                fixture.disks.add(ModelledDisk.make(lab, "source-" + i, sizes[i]));
            }
            fixture.protect();
            return fixture;
        } catch (Exception e) {
            lab.close();
            throw e;
        }
    }

    private void protect() throws Exception {
        var options = new ArrayList<String>();
        disks.forEach(disk -> options.addAll(List.of("--disk", disk.name())));
        var agent = lab.installation.startAgent(options);
        lab.installation.awaitState("CONTINUOUS", agent, FailbackRun.MAX);
        agent.destroy();
        agent.waitFor();
        source = lab.installation.server().required("id").asString();
        try (var drs = drs()) {
            drs.initializeService(_ -> {});
        }
        launchAs("STOPPED");
    }

    /// Whether later instances are started, or made ready only.
    void launchAs(String disposition) throws IOException {
        try (var drs = drs()) {
            drs.updateLaunchConfiguration(
                    r -> r.sourceServerID(source).launchDisposition(disposition));
        }
    }

    DrsClient drs() throws IOException {
        var fixture = new DrsFixture(lab, disks.getFirst().device());
        return fixture.client(fixture.firstKey());
    }

    /// A new recovery instance, made ready on what the source had last.
    void recover() throws IOException, InterruptedException {
        var made = launch("recover");
        branches.clear();
        branches.putAll(made.branches());
        for (var disk : disks) {
            disk.recover();
            mapping.put(disk.name(), disk.device());
        }
        run = Optional.of(new FailbackRun(lab, made.id(), mapping));
    }

    /// How the newest instance comes home.
    FailbackRun run() {
        return run.orElseThrow();
    }

    /// Gives the client another disk to write for one of the server's.
    ///
    /// @param content that it begins with
    void target(ModelledDisk disk, long sizeBytes, byte[] content)
            throws IOException, InterruptedException {
        disk.target(lab, sizeBytes, content);
        mapping.put(disk.name(), disk.device());
    }

    /// A recovery instance or a drill.
    ///
    /// @param branches NBD URI by disk
    record Launched(String id, Map<ModelledDisk, String> branches) {}

    Launched launch(String command) throws IOException, InterruptedException {
        var there = new Branches(lab).sizes();
        lab.installation.attempt(command, source); // a machine here cannot prove that it boots
        var newest = lab.installation.api().get("/instances").required("instances").get(0);
        var found = new HashMap<ModelledDisk, String>();
        for (var export : new Branches(lab).sizes().entrySet()) {
            if (!there.containsKey(export.getKey())) {
                disks.stream()
                        .filter(disk -> disk.sizeBytes == export.getValue())
                        .forEach(disk -> found.put(disk, new Branches(lab).uri(export.getKey())));
            }
        }
        assertThat(found).hasSize(disks.size());
        return new Launched(newest.required("id").asString(), found);
    }

    /// Writes to the instance's disks, durably.
    void apply(List<ModelledDisk.Write> writes) throws IOException, InterruptedException {
        applyBegan = lab.time.now();
        for (var disk : disks) {
            disk.before = disk.expected.clone();
            var command = new ArrayList<>(List.of("qemu-io", "-f", "raw", branches.get(disk)));
            var file = 0;
            for (var write : writes) {
                if (write.disk() == disk) {
                    var range = write.offset() + " " + write.length();
                    if (write.data().isPresent()) {
                        var data = lab.directory.resolve("write-" + file++);
                        Files.write(data, write.data().get());
                        command.addAll(List.of("-c", "write -s " + data + " " + range));
                    } else {
                        command.addAll(List.of("-c", "discard " + range));
                    }
                    disk.expect(write);
                }
            }
            if (command.size() > 4) {
                command.addAll(List.of("-c", "flush"));
                lab.commands.run(command).orThrow();
            }
        }
        applied = lab.time.now();
    }

    long changedBytes() {
        return disks.stream().mapToLong(ModelledDisk::changedBytes).sum();
    }

    static void kill(Process process) throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /// Kills the server and starts the next one.
    void killServer() throws IOException, InterruptedException {
        kill(server);
        server = lab.installation.startServer();
    }

    void limit(long megabits) throws IOException {
        try (var drs = drs()) {
            drs.updateFailbackReplicationConfiguration(
                    r -> r.recoveryInstanceID(run().instance()).bandwidthThrottling(megabits));
        }
    }

    void assertEqual() throws IOException {
        for (var disk : disks) {
            assertThat(disk.differing()).as("blocks of " + disk.name()).isEmpty();
        }
    }

    /// That nothing is claimed of the local disks which is not so. No client runs, and no writes to
    /// the instance are under way.
    void assertClaimsHold() throws IOException, InterruptedException {
        var position = run().position();
        var state = position.required("state").asString();
        if (state.equals("COMPLETE") || run().failback().equals("COMPLETED")) {
            assertEqual();
        } else if (state.equals("EQUAL")) {
            var instant = run().instant();
            for (var disk : disks) {
                if (!instant.isBefore(applied)) {
                    assertThat(disk.differing()).as("%s of %s", position, disk.name()).isEmpty();
                } else if (instant.isAfter(applyBegan)) {
                    var neither = new HashSet<>(disk.differing());
                    neither.retainAll(disk.differing(disk.before));
                    assertThat(neither).as("%s of %s", position, disk.name()).isEmpty();
                } else {
                    assertThat(disk.differing(disk.before))
                            .as("%s of %s", position, disk.name())
                            .isEmpty();
                }
            }
        }
    }

    /// Ends the instance, and waits until its branches are gone.
    void terminate(Process alive) throws IOException, InterruptedException {
        lab.installation
                .api()
                .post(
                        "/instances/" + run().instance() + "/terminate",
                        new JsonMapper().createObjectNode());
        awaitTerminated(alive);
    }

    void awaitTerminated(Process alive) throws IOException, InterruptedException {
        run().await(
                        "the instance's end",
                        alive,
                        () -> run().record().required("state").asString().equals("TERMINATED"));
    }

    Process server() {
        return server;
    }

    @Override
    public void close() throws IOException {
        lab.close();
    }
}
