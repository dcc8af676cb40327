package holdfast.tracking.ebpf;

import holdfast.base.BlockSet;
import holdfast.base.TimeSource;
import holdfast.tracking.Flip;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import holdfast.tracking.device.BlockDevice;
import holdfast.tracking.device.Machine;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The tracker that has the kernel note every write.
///
/// # A round
///
/// Per disk and event (a request *issued* to the driver, a request *completed*) the kernel keeps
/// two planes of bits, of which one is active for all disks.
///
/// 1. [#flip] stores the other index as the active one. **That store is T0.**
/// 2. It settles: waits for the programs that may still hold the former index.
/// 3. It moves the former completed planes into the pending sets. D is what they held.
/// 4. The caller reads D from the disk, past the page cache, and as soon as it has read a run asks
///    [Flip#writtenSince] whether any of it was *issued since T0*: a conflict.
/// 5. If there was one, it may flip again and read just the D of that flip: in a few milliseconds
///    little changes, and little is read soon. The last flip's T0 is the round's.
/// 6. What was read and did not conflict with the last flip, and is safe at the replicator, the
///    caller removes from pending.
///
/// # Why an image without conflicts is one that a power cut at T0 could have left
///
/// A power cut keeps every write that completed before it, and of those on their way (issued, not
/// completed) any part. Let T0 be the last flip's, and the image the replica after a round in which
/// the reads after that flip had no conflicts.
///
/// *Nothing that completed before T0 is missing.* The completion's program ran before the writer
/// was told, so before T0; if it held the former index then settling waited for its bit. So the
/// block is in the D of the last flip or of an earlier one, and was read after that flip.
///
/// *Nothing issued after T0 is in it.* The issue's program ends before the driver gets the request,
/// so before any read can see the data; and having begun after T0 it sets its bit in the active
/// plane. So if a read after T0 saw it, the block conflicts. Reads of earlier flips, conflicts and
/// all, were over before T0.
///
/// *What was in flight at T0*, that is issued before and not completed before, may be there wholly,
/// partly or not at all. That is what the power cut allows; and its completion, after T0, puts the
/// block into the next flip's D. A write whose issue's or completion's program was running at T0
/// counts as in flight, which is fair because no one had been told of it.
///
/// *Order between writes needs nothing more.* If B was issued after A completed and B is in the
/// image, then B was issued before T0, so A completed before T0, so A is there.
///
/// A round with conflicts is stored but is no consistency point. The blocks in conflict hold
/// something later than T0; they stay in pending, so the next round reads them again, and nothing
/// of them that was issued after the next T0 survives its check.
///
/// All of this holds for several disks as for one, because one store is T0 for all.
///
/// # Why the agent may die anywhere
///
/// Pending lies in the same pinned map as the planes. A block goes from plane to pending by two
/// stores, in this order, and leaves pending only when the caller says so. Hence *pending ∪
/// completed\[0\] ∪ completed\[1\]* always holds everything that changed and is not known to be
/// stored, and the programs go on without us. A successor moves what a dead agent left in the
/// former planes; the rest comes with its first flip.
///
/// # What could be lost
///
/// The programs count what they could not record (a range past the disk's end, more ranges than
/// their loop takes, commands passed through to the driver that may hide writes): if any of these
/// moves, the disk is not trusted and [#distrust] says why. The kernel counts events that came
/// while the program was running on that very processor, and [LossAudit] holds the sums of sectors
/// against the disk's statistics: what completed unseen is made good from what was issued, as
/// [DiskAudit] has it. All are asked right before T0, so that what is made good becomes part of
/// this round without delaying its reads, and again by [Flip#isProven]: a lost completion may be
/// missing in D, a lost issue in the check, and in either case nothing that was read since T0 may
/// leave pending, as for a disk that is not trusted.
public final class EbpfTracker implements Tracker {
    private final KernelState state;
    private final SettleCounters counters;
    private final Steps steps;
    private final TimeSource time;
    private final List<TrackedDisk> disks;
    private final List<DiskAudit> audits;
    private @Nullable EbpfFlip current;

    /// Whether the former planes are empty, as they must be before they become active again.
    private boolean collected = true;

    /// The steps of a round that tests replace to see the torture fail without them.
    interface Steps {
        /// As the class comment has it.
        Steps PROVEN =
                new Steps() {
                    @Override
                    public void settle(SettleCounters counters) throws TrackerException {
                        counters.settle();
                    }

                    @Override
                    public void makeGood(DiskBits bits, int active) {
                        bits.doubtOutstanding(active);
                    }

                    @Override
                    public void collect(DiskBits bits, int former) {
                        bits.moveToPending(former);
                        bits.moveToOutstanding(former);
                    }

                    @Override
                    public BitSet issued(
                            DiskBits bits, long firstBlock, int blockCount, int active) {
                        return bits.issuedAmong(firstBlock, blockCount, active);
                    }
                };

        void settle(SettleCounters counters) throws TrackerException;

        /// Makes pending what may have completed unseen.
        void makeGood(DiskBits bits, int active);

        /// Empties the former planes, into pending and outstanding.
        void collect(DiskBits bits, int former);

        /// Which blocks of a run were issued to the active planes, counted from its first.
        BitSet issued(DiskBits bits, long firstBlock, int blockCount, int active);
    }

    EbpfTracker(KernelState state, Steps steps, TimeSource time) {
        this.state = state;
        this.counters = new SettleCounters(state.counters(), time);
        this.steps = steps;
        this.time = time;
        this.disks = state.disks().stream().map(KernelState.Disk::disk).toList();
        this.audits =
                IntStream.range(0, disks.size())
                        .mapToObj(disk -> new DiskAudit(disk, state, steps))
                        .toList();
    }

    /// Goes on where an earlier agent of this name stopped, or begins anew.
    ///
    /// @param name of the agent's state: on one machine, trackers of different names do not meet
    /// @throws TrackerException if the kernel refuses or another live process uses the name
    public static EbpfTracker open(
            String name, List<TrackedDisk> disks, Machine machine, TimeSource time)
            throws TrackerException {
        for (var disk : disks) {
            refuseUnsuitable(disk, machine);
        }
        var state = KernelState.open(name, disks, machine, KernelState.Tuning.USUAL);
        var tracker = new EbpfTracker(state, Steps.PROVEN, time);
        try {
            tracker.resume();
            return tracker;
        } catch (TrackerException e) {
            tracker.close();
            throw e;
        }
    }

    /// Ends what an earlier agent of this name left running in the kernel, if anything.
    ///
    /// @throws TrackerException if another live process uses the name
    public static void discardLeftovers(String name, Machine machine) throws TrackerException {
        KernelState.removeLeftovers(name, machine);
    }

    private static void refuseUnsuitable(TrackedDisk disk, Machine machine)
            throws TrackerException {
        if (!disk.blockDevice()) {
            throw new TrackerException(disk.path() + " is a file and not a block device");
        }
        var device = BlockDevice.of(machine, disk.major(), disk.minor());
        if (!device.takesRequests()) {
            throw new TrackerException(
                    disk.path()
                            + " has a driver without requests (md, device-mapper, zram and the"
                            + " like); track the disks below it");
        }
        if (device.zoned()) {
            throw new TrackerException(
                    disk.path() + " has zones, whose resets name no range of blocks");
        }
        DiskAudit.refuseUncounted(device);
    }

    /// Takes over what an agent that died in mid-round left in the former planes.
    void resume() throws TrackerException {
        collectFormer();
        audit();
    }

    private void collectFormer() throws TrackerException {
        collected = false;
        steps.settle(counters);
        var former = state.control().activeIndex() ^ 1;
        for (var disk : state.disks()) {
            steps.collect(disk.bits(), former);
        }
        collected = true;
    }

    @Override
    public Kind kind() {
        return Kind.EBPF;
    }

    @Override
    public String explanation() {
        return String.format(
                Locale.ROOT,
                "ebpf (%s, %d %s)",
                state.access(),
                disks.size(),
                disks.size() == 1 ? "disk" : "disks");
    }

    @Override
    public List<TrackedDisk> disks() {
        return disks;
    }

    @Override
    public BlockSet pending(int disk) {
        return state.disks().get(disk).bits().pending();
    }

    @Override
    public BlockSet changed(int disk) {
        return state.disks().get(disk).bits().changed();
    }

    @Override
    public long changedSinceFlip(int disk) {
        return state.disks().get(disk).bits().completedNotPending(state.control().activeIndex());
    }

    @Override
    public Optional<String> distrust(int disk) {
        return audits.get(disk).distrust();
    }

    @Override
    public void trust(int disk) {
        try {
            audits.get(disk).trust();
        } catch (TrackerException e) {
            audits.get(disk).distrust("cannot be audited: " + e.getMessage());
        }
    }

    @Override
    public byte[] memo() {
        return state.control().memo();
    }

    @Override
    public void memo(byte[] note) {
        if (note.length > MEMO_BYTES_MAX) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "a memo of %d bytes, at most %d fit",
                            note.length,
                            MEMO_BYTES_MAX));
        }
        state.control().memo(note);
    }

    @Override
    public Flip flip() throws TrackerException {
        if (!collected) {
            collectFormer(); // or this flip would make active what the last one failed to empty
        }
        state.disks().forEach(disk -> disk.bits().forgetChanged());
        // Before the instant: a look at the disks takes time, in which hot blocks are written.
        audit();
        var missedBefore = new long[disks.size()];
        for (var disk = 0; disk < disks.size(); disk++) {
            missedBefore[disk] = audits.get(disk).missedIssues();
        }
        var next = state.control().activeIndex() ^ 1;
        // The clocks are read first: a write that completed before the instant we claim did so
        // before T0.
        var flip = new EbpfFlip(time.now(), time.nanoTime(), next, missedBefore);
        state.control().activate(next);
        collectFormer();
        current = flip;
        return flip;
    }

    /// Looks at every disk: whether it still is what it was, and whether anything was lost.
    private void audit() throws TrackerException {
        for (var audit : audits) {
            audit.refuseAnotherDisk();
            audit.makeGood();
        }
    }

    @Override
    public void discard() {
        try {
            state.discard();
        } catch (TrackerException e) {
            System.getLogger(EbpfTracker.class.getName())
                    .log(System.Logger.Level.WARNING, "event=tracker-pins-left", e);
        }
        close();
    }

    @Override
    public void close() {
        current = null;
        state.close();
    }

    private final class EbpfFlip implements Flip {
        private final Instant instant;
        private final long nanoTime;
        private final int active;
        private final long[] missedBefore;

        private EbpfFlip(Instant instant, long nanoTime, int active, long[] missedBefore) {
            this.instant = instant;
            this.nanoTime = nanoTime;
            this.active = active;
            this.missedBefore = missedBefore;
        }

        @Override
        public Instant instant() {
            return instant;
        }

        @Override
        public long nanoTime() {
            return nanoTime;
        }

        @Override
        public BitSet writtenSince(int disk, long firstBlock, int blockCount) {
            return steps.issued(state.disks().get(disk).bits(), firstBlock, blockCount, active);
        }

        @Override
        public boolean isProven(int disk) throws TrackerException {
            if (current != this) {
                throw new IllegalStateException("a flip ends with the next one");
            }
            var audit = audits.get(disk);
            return audit.missedIssues() == missedBefore[disk] && audit.isComplete();
        }
    }
}
