package holdfast.volume;

import java.time.Duration;
import java.util.List;

/// Which consistency points are kept beyond the journal window. Each rule keeps the newest point of
/// every interval for a time; what any rule keeps is kept.
public record SnapshotPolicy(List<Rule> rules) {
    /// Every 10 minutes for an hour, every hour for a day, every day for a week: the default of AWS
    /// Elastic Disaster Recovery.
    public static final SnapshotPolicy DEFAULT =
            new SnapshotPolicy(
                    List.of(
                            new Rule(Duration.ofMinutes(10), Duration.ofHours(1)),
                            new Rule(Duration.ofHours(1), Duration.ofDays(1)),
                            new Rule(Duration.ofDays(1), Duration.ofDays(7))));

    public SnapshotPolicy {
        rules = List.copyOf(rules);
    }

    /// @param every length of the intervals, which are aligned to the epoch in UTC
    /// @param keptFor how long the newest point of each is kept
    public record Rule(Duration every, Duration keptFor) {
        public Rule {
            if (!every.isPositive() || keptFor.compareTo(every) < 0) {
                throw new IllegalArgumentException(
                        "a rule keeps at least one interval: every " + every + " for " + keptFor);
            }
        }
    }
}
