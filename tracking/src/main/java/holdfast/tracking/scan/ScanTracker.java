package holdfast.tracking.scan;

import holdfast.base.BlockSet;
import holdfast.base.Blocks;
import holdfast.base.TimeSource;
import holdfast.tracking.Flip;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import holdfast.tracking.device.Machine;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The tracker that takes every block for changed at every flip; the agent finds by hash what did
/// change. A round is a consistency point if no disk changed from the flip to the last read, which
/// a [QuietWatch] proves or not: all or nothing.
///
/// Why that is right: every watch begins before the instant and ends after the last read, and
/// nothing changed in between. So every block was read as it was at the instant, on all disks.
///
/// Pending sets live on the heap and end with the process.
public final class ScanTracker implements Tracker {
    private final String explanation;
    private final List<TrackedDisk> disks;
    private final List<BlockSet> pending;
    private final List<QuietWatch> watches;
    private final boolean[] trusted;
    private final TimeSource time;
    private byte[] memo = {};
    private @Nullable ScanFlip current;

    private ScanTracker(
            String explanation,
            List<TrackedDisk> disks,
            List<QuietWatch> watches,
            TimeSource time) {
        this.explanation = explanation;
        this.disks = List.copyOf(disks);
        this.pending =
                disks.stream().map(disk -> new BlockSet(Blocks.count(disk.sizeBytes()))).toList();
        this.watches = watches;
        this.trusted = new boolean[disks.size()];
        this.time = time;
    }

    /// @param explanation why not a better tracker
    public static ScanTracker open(
            String explanation, List<TrackedDisk> disks, Machine machine, TimeSource time)
            throws TrackerException {
        var watches = new ArrayList<QuietWatch>();
        try {
            for (var disk : disks) {
                watches.add(
                        disk.blockDevice()
                                ? new DeviceWatch(disk, machine)
                                : new FileWatch(disk, time));
            }
        } catch (TrackerException e) {
            watches.forEach(QuietWatch::close);
            throw e;
        }
        return new ScanTracker(explanation, disks, watches, time);
    }

    @Override
    public Kind kind() {
        return Kind.SCAN;
    }

    @Override
    public String explanation() {
        return explanation;
    }

    @Override
    public List<TrackedDisk> disks() {
        return disks;
    }

    @Override
    public BlockSet pending(int disk) {
        return pending.get(disk);
    }

    @Override
    public BlockSet changed(int disk) {
        return pending.get(disk);
    }

    @Override
    public long changedSinceFlip(int disk) {
        return 0;
    }

    @Override
    public Optional<String> distrust(int disk) {
        return trusted[disk]
                ? Optional.empty()
                : Optional.of("changes are not tracked while no agent runs");
    }

    @Override
    public void trust(int disk) {
        trusted[disk] = true;
    }

    @Override
    public byte[] memo() {
        return memo.clone();
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
        memo = note.clone();
    }

    @Override
    public Flip flip() throws TrackerException {
        for (var set : pending) {
            set.add(0, set.blockCount());
        }
        for (var watch : watches) {
            watch.begin();
        }
        current = new ScanFlip(time.now(), time.nanoTime());
        return current;
    }

    @Override
    public void discard() {
        memo = new byte[0];
        Arrays.fill(trusted, false);
        close();
    }

    @Override
    public void close() {
        watches.forEach(QuietWatch::close);
    }

    private final class ScanFlip implements Flip {
        private final Instant instant;
        private final long nanoTime;

        private ScanFlip(Instant instant, long nanoTime) {
            this.instant = instant;
            this.nanoTime = nanoTime;
        }

        @Override
        public Instant instant() {
            return instant;
        }

        @Override
        public long nanoTime() {
            return nanoTime;
        }

        /// Of a disk that was written nothing is proven; which block it was nobody knows.
        @Override
        public BitSet writtenSince(int disk, long firstBlock, int blockCount) {
            return new BitSet();
        }

        @Override
        public boolean isProven(int disk) throws TrackerException {
            if (current != this) {
                throw new IllegalStateException("a flip ends with the next one");
            }
            return watches.get(disk).isUnchanged();
        }
    }
}
