package holdfast.volume;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// What reclaim left of the segments with these numbers, in one object (docs/formats/segment.md,
/// "Merged segment"). Whatever is not in it of them was not reached any more.
///
/// @param generation 1 for the first object of exactly these numbers, one more for each that
///   replaces it
record MergedSegment(long firstNumber, long lastNumber, int generation, long sizeBytes)
        implements StoredSegment {
    private static final Pattern NAME =
            Pattern.compile("([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{4})\\.seg");

    /// As the name has room for. An object is replaced by one of the same numbers only when that
    /// halves it, so no more than some thirty ever come.
    private static final int GENERATION_MAX = 0xffff;

    MergedSegment {
        if (firstNumber < 0
                || lastNumber < firstNumber
                || generation < 1
                || generation > GENERATION_MAX) {
            throw new IllegalArgumentException(
                    "generation "
                            + generation
                            + " of segments "
                            + firstNumber
                            + " to "
                            + lastNumber);
        }
    }

    @Override
    public String name() {
        return String.format(
                Locale.ROOT, "%08x-%08x-%04x.seg", firstNumber, lastNumber, generation);
    }

    /// Empty if the name is not a merged segment's.
    static Optional<MergedSegment> parse(StagingStorage.Entry entry) {
        var name = NAME.matcher(entry.name());
        if (!name.matches()) {
            return Optional.empty();
        }
        var first = Long.parseLong(name.group(1), 16);
        var last = Long.parseLong(name.group(2), 16);
        var generation = Integer.parseInt(name.group(3), 16);
        return first > last || generation == 0
                ? Optional.empty()
                : Optional.of(new MergedSegment(first, last, generation, entry.sizeBytes()));
    }
}
