package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Blocks;
import holdfast.demo.LoopDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A server that was protected and lost its agent, recovery instances of it that were made ready
/// only, and the client that brings one home. Machines do not run here: what they would write is
/// written to the branches over NBD, and known.
///
/// All that clients exchange with the replicator passes a relay that counts it.
final class FailbackFixture implements AutoCloseable {
    static final Duration MAX = Duration.ofMinutes(3);

    /// Of the relay, which clients are told to fetch data from.
    private static final String RELAY = "127.0.0.2";

    private static final long MODELLED_MAX = 32 << 20;

    final Lab lab;
    final List<Disk> disks = new ArrayList<>();
    final CountingRelay relay;
    private final Map<Disk, String> branches = new HashMap<>();
    private Process server;
    private String source = "";
    private String instance = "";
    private Instant applyBegan = Instant.EPOCH;
    private Instant applied = Instant.EPOCH;
    private int clients;

    /// A disk of the server.
    static final class Disk {
        final LoopDevice loop;
        final long sizeBytes;

        /// What it begins with; the rest is zeros.
        final byte[] original;

        /// What the instance's disk begins with.
        byte[] expected = {};

        /// What that was before the newest writes.
        byte[] before = {};

        /// Which of its blocks have to travel: those that the instance wrote, and those in which
        /// the local disk was another when the instance was made.
        boolean[] changed = {};

        /// What is written by the client: the disk itself, or another.
        Path image;

        Path device;

        Disk(Path image, LoopDevice loop, long sizeBytes, byte[] original) {
            this.image = image;
            this.loop = loop;
            this.device = loop.device();
            this.sizeBytes = sizeBytes;
            this.original = original;
        }

        String name() {
            return loop.device().toString();
        }
    }

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
                fixture.disks.add(disk(lab, "source-" + i, sizes[i]));
            }
            fixture.protect();
            return fixture;
        } catch (Exception e) {
            lab.close();
            throw e;
        }
    }

    private static Disk disk(Lab lab, String name, long size) throws Exception {
        var original = new byte[(int) Math.min(size, MODELLED_MAX)];
        var half = new byte[original.length / 2];
        new SplittableRandom(size).nextBytes(half);
        System.arraycopy(half, 0, original, 0, half.length);
        var image = image(lab, name, size, original);
        return new Disk(image, lab.keep(LoopDevice.attach(lab.commands, image)), size, original);
    }

    private static Path image(Lab lab, String name, long size, byte[] content) throws IOException {
        var image = lab.directory.resolve(name + ".img");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(size);
            file.write(content, 0, (int) Math.min(size, content.length));
        }
        return image;
    }

    /// Gives the client another disk to write for this one.
    ///
    /// @param content that it begins with
    void target(Disk disk, long size, byte[] content) throws IOException, InterruptedException {
        disk.image = image(lab, "target-" + disks.indexOf(disk), size, content);
        disk.device = lab.keep(LoopDevice.attach(lab.commands, disk.image)).device();
    }

    private void protect() throws Exception {
        var options = new ArrayList<String>();
        disks.forEach(disk -> options.addAll(List.of("--disk", disk.name())));
        var agent = lab.installation.startAgent(options);
        lab.installation.awaitState("CONTINUOUS", agent, MAX);
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

    software.amazon.awssdk.services.drs.DrsClient drs() throws IOException {
        var fixture = new DrsFixture(lab, disks.getFirst().loop.device());
        return fixture.client(fixture.firstKey());
    }

    String instance() {
        return instance;
    }

    /// A new recovery instance, made ready on what the source had last.
    void recover() throws IOException, InterruptedException {
        var made = launch("recover");
        instance = made.id();
        branches.clear();
        branches.putAll(made.branches());
        for (var disk : disks) {
            disk.expected = disk.original.clone();
            disk.before = disk.expected;
            disk.changed = new boolean[(int) Blocks.count(disk.original.length)];
            differing(disk, disk.original)
                    .forEach(at -> disk.changed[at / Blocks.BLOCK_BYTES] = true);
        }
    }

    /// A recovery instance or a drill.
    ///
    /// @param branches NBD URI by disk
    record Launched(String id, Map<Disk, String> branches) {}

    Launched launch(String command) throws IOException, InterruptedException {
        var there = exports();
        lab.installation.attempt(command, source); // a machine here cannot prove that it boots
        var newest = lab.installation.api().get("/instances").required("instances").get(0);
        var found = new HashMap<Disk, String>();
        for (var export : exports().entrySet()) {
            if (!there.containsKey(export.getKey())) {
                disks.stream()
                        .filter(disk -> disk.sizeBytes == export.getValue())
                        .forEach(disk -> found.put(disk, uri(export.getKey())));
            }
        }
        assertThat(found).hasSize(disks.size());
        return new Launched(newest.required("id").asString(), found);
    }

    /// A write of an instance, or a trim.
    ///
    /// @param data empty for a trim
    record Write(Disk disk, int offset, int length, Optional<byte[]> data) {}

    Write write(Disk disk, int block, int blocks, SplittableRandom random) {
        var data = new byte[blocks * Blocks.BLOCK_BYTES];
        random.nextBytes(data);
        return new Write(disk, block * Blocks.BLOCK_BYTES, data.length, Optional.of(data));
    }

    Write trim(Disk disk, int block, int blocks) {
        return new Write(
                disk, block * Blocks.BLOCK_BYTES, blocks * Blocks.BLOCK_BYTES, Optional.empty());
    }

    /// Writes to the instance's disks, durably.
    void apply(List<Write> writes) throws IOException, InterruptedException {
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
                    expect(write);
                }
            }
            if (command.size() > 4) {
                command.addAll(List.of("-c", "flush"));
                lab.commands.run(command).orThrow();
            }
        }
        applied = lab.time.now();
    }

    private static void expect(Write write) {
        var disk = write.disk();
        var data = write.data().orElse(new byte[write.length()]);
        System.arraycopy(data, 0, disk.expected, write.offset(), write.length());
        var first = write.offset() / Blocks.BLOCK_BYTES;
        Arrays.fill(disk.changed, first, first + write.length() / Blocks.BLOCK_BYTES, true);
    }

    /// Sizes by name.
    private Map<String, Long> exports() throws IOException, InterruptedException {
        var listed =
                new JsonMapper()
                        .readTree(lab.commands.output("nbdinfo", "--list", "--json", uri("")));
        var sizes = new HashMap<String, Long>();
        for (var export : listed.required("exports")) {
            sizes.put(
                    export.required("export-name").asString(),
                    export.required("export-size").asLong());
        }
        return sizes;
    }

    private String uri(String export) {
        return "nbd+unix:///" + export + "?socket=" + lab.installation.data().resolve("nbd.sock");
    }

    /// What a branch holds.
    byte[] content(String uri) throws IOException, InterruptedException {
        var copy = lab.directory.resolve("branch.raw");
        lab.commands.output("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, copy.toString());
        return Files.readAllBytes(copy);
    }

    long changedBytes() {
        return disks.stream()
                        .flatMapToInt(disk ->
                                IntStream.range(0, disk.changed.length)
                                        .filter(i -> disk.changed[i]))
                        .count()
                * Blocks.BLOCK_BYTES;
    }

    Path state() {
        return lab.directory.resolve("client");
    }

    List<String> command(String... more) throws IOException {
        var key = new DrsFixture(lab, disks.getFirst().loop.device()).firstKey();
        var mapping = new ArrayList<String>();
        disks.forEach(disk -> mapping.add(disk.name() + "=" + disk.device));
        var arguments =
                new ArrayList<>(
                        List.of(
                                "failback",
                                "--endpoint",
                                lab.installation.url(),
                                "--ca-bundle",
                                lab.installation.data().resolve("ca.pem").toString(),
                                "--aws-access-key-id",
                                key.id(),
                                "--aws-secret-access-key",
                                key.secret(),
                                "--recovery-instance-id",
                                instance,
                                "--device-mapping",
                                String.join(",", mapping),
                                "--no-prompt",
                                "--json",
                                "--log-file",
                                lab.directory.resolve("client.log").toString(),
                                "--state",
                                state().toString()));
        arguments.addAll(List.of(more));
        return Lab.HOLDFAST.command(arguments);
    }

    /// Starts the client, in the process that is returned.
    Process client() throws IOException {
        return start(command("--foreground"));
    }

    Process start(List<String> command) throws IOException {
        return start(command, "");
    }

    /// @param input that it reads
    Process start(List<String> command, String input) throws IOException {
        var answers = Files.writeString(lab.directory.resolve("answers"), input);
        var name = "client-" + clients++;
        var process =
                lab.processes.start(
                        new ProcessBuilder(command)
                                .redirectInput(answers.toFile())
                                .redirectOutput(lab.directory.resolve(name + ".out").toFile())
                                .redirectError(lab.directory.resolve(name + ".err").toFile()));
        lab.keep(process::destroyForcibly);
        return process;
    }

    /// What the newest client printed.
    String output() throws IOException {
        return Files.readString(lab.directory.resolve("client-" + (clients - 1) + ".out"));
    }

    /// What it said on standard error.
    String complaints() throws IOException {
        return Files.readString(lab.directory.resolve("client-" + (clients - 1) + ".err"));
    }

    static void kill(Process process) throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /// Kills the server and starts the next one.
    void killServer() throws IOException, InterruptedException {
        kill(server);
        server = lab.installation.startServer();
    }

    void await(String what, Process client, holdfast.demo.Installation.Condition condition)
            throws IOException, InterruptedException {
        lab.installation.await(what, client, MAX, condition);
    }

    /// Where the client's folder says that the disks stand; of an earlier instance it may say that
    /// until a client has begun with this one.
    JsonNode position() throws IOException {
        var file = state().resolve("failback.json");
        if (Files.exists(file)) {
            var standing = new JsonMapper().readTree(Files.readString(file));
            if (standing.required("instance").asString().equals(instance)) {
                return standing.required("position");
            }
        }
        return new JsonMapper().createObjectNode().put("state", "NONE");
    }

    String standing() throws IOException {
        return position().required("state").asString();
    }

    /// What the server says of the failback.
    String failback() throws IOException, InterruptedException {
        return record().required("failback").required("state").asString();
    }

    JsonNode record() throws IOException, InterruptedException {
        return lab.installation.api().get("/instances/" + instance);
    }

    void limit(long megabits) throws IOException {
        try (var drs = drs()) {
            drs.updateFailbackReplicationConfiguration(
                    r -> r.recoveryInstanceID(instance).bandwidthThrottling(megabits));
        }
    }

    void launch() throws IOException, InterruptedException {
        lab.installation
                .api()
                .post("/instances/" + instance + "/failback", new JsonMapper().createObjectNode());
    }

    /// Offsets of blocks in which a local disk is not what the instance's is.
    List<Integer> differing(Disk disk) throws IOException {
        return differing(disk, disk.expected);
    }

    List<Integer> differing(Disk disk, byte[] expected) throws IOException {
        var local = new byte[expected.length];
        try (var file = new RandomAccessFile(disk.image.toFile(), "r")) {
            file.readFully(local);
        }
        var found = new ArrayList<Integer>();
        for (var at = 0; at < local.length; at += Blocks.BLOCK_BYTES) {
            var end = Math.min(local.length, at + Blocks.BLOCK_BYTES);
            if (!Arrays.equals(local, at, end, expected, at, end)) {
                found.add(at);
            }
        }
        return found;
    }

    void assertEqual() throws IOException {
        for (var disk : disks) {
            assertThat(differing(disk)).as("blocks of " + disk.name()).isEmpty();
        }
    }

    /// That nothing is claimed of the local disks which is not so. No client runs, and no writes to
    /// the instance are under way.
    void assertClaimsHold() throws IOException, InterruptedException {
        var position = position();
        var state = position.required("state").asString();
        if (state.equals("COMPLETE") || failback().equals("COMPLETED")) {
            assertEqual();
        } else if (state.equals("EQUAL")) {
            var instant = Instant.parse(position.required("instant").asString());
            for (var disk : disks) {
                if (!instant.isBefore(applied)) {
                    assertThat(differing(disk)).as("%s of %s", position, disk.name()).isEmpty();
                } else if (instant.isAfter(applyBegan)) {
                    var neither = new HashSet<>(differing(disk));
                    neither.retainAll(differing(disk, disk.before));
                    assertThat(neither).as("%s of %s", position, disk.name()).isEmpty();
                } else {
                    assertThat(differing(disk, disk.before))
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
                .post("/instances/" + instance + "/terminate", new JsonMapper().createObjectNode());
        await(
                "the instance's end",
                alive,
                () -> record().required("state").asString().equals("TERMINATED"));
    }

    Process server() {
        return server;
    }

    @Override
    public void close() throws IOException {
        lab.close();
    }
}
