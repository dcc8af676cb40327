package holdfast.volume;

/// What one pass of reclaim did.
public record ReclaimReport(
        int segmentsDeleted, int segmentsCompacted, long freedBytes, long keptBytes) {}
