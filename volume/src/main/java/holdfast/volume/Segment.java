package holdfast.volume;

import holdfast.format.SegmentIndex;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One segment of the journal as it was written, as the store knows it. Safe for any thread.
final class Segment implements StoredSegment {
    private static final Pattern NAME = Pattern.compile("([0-9a-f]{8})-([0-9a-f]{16})-0000\\.seg");

    final long number;
    final long firstSequence;

    private volatile long sizeBytes;

    /// Present while it is being written, and afterwards as long as it is worth the memory.
    volatile @Nullable SegmentIndex index;

    /// Whether nothing is appended to it any more.
    volatile boolean sealed;

    Segment(long number, long firstSequence, long sizeBytes) {
        this.number = number;
        this.firstSequence = firstSequence;
        this.sizeBytes = sizeBytes;
    }

    @Override
    public long firstNumber() {
        return number;
    }

    @Override
    public long lastNumber() {
        return number;
    }

    @Override
    public int generation() {
        return 0;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    /// Called by the one thread that appends to it.
    void sizeBytes(long changed) {
        sizeBytes = changed;
    }

    @Override
    public String name() {
        return String.format(Locale.ROOT, "%08x-%016x-0000.seg", number, firstSequence);
    }

    /// A segment that is stored already. Empty if the name is not a segment's.
    static Optional<Segment> parse(StagingStorage.Entry entry) {
        var name = NAME.matcher(entry.name());
        if (!name.matches()) {
            return Optional.empty();
        }
        var number = Long.parseLong(name.group(1), 16);
        var firstSequence = Long.parseUnsignedLong(name.group(2), 16);
        if (firstSequence < 0) {
            return Optional.empty();
        }
        var segment = new Segment(number, firstSequence, entry.sizeBytes());
        segment.sealed = true; // what a crash left open is ended before it is used
        return Optional.of(segment);
    }

    @Override
    public String toString() {
        return name();
    }
}
