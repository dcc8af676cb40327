package holdfast.volume;

/// What one pass of reclaim did.
///
/// @param segmentsDeleted of which nothing was reached any more
/// @param segmentsMerged written anew, without what was not reached, alone or several as one
/// @param freedBytes given back; below 0 if less than the tables of merged segments take
/// @param writtenBytes of merged segments
/// @param keptBytes of all segments afterwards
public record ReclaimReport(
        int segmentsDeleted,
        int segmentsMerged,
        long freedBytes,
        long writtenBytes,
        long keptBytes) {
    public static final ReclaimReport NOTHING = new ReclaimReport(0, 0, 0, 0, 0);

    ReclaimReport plus(ReclaimReport other) {
        return new ReclaimReport(
                segmentsDeleted + other.segmentsDeleted,
                segmentsMerged + other.segmentsMerged,
                freedBytes + other.freedBytes,
                writtenBytes + other.writtenBytes,
                keptBytes);
    }

    ReclaimReport keeping(long bytes) {
        return new ReclaimReport(segmentsDeleted, segmentsMerged, freedBytes, writtenBytes, bytes);
    }
}
