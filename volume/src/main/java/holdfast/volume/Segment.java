package holdfast.volume;

import holdfast.format.SegmentIndex;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One segment of the journal, as the store knows it. Safe for any thread.
final class Segment {
    static final String FOLDER = "segments";

    final long number;
    final long firstSequence;

    /// Grows when the segment is compacted: 0 as written. It is part of the object's name, so that
    /// whoever reads takes name and meaning of offsets together.
    private volatile Generation generation;

    /// Present while it is being written, and afterwards as long as it is worth the memory.
    volatile @Nullable SegmentIndex index;

    /// Whether nothing is appended to it any more.
    volatile boolean sealed;

    Segment(long number, long firstSequence, int generation, long sizeBytes) {
        this.number = number;
        this.firstSequence = firstSequence;
        this.generation = new Generation(generation, sizeBytes, null);
    }

    /// @param number 0 as written, above it once compacted
    /// @param sizeBytes of the object
    /// @param table of a compacted segment, once it was needed
    record Generation(int number, long sizeBytes, @Nullable CompactedSegment table) {}

    Generation generation() {
        return generation;
    }

    void generation(Generation changed) {
        generation = changed;
    }

    long sizeBytes() {
        return generation.sizeBytes();
    }

    /// Called by the one thread that appends to it.
    void sizeBytes(long sizeBytes) {
        generation = new Generation(0, sizeBytes, null);
    }

    /// Name of the object, without the folder: number, first sequence and generation in hex, so
    /// that a listing tells what is where.
    String name() {
        return name(generation.number());
    }

    private String name(int ofGeneration) {
        return String.format(
                Locale.ROOT, "%08x-%016x-%04x.seg", number, firstSequence, ofGeneration);
    }

    String path() {
        return path(generation.number());
    }

    String path(int ofGeneration) {
        return FOLDER + "/" + name(ofGeneration);
    }

    /// Empty if the name is not a segment's.
    static Optional<Segment> parse(StagingStorage.Entry entry) {
        var name = entry.name();
        if (!name.matches("[0-9a-f]{8}-[0-9a-f]{16}-[0-9a-f]{4}\\.seg")) {
            return Optional.empty();
        }
        return Optional.of(
                new Segment(
                        Long.parseLong(name.substring(0, 8), 16),
                        Long.parseLong(name.substring(9, 25), 16),
                        Integer.parseInt(name.substring(26, 30), 16),
                        entry.sizeBytes()));
    }

    @Override
    public String toString() {
        return name();
    }
}
