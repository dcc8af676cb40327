package holdfast.volume;

/// What a scrub read and found.
public record ScrubReport(int filesRead, long bytesRead, long extentsChecked, int damagedPlaces) {
    ScrubReport plus(ScrubReport other) {
        return new ScrubReport(
                filesRead + other.filesRead,
                bytesRead + other.bytesRead,
                extentsChecked + other.extentsChecked,
                damagedPlaces + other.damagedPlaces);
    }
}
