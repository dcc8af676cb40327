package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;

/// Replication over a network that is slow, far, lossy and at times not there.
class NetworkTest {
    private static final long SEED = Long.getLong("holdfast.seed", System.nanoTime());
    private static final long MIB = 1 << 20;

    private static final int DISK_MEBIBYTES = 96;
    private static final int FILLED_MEBIBYTES = 24;
    private static final int BURST_MEBIBYTES = 28;
    private static final int BURSTS_MAX = 5;

    /// Written while the network is cut: to be told from what would travel if all began anew.
    private static final int CUT_MEBIBYTES = 12;

    private static final Duration CUT = Duration.ofSeconds(10);
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final Duration SAMPLE_EVERY = Duration.ofMillis(200);

    /// The launcher gives the agent a heap of 256 MiB; as much again for all else.
    private static final long AGENT_BYTES_MAX = 512 * MIB;

    /// What the replicator may hold of data under way, and as much again twice.
    private static final long SERVER_BYTES_MAX = 768 * MIB;

    private final List<Sample> samples = new ArrayList<>();

    /// What was found at one moment.
    ///
    /// @param newest point that the lag is of; empty if one came in between
    private record Sample(
            boolean cut,
            long backlogBytes,
            String state,
            long agentBytes,
            long serverBytes,
            long lagMillis,
            Optional<Instant> newest) {
        /// Whether no point came since the other was taken.
        boolean isOfTheSamePointAs(Sample other) {
            return newest.isPresent() && newest.equals(other.newest);
        }
    }

    @Test
    void cutsAndBacklogsCostNeitherDataNorMemoryNorTruth() throws Exception {
        System.out.println("network: seed " + SEED);
        try (var lab = new NetworkFixture(SEED, DISK_MEBIBYTES, FILLED_MEBIBYTES)) {
            var begun = lab.time.nanoTime();
            awaitQuiet(lab);
            tell(lab, begun, "first copy ended");
            theBacklogOfABurstDrains(lab);
            tell(lab, begun, "burst drained");
            aPulledCableIsResumedFrom(lab);
            tell(lab, begun, "resumed after the cable was pulled");
            aHalfOpenConnectionIsNoticed(lab);
            tell(lab, begun, "resumed after packets were swallowed");
            theVolumeEqualsTheDisk(lab);
            tell(lab, begun, "compared");
        }
    }

    private static void theBacklogOfABurstDrains(NetworkFixture lab) throws Exception {
        for (var bursts = 1; !theBacklogOfABurstIsSeenAndDrains(lab); bursts++) {
            assertThat(bursts).as("bursts whose backlog nobody saw").isLessThan(BURSTS_MAX);
        }
    }

    /// @return whether it was seen: a busy machine may look too late
    private static boolean theBacklogOfABurstIsSeenAndDrains(NetworkFixture lab) throws Exception {
        var test = new NetworkTest();
        var over = Duration.ofSeconds(1);
        assertThat(BURST_MEBIBYTES * MIB * 8 / over.toSeconds())
                .as("faster than the link")
                .isGreaterThan(2 * PoorNetwork.RATE);
        test.whileWriting(lab, FILLED_MEBIBYTES, BURST_MEBIBYTES, over, false);
        var most = test.most(Sample::backlogBytes);
        awaitQuiet(lab);
        test.sample(lab, false);
        test.assertFlatMemory(BURST_MEBIBYTES);
        return most > BURST_MEBIBYTES * MIB / 3;
    }

    private static void aPulledCableIsResumedFrom(NetworkFixture lab) throws Exception {
        var test = new NetworkTest();
        var sentBefore = lab.source().required("sentBytes").asLong();
        lab.network.pull();
        test.whileWriting(lab, 0, CUT_MEBIBYTES, CUT, true);
        lab.network.plug();
        awaitQuiet(lab);
        test.sample(lab, false);
        assertThat(lab.source().required("sentBytes").asLong() - sentBefore)
                .as("sent for what was written during the cut, some of it perhaps twice")
                .isBetween(CUT_MEBIBYTES * MIB, 2 * CUT_MEBIBYTES * MIB + 4 * MIB);
        test.assertWentOn(lab);
        test.assertFlatMemory(CUT_MEBIBYTES);
    }

    /// Neither end is told; each finds out by not hearing from the other.
    private static void aHalfOpenConnectionIsNoticed(NetworkFixture lab) throws Exception {
        var test = new NetworkTest();
        var lostBefore = lost(lab);
        lab.network.swallow();
        test.whileWriting(lab, FILLED_MEBIBYTES / 2, CUT_MEBIBYTES, CUT, true);
        lab.await(
                "the loss of the link being noticed",
                LIMIT,
                () -> {
                    test.sample(lab, true);
                    return lost(lab) > lostBefore;
                });
        assertThat(lab.source().required("state").asString())
                .as("what the server says of an agent that it does not hear")
                .isIn("DISCONNECTED", "STALLED");
        lab.network.passAgain();
        awaitQuiet(lab);
        test.sample(lab, false);
        test.assertWentOn(lab);
        test.assertFlatMemory(CUT_MEBIBYTES);
    }

    private static void theVolumeEqualsTheDisk(NetworkFixture lab) throws Exception {
        awaitQuiet(lab);
        var id = lab.source().required("id").asString();
        var image = lab.folder.resolve("exported.raw");
        var disk = lab.disk.device().toString();
        lab.ask("export", id, "--disk", disk, "--format", "raw", "--to", image.toString());
        lab.commands.output("cmp", image.toString(), disk);
        assertThat(lab.ask("verify", id).required("state").asString()).isEqualTo("COMPLETED");
    }

    /// Writes, and samples meanwhile.
    private void whileWriting(
            NetworkFixture lab, int from, int mebibytes, Duration over, boolean cut)
            throws Exception {
        sample(lab, cut);
        var writing =
                CompletableFuture.runAsync(() -> {
                    try {
                        lab.write(from, mebibytes, over);
                    } catch (IOException | InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
        while (!writing.isDone()) {
            sample(lab, cut);
        }
        writing.join();
        sample(lab, cut);
    }

    /// The lag that is reported is held against clock and points, which are all of one machine
    /// here: it may be more than the truth, when a point came in between, and never less.
    private void sample(NetworkFixture lab, boolean cut) throws IOException, InterruptedException {
        lab.time.sleep(SAMPLE_EVERY);
        var known = lab.newestPoint();
        var before = lab.time.now();
        var source = lab.source();
        var after = lab.time.now();
        var lag = source.required("lagMillis").asLong();
        Instant newest = lab.newestPoint();
        assertThat(lag)
                .as("lag in ms between %s and %s, newest point %s", before, after, newest)
                .isGreaterThanOrEqualTo(Duration.between(newest, before).toMillis());
        var sample =
                new Sample(
                        cut,
                        source.required("backlogBytes").asLong(),
                        source.required("state").asString(),
                        NetworkFixture.residentBytes(lab.agent),
                        NetworkFixture.residentBytes(lab.server),
                        lag,
                        Optional.of(newest).filter(known::equals));
        // what was on its way at the cut may still become a point
        if (cut && !samples.isEmpty() && sample.isOfTheSamePointAs(samples.getLast())) {
            assertThat(lag).as("lag while cut").isGreaterThan(samples.getLast().lagMillis());
        }
        samples.add(sample);
    }

    /// The link is slow, so what was written comes to an end by itself or not at all.
    private static void awaitQuiet(NetworkFixture lab) throws IOException, InterruptedException {
        var quiet = lab.time.now();
        lab.await(
                "a point after " + quiet,
                LIMIT,
                () -> {
                    assertThat(List.of(lab.agent, lab.server)).allMatch(Process::isAlive);
                    var source = lab.source();
                    return source.required("state").asString().equals("CONTINUOUS")
                            && source.required("backlogBytes").asLong() == 0
                            && lab.newestPoint().isAfter(quiet);
                });
    }

    /// Neither compared by hash nor begun anew.
    private void assertWentOn(NetworkFixture lab) throws IOException {
        assertThat(samples)
                .extracting(Sample::state)
                .doesNotContain("INITIAL_SYNC", "RESCAN", "INITIATING");
        // A kernel may withhold an event from the tracker, which then rescans and says so.
        assertThat(lab.log("agent").lines().filter(line -> line.contains("-> COMPARE")))
                .allMatch(line -> line.contains("lost changes"));
    }

    /// Nothing of what is to be sent later is held in memory: while there is no network, it does
    /// not grow with the backlog; and at all times both stay below what they may take.
    private void assertFlatMemory(int backlogMebibytes) {
        for (var sample : samples) {
            assertThat(sample.agentBytes()).as("%s", sample).isLessThan(AGENT_BYTES_MAX);
            assertThat(sample.serverBytes()).as("%s", sample).isLessThan(SERVER_BYTES_MAX);
        }
        var cut = samples.stream().filter(Sample::cut).toList();
        if (!cut.isEmpty()) {
            assertThat(cut.getLast().agentBytes() - cut.getFirst().agentBytes())
                    .as("growth of the agent's memory, %s", samples)
                    .isLessThan(backlogMebibytes * MIB / 2);
        }
        System.out.println(
                String.format(
                        Locale.ROOT,
                        "network: at most %d MiB in the agent, %d MiB in the server, lag %d ms",
                        most(Sample::agentBytes) / MIB,
                        most(Sample::serverBytes) / MIB,
                        most(Sample::lagMillis)));
    }

    private long most(ToLongFunction<Sample> what) {
        return samples.stream().mapToLong(what).max().orElseThrow();
    }

    private static long lost(NetworkFixture lab) throws IOException {
        return lab.log("agent").lines().filter(line -> line.contains("link=lost")).count();
    }

    private static void tell(NetworkFixture lab, long begunNanos, String what) {
        var seconds = Duration.ofNanos(lab.time.nanoTime() - begunNanos).toSeconds();
        System.out.println("network: " + what + " after " + seconds + " s");
    }
}
