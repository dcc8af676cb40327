package holdfast.volume;

import java.util.Optional;

/// An object of the journal: a segment as it was written, or what reclaim left of some that follow
/// each other. It covers the segment numbers from its first to its last; of two that cover the same
/// number only one counts.
sealed interface StoredSegment permits Segment, MergedSegment {
    String FOLDER = "segments";

    long firstNumber();

    long lastNumber();

    /// How often these numbers were written again; 0 as they were written first.
    int generation();

    /// Of the object.
    long sizeBytes();

    /// Of the object, without the folder; it tells a listing which numbers are where.
    String name();

    default String path() {
        return FOLDER + "/" + name();
    }

    default boolean covers(long number) {
        return firstNumber() <= number && number <= lastNumber();
    }

    /// Whether it covers every number that the other does.
    default boolean contains(StoredSegment other) {
        return firstNumber() <= other.firstNumber() && other.lastNumber() <= lastNumber();
    }

    /// Empty if the name is not a segment's.
    static Optional<StoredSegment> parse(StagingStorage.Entry entry) {
        return Segment.parse(entry)
                .<StoredSegment>map(segment -> segment)
                .or(() -> MergedSegment.parse(entry));
    }
}
