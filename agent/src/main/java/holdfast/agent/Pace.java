package holdfast.agent;

import holdfast.tracking.Tracker;
import java.time.Duration;

/// When the next round begins.
///
/// Rounds that make a point start once an interval. A round that takes longer is followed by a rest
/// of a quarter of its time, so that the agent never has a processor for itself, unless the
/// interval would stretch past its limit. A round that conflicted is followed at once by another,
/// which finds less to read and so less to conflict with; if that does not help either, with
/// pauses.
final class Pace {
    private static final int HASTY_TRIES = 5;

    /// A scan reads all disks to the end; half of the time it leaves them alone, however large they
    /// are.
    private static final Duration SCAN_INTERVAL_MAX = Duration.ofDays(1);

    private final Duration interval;
    private final Duration intervalMax;
    private final int hastyTries;
    private final int restQuarters;
    private int failures;

    /// @param interval from instant to instant when there is little to do
    /// @param intervalMax how far it may stretch
    /// @param hastyTries rounds that follow a conflict at once
    /// @param restQuarters rest after a long round, in quarters of its time
    private Pace(Duration interval, Duration intervalMax, int hastyTries, int restQuarters) {
        this.interval = interval;
        this.intervalMax = intervalMax;
        this.hastyTries = hastyTries;
        this.restQuarters = restQuarters;
    }

    static Pace of(Tracker.Kind tracker, AgentSettings.Pacing pacing) {
        return switch (tracker) {
            case EBPF -> new Pace(pacing.interval(), pacing.intervalMax(), HASTY_TRIES, 1);
            case SCAN -> new Pace(pacing.interval(), SCAN_INTERVAL_MAX, 0, 4);
        };
    }

    /// @param busy how long the round took
    /// @return how long to wait after its end
    Duration after(RoundOutcome outcome, Duration busy) {
        return switch (outcome) {
            case CONSISTENT -> {
                failures = 0;
                yield positive(stretched(busy).minus(busy));
            }
            case PARTIAL -> Duration.ZERO;
            case CONFLICTED -> {
                failures++;
                yield failures <= hastyTries ? Duration.ZERO : breather(busy);
            }
            case UNREADABLE -> interval;
        };
    }

    /// As long as the round took, and not so many rounds that the replicator has to store each.
    private Duration breather(Duration busy) {
        var shortest = interval.dividedBy(10);
        return busy.compareTo(shortest) < 0 ? shortest : least(busy, intervalMax);
    }

    private Duration stretched(Duration busy) {
        var withRest = busy.plus(busy.multipliedBy(restQuarters).dividedBy(4));
        return withRest.compareTo(interval) > 0 ? least(withRest, intervalMax) : interval;
    }

    private static Duration least(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private static Duration positive(Duration pause) {
        return pause.isNegative() ? Duration.ZERO : pause;
    }
}
