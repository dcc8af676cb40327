package holdfast.volume;

/// What a scrub read and found.
public record ScrubReport(int filesRead, long bytesRead, long extentsChecked, int damagedPlaces) {}
