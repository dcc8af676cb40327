package holdfast.tracking.ebpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.BlockSet;
import holdfast.base.TimeSource;
import holdfast.tracking.Flip;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import holdfast.tracking.TrackerInUseException;
import holdfast.tracking.device.LoopDevice;
import holdfast.tracking.device.Machine;
import holdfast.tracking.device.RawWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.StringJoiner;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// On real loop devices. A kernel may lose an event at any time (see
/// docs/decisions/change-tracking.md), so a test that such a loss would spoil asks for trust first.
class EbpfTrackerTest {
    private static final long MIB = 1 << 20;

    @TempDir Path directory;

    private final String name = TestTracker.uniqueName();
    private final List<AutoCloseable> closing = new ArrayList<>();

    @AfterEach
    void cleanUp() throws Exception {
        for (var closeable : closing.reversed()) {
            closeable.close();
        }
        if (Files.exists(Machine.local().bpf().resolve("holdfast").resolve(name))) {
            EbpfTracker.discardLeftovers(name, Machine.local());
        }
    }

    @ParameterizedTest
    @EnumSource(Bpf.Access.class)
    void everyKindOfWriteIsSeen(Bpf.Access access) throws Exception {
        var loop = loop(512 * MIB);
        var tuning = new KernelState.Tuning(List.of(access), ChangeProgram.Strain.NONE, true);
        var tracker =
                kept(
                        TestTracker.open(
                                name, List.of(loop.disk()), tuning, EbpfTracker.Steps.PROVEN));
        TestTracker.takeAll(tracker);
        var device = loop.path().toString();

        dd(device, "bs=4096", "seek=5", "count=2", "oflag=direct");
        assertChanged(tracker, "5-6");
        dd(device, "bs=512", "seek=83", "count=2", "oflag=direct"); // parts of two blocks' sectors
        assertChanged(tracker, "10");
        dd(device, "bs=4096", "seek=77", "count=1", "conv=notrunc,fsync"); // page cache
        assertChanged(tracker, "77");
        LoopDevice.run("blkdiscard", "-z", "-o", "4194304", "-l", "1048576", device);
        assertChanged(tracker, "1024-1279");
        LoopDevice.run("blkdiscard", "-o", "8388608", "-l", "65536", device);
        assertChanged(tracker, "2048-2063");
        // 64 MiB in one request: more words than the loop sets, so coarse units of 2 MiB
        LoopDevice.run("blkdiscard", "-o", "67112960", "-l", "67108864", device);
        assertChanged(tracker, "16384-33279");
    }

    @Test
    void conflictsAreWritesIssuedAfterTheFlip() throws Exception {
        var loop = loop(64 * MIB);
        var tracker = open(loop);
        trusted(tracker);
        write(loop, 3);
        write(loop, 4);
        var flip = tracker.flip();
        var read = tracker.pending(0).copy();
        assertThat(runs(read)).isEqualTo("3-4");
        assertThat(runs(conflicts(flip, 0, read))).isEmpty();
        write(loop, 4);
        write(loop, 5);
        assertThat(runs(conflicts(flip, 0, read))).isEqualTo("4");
        tracker.flip();
        assertThatThrownBy(() -> conflicts(flip, 0, read))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aSuccessorKeepsPendingMemoAndWhatWasWrittenMeanwhile() throws Exception {
        var loop = loop(64 * MIB);
        try (var first = TestTracker.open(name, List.of(loop.disk()))) {
            assertThat(first.distrust(0)).hasValue("changes were not tracked before");
            trusted(first);
            write(loop, 1);
            first.flip();
            write(loop, 2);
            first.memo("round 7".getBytes(StandardCharsets.UTF_8));
        }
        write(loop, 3);
        var second = open(loop);
        assertThat(second.distrust(0)).isEmpty();
        assertThat(second.memo()).asString(StandardCharsets.UTF_8).isEqualTo("round 7");
        assertThat(runs(second.pending(0))).isEqualTo("1");
        second.flip();
        assertThat(runs(second.pending(0))).isEqualTo("1-3");
    }

    @Test
    void anAgentThatDiesBetweenFlipAndCollectingLosesNothing() throws Exception {
        var loop = loop(64 * MIB);
        try (var state = state(loop.disk())) {
            var dying = new EbpfTracker(state, EbpfTracker.Steps.PROVEN, TimeSource.system());
            dying.trust(0);
            write(loop, 1);
            state.control().activate(state.control().activeIndex() ^ 1);
            write(loop, 2);
        }
        var successor = open(loop);
        assertThat(successor.distrust(0)).isEmpty();
        successor.flip();
        assertThat(runs(successor.pending(0))).isEqualTo("1-2");
    }

    @Test
    void aFlipThatFailsHalfwayLosesNothing() throws Exception {
        var loop = loop(64 * MIB);
        var fails = new boolean[] {false};
        var steps =
                new EbpfTracker.Steps() {
                    @Override
                    public void settle(SettleCounters counters) throws TrackerException {
                        if (fails[0]) {
                            throw new TrackerException("no way to settle");
                        }
                        PROVEN.settle(counters);
                    }

                    @Override
                    public void makeGood(DiskBits bits, int active) {
                        PROVEN.makeGood(bits, active);
                    }

                    @Override
                    public void collect(DiskBits bits, int former) {
                        PROVEN.collect(bits, former);
                    }

                    @Override
                    public BitSet issued(
                            DiskBits bits, long firstBlock, int blockCount, int active) {
                        return PROVEN.issued(bits, firstBlock, blockCount, active);
                    }
                };
        var tracker = kept(new EbpfTracker(state(loop.disk()), steps, TimeSource.system()));
        trusted(tracker);
        write(loop, 1);
        fails[0] = true;
        assertThatThrownBy(tracker::flip).hasMessage("no way to settle");
        write(loop, 2);
        fails[0] = false;
        var flip = tracker.flip();
        var read = tracker.pending(0).copy();
        assertThat(runs(read)).isEqualTo("1-2");
        assertThat(conflicts(flip, 0, read).isEmpty()).isTrue();
    }

    @Test
    void severalDisksFlipAsOne() throws Exception {
        var one = loop(64 * MIB);
        var two = loop(32 * MIB);
        var tracker = kept(TestTracker.open(name, List.of(one.disk(), two.disk())));
        TestTracker.takeAll(tracker);
        tracker.pending(0).clear();
        tracker.pending(1).clear();
        write(one, 1);
        write(two, 2);
        var flip = tracker.flip();
        assertThat(runs(tracker.pending(0))).isEqualTo("1");
        assertThat(runs(tracker.pending(1))).isEqualTo("2");
        write(two, 2);
        assertThat(conflicts(flip, 0, tracker.pending(0)).isEmpty()).isTrue();
        assertThat(runs(conflicts(flip, 1, tracker.pending(1)))).isEqualTo("2");
        assertThat(tracker.explanation()).isEqualTo("ebpf (tp_btf, 2 disks)");
    }

    @Test
    void aRestartedMachineIsNotTrusted() throws Exception {
        var loop = loop(64 * MIB);
        try (var first = TestTracker.open(name, List.of(loop.disk()))) {
            trusted(first);
        }
        var boot = directory.resolve("sys/kernel/random");
        Files.createDirectories(boot);
        Files.writeString(boot.resolve("boot_id"), "00000000-0000-0000-0000-000000000000\n");
        var local = Machine.local();
        var restarted = new Machine(local.sys(), directory, local.bpf());
        var second =
                kept(EbpfTracker.open(name, List.of(loop.disk()), restarted, TimeSource.system()));
        assertThat(second.distrust(0))
                .hasValue("the former tracker cannot be taken over: the machine was restarted");
    }

    @Test
    void anotherSizeIsNotTrusted() throws Exception {
        var loop = loop(64 * MIB);
        var tracker = TestTracker.open(name, List.of(loop.disk()));
        trusted(tracker);
        loop.resize(96 * MIB);
        assertThatThrownBy(tracker::flip).hasMessageContaining("replaced or resized");
        tracker.close();
        var second = open(loop);
        assertThat(second.distrust(0).orElseThrow()).contains("of another size");
        assertThat(second.pending(0).blockCount()).isEqualTo(96 * MIB / 4096);
    }

    @Test
    void anotherMediumUnderTheSameNumberIsNotTrusted() throws Exception {
        var loop = loop(64 * MIB);
        assumeTrue(loop.blockDevice().mediumSequence() > 0, "this kernel numbers no media (5.15)");
        try (var first = TestTracker.open(name, List.of(loop.disk()))) {
            trusted(first);
        }
        loop.reattach();
        assertThat(open(loop).distrust(0).orElseThrow()).contains("another disk");
    }

    @Test
    void aMissingPinIsNoticed() throws Exception {
        var loop = loop(64 * MIB);
        try (var first = TestTracker.open(name, List.of(loop.disk()))) {
            trusted(first);
        }
        var pins = Machine.local().bpf().resolve("holdfast").resolve(name);
        Files.delete(pins.resolve("disk0-completed-link"));
        assertThat(open(loop).distrust(0).orElseThrow()).contains("a pin is missing");
    }

    @Test
    void otherDisksThanBeforeAreNotTrusted() throws Exception {
        var one = loop(64 * MIB);
        var two = loop(64 * MIB);
        try (var first = TestTracker.open(name, List.of(one.disk()))) {
            trusted(first);
        }
        var both = kept(TestTracker.open(name, List.of(one.disk(), two.disk())));
        assertThat(both.distrust(0).orElseThrow()).contains("it tracked 1 disks");
    }

    @Test
    void whatCompletedUnseenIsReadAgain() throws Exception {
        var loop = loop(64 * MIB);
        var state = kept(state(loop.disk()));
        var tracker = new EbpfTracker(state, EbpfTracker.Steps.PROVEN, TimeSource.system());
        trusted(tracker);
        write(loop, 5);
        assertChanged(tracker, "5");
        assertThat(tracker.flip().isProven(0)).as("all that was issued has completed").isTrue();
        writeUnseen(state, loop, 9);
        tracker.pending(0).clear();
        var flip = tracker.flip();
        assertThat(tracker.distrust(0)).isEmpty();
        assertThat(runs(tracker.pending(0)))
                .as("9 and not 5, which was settled")
                .contains("9")
                .doesNotContain("5");
        assertThat(conflicts(flip, 0, tracker.pending(0)).isEmpty()).isTrue();
        assertThat(runs(state.disks().getFirst().bits().outstanding())).isEmpty();
    }

    @Test
    void writesThatBeganUnseenEndTheTrust() throws Exception {
        var loop = loop(64 * MIB);
        var state = kept(state(loop.disk()));
        var tracker = new EbpfTracker(state, EbpfTracker.Steps.PROVEN, TimeSource.system());
        trusted(tracker);
        Files.delete(state.pin("disk0-issued-link"));
        long before;
        do {
            before = state.control().issuedSectors(0);
            write(loop, 9);
        } while (state.control().issuedSectors(0) != before);
        tracker.flip();
        assertThat(tracker.distrust(0))
                .hasValue(
                        "writes of 8 sectors began unseen: the disk's statistics count that many"
                                + " more");
        var flip = tracker.flip();
        var read = new BlockSet(tracker.pending(0).blockCount());
        read.add(0, 4);
        assertThat(runs(conflicts(flip, 0, read))).as("no proof without trust").isEqualTo("0-3");
    }

    @Test
    void aLossDuringTheRoundSpoilsItsProofAndNotTheNext() throws Exception {
        var loop = loop(64 * MIB);
        var state = kept(state(loop.disk()));
        var tracker = new EbpfTracker(state, EbpfTracker.Steps.PROVEN, TimeSource.system());
        trusted(tracker);
        write(loop, 1);
        var flip = tracker.flip();
        assertThat(conflicts(flip, 0, tracker.pending(0)).isEmpty()).isTrue();
        writeUnseen(state, loop, 9);
        assertThat(flip.isProven(0)).isFalse();
        assertThat(runs(conflicts(flip, 0, tracker.pending(0)))).isEqualTo("1");
        tracker.pending(0).clear(); // a round may take from pending until it ends
        var next = tracker.flip();
        assertThat(runs(tracker.pending(0))).isEqualTo("9");
        assertThat(conflicts(next, 0, tracker.pending(0)).isEmpty()).isTrue();
        assertThat(next.isProven(0)).isTrue();
    }

    @Test
    void aDiskWithoutStatisticsIsRefused() throws Exception {
        var loop = loop(64 * MIB);
        var tracker = open(loop);
        loop.keepStatistics(false);
        assertThatThrownBy(tracker::flip).hasMessageContaining("keeps no statistics");
        tracker.close();
        assertThatThrownBy(() -> open(loop)).hasMessageContaining("queue/iostats");
    }

    @Test
    void twoLivingAgentsCannotShareAName() throws Exception {
        var loop = loop(64 * MIB);
        open(loop);
        assertThatThrownBy(() -> TestTracker.open(name, List.of(loop.disk())))
                .isInstanceOf(TrackerInUseException.class)
                .hasMessage(
                        "tracker '%s' is in use by another running agent of this machine", name);
        var other = TestTracker.open(TestTracker.uniqueName(), List.of(loop.disk()));
        other.discard();
    }

    @Test
    void discardingLeavesNothingInTheKernel() throws Exception {
        var loop = loop(64 * MIB);
        var tracker = open(loop);
        trusted(tracker);
        tracker.memo(new byte[] {1});
        tracker.discard();
        assertThat(Machine.local().bpf().resolve("holdfast").resolve(name)).doesNotExist();
        var next = open(loop);
        assertThat(next.distrust(0)).hasValue("changes were not tracked before");
        assertThat(next.memo()).isEmpty();
    }

    @Test
    void namesAreFitForADirectory() throws Exception {
        var loop = loop(64 * MIB);
        for (var bad : List.of("", "a/b", "..", "x".repeat(65))) {
            assertThatThrownBy(() -> TestTracker.open(bad, List.of(loop.disk())))
                    .isInstanceOf(TrackerException.class)
                    .hasMessageContaining("letters, digits");
        }
    }

    @Test
    void removingFromPendingIsKeptToo() throws Exception {
        var loop = loop(64 * MIB);
        try (var first = TestTracker.open(name, List.of(loop.disk()))) {
            trusted(first);
            first.pending(0).add(10, 20);
            first.pending(0).remove(12, 18);
        }
        assertThat(runs(open(loop).pending(0))).isEqualTo("10-11,18-19");
    }

    private LoopDevice loop(long sizeBytes) throws IOException {
        return kept(LoopDevice.attach(sizeBytes));
    }

    private EbpfTracker open(LoopDevice loop) throws IOException {
        return kept(TestTracker.open(name, List.of(loop.disk())));
    }

    private KernelState state(TrackedDisk disk) throws TrackerException {
        return KernelState.open(name, List.of(disk), Machine.local(), KernelState.Tuning.USUAL);
    }

    private <T extends AutoCloseable> T kept(T closeable) {
        closing.add(closeable);
        return closeable;
    }

    /// As after a first full round.
    private static void trusted(EbpfTracker tracker) {
        tracker.trust(0);
        assertThat(tracker.distrust(0)).isEmpty();
    }

    private static void write(LoopDevice loop, long block) throws IOException {
        try (var arena = Arena.ofConfined();
                var writer = new RawWriter(loop.path(), true)) {
            writer.write(arena.allocate(4096, 4096), block * 4096);
        }
    }

    /// One write that the program does not see, by taking away the link that runs it. The kernel
    /// frees the link in its own time, until which writes are seen.
    private static void writeUnseen(KernelState state, LoopDevice loop, long block)
            throws IOException {
        Files.delete(state.pin("disk0-completed-link"));
        long before;
        do {
            before = state.control().completedSectors(0);
            write(loop, block);
        } while (state.control().completedSectors(0) != before);
    }

    private static void dd(String device, String... how) throws IOException {
        var command = new ArrayList<>(List.of("dd", "if=/dev/zero", "of=" + device));
        command.addAll(List.of(how));
        LoopDevice.run(command.toArray(String[]::new));
    }

    private static void assertChanged(Tracker tracker, String expected) throws TrackerException {
        tracker.pending(0).clear();
        tracker.flip();
        assertThat(runs(tracker.pending(0))).isEqualTo(expected);
    }

    /// Blocks among `read` that may not have been read as they were at the instant.
    private static BlockSet conflicts(Flip flip, int disk, BlockSet read) throws TrackerException {
        var found = new BlockSet(read.blockCount());
        read.forEachRun(
                64,
                (first, count) ->
                        flip.writtenSince(disk, first, count).stream()
                                .forEach(block -> found.add(first + block, first + block + 1)));
        return flip.isProven(disk) ? found : read.copy();
    }

    private static String runs(BlockSet set) {
        var text = new StringJoiner(",");
        set.forEachRun(
                Integer.MAX_VALUE,
                (first, count) ->
                        text.add(count == 1 ? "" + first : first + "-" + (first + count - 1)));
        return text.toString();
    }
}
