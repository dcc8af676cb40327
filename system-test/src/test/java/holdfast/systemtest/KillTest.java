package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.Installation;
import holdfast.demo.RecordHistory;
import holdfast.demo.WriterProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// `kill -9` of agent, server or both at random moments under load, over and over.
///
/// Three times unless `-Dholdfast.kill.cycles` says otherwise; one kind of kill after the other.
class KillTest {
    private static final int CYCLES = Integer.getInteger("holdfast.kill.cycles", 3);
    private static final long SEED = Long.getLong("holdfast.seed", System.nanoTime());
    private static final Duration RECOVERY_MAX = Duration.ofMinutes(5);
    private static final long MEMORY_BYTES = 640L << 20;
    private static final int KILLED = 128 + 9;

    private final SplittableRandom random = new SplittableRandom(SEED);

    private enum Victim {
        AGENT,
        SERVER,
        BOTH
    }

    @Test
    void killedProcessesLoseNothingAndGoOn() throws Exception {
        System.out.println("kill: seed " + SEED + ", " + CYCLES + " cycles");
        try (var lab = Lab.open("kill")) {
            var disk = lab.disk("disk", "ext4", 256);
            var options = List.of("--disk", disk.device().toString());
            var installation = lab.installation;
            var server = installation.startServer();
            var agent = installation.startAgent(options);
            installation.awaitState("CONTINUOUS", agent, Duration.ofMinutes(2));
            var fileA = disk.root().resolve("a.records");
            var fileB = disk.root().resolve("b.records");
            var known = new ArrayList<Installation.Point>();
            try (var writer =
                    WriterProcess.start(lab.processes, fileA, fileB, Duration.ofMillis(3))) {
                for (var cycle = 0; cycle < CYCLES; cycle++) {
                    lab.time.sleep(Duration.ofMillis(random.nextLong(2500)));
                    var victim = Victim.values()[cycle % Victim.values().length];
                    known.add(installation.point(lab.time.now()));
                    if (victim != Victim.SERVER) {
                        agent.destroyForcibly().waitFor();
                    }
                    if (victim != Victim.AGENT) {
                        server.destroyForcibly().waitFor();
                        server = installation.startServer();
                    }
                    if (victim != Victim.SERVER) {
                        agent = installation.restartAgent(options);
                    }
                    var restarted = lab.time.now();
                    var point = installation.awaitPointAfter(restarted, agent, RECOVERY_MAX);
                    var took = Duration.between(restarted, lab.time.now());
                    System.out.println(
                            "kill: cycle " + cycle + " " + victim + ", next point after " + took);
                    assertThat(comparisons(lab)).as("rescans, seed %d", SEED).isEmpty();
                    var earlier = known.get(random.nextInt(known.size()));
                    for (var checked : List.of(point, earlier)) {
                        assertThat(faults(lab, disk, checked, writer.history()))
                                .as("cycle %d, %s, seed %d", cycle, checked, SEED)
                                .isEmpty();
                    }
                }
                assertThat(writer.isAlive()).isTrue();
            }
        }
    }

    /// Beside a neighbour that takes all memory that both may have.
    @Test
    @Tag("long")
    void anAgentThatIsKilledForLackOfMemoryLosesNothingAndGoesOn() throws Exception {
        var name = "hf-memory-" + ProcessHandle.current().pid();
        try (var memory = MemoryGroup.make(name, MEMORY_BYTES);
                var lab = Lab.open("memory", memory.within(Lab.HOLDFAST, 1000))) {
            var disk = lab.disk("disk", "ext4", 256);
            var options = List.of("--disk", disk.device().toString());
            var installation = lab.installation;
            installation.startServer();
            var agent = installation.startAgent(options);
            installation.awaitState("CONTINUOUS", agent, Duration.ofMinutes(2));
            var fileA = disk.root().resolve("a.records");
            var fileB = disk.root().resolve("b.records");
            try (var writer =
                    WriterProcess.start(lab.processes, fileA, fileB, Duration.ofMillis(3))) {
                var before = installation.awaitPointAfter(lab.time.now(), agent, RECOVERY_MAX);
                var greedy = List.of("sh", "-c", "head -c 1G /dev/zero | tail");
                try (var _ = lab.load(memory.command(greedy, 0))) {
                    assertThat(agent.waitFor(RECOVERY_MAX)).isTrue();
                }
                assertThat(memory.killed()).isPositive();
                assertThat(agent.exitValue()).isEqualTo(KILLED);

                agent = installation.restartAgent(options);
                var after = installation.awaitPointAfter(lab.time.now(), agent, RECOVERY_MAX);
                assertThat(comparisons(lab)).isEmpty();
                for (var point : List.of(before, after)) {
                    assertThat(faults(lab, disk, point, writer.history())).isEmpty();
                }
                assertThat(writer.isAlive()).isTrue();
            }
        }
    }

    /// Lines about rescans, for which there is no reason here.
    private static List<String> comparisons(Lab lab) throws IOException {
        return Files.readAllLines(lab.directory.resolve("agent.log")).stream()
                .filter(line -> line.contains("-> COMPARE"))
                .toList();
    }

    private static List<String> faults(
            Lab lab, ProtectedDisk disk, Installation.Point point, RecordHistory history)
            throws Exception {
        var image = lab.copy(disk.device(), point, "recovered.raw");
        var faults = new ArrayList<String>();
        Instant instant = point.instant();
        try (var recovered = lab.recovered(image, "check")) {
            var root = recovered.root();
            faults.addAll(
                    history.check(root.resolve("a.records"), root.resolve("b.records"), instant)
                            .faults());
            recovered.unmountAndCheck().ifPresent(faults::add);
        }
        Files.delete(image);
        return faults;
    }
}
