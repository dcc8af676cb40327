package holdfast.volume;

import holdfast.format.SegmentIndex;
import java.time.Instant;
import java.util.Optional;

/// Which points the snapshot policy keeps: pure.
final class Retention {
    private Retention() {}

    /// Whether a rule keeps the point: it is the last one of an interval that has ended, and the
    /// rule's time for it has not passed.
    ///
    /// @param next the owner's next point; without one the interval has not ended
    static boolean keeps(
            SnapshotPolicy policy,
            SegmentIndex.Point point,
            Optional<SegmentIndex.Point> next,
            Instant now) {
        if (next.isEmpty()) {
            return false;
        }
        var at = Points.instant(point).toEpochMilli();
        var nextAt = Points.instant(next.get()).toEpochMilli();
        for (var rule : policy.rules()) {
            var every = rule.every().toMillis();
            var last = Math.floorDiv(at, every) != Math.floorDiv(nextAt, every);
            if (last && now.toEpochMilli() - at <= rule.keptFor().toMillis()) {
                return true;
            }
        }
        return false;
    }
}
