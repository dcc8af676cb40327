package holdfast.control;

import holdfast.replication.AgentReport;
import holdfast.volume.ConsistencyPoint;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// A server with how it is doing now.
///
/// @param lastSeenAt of the agent, exact while this process listens to it
/// @param report the newest of the agent
/// @param newestPoint the newest durable consistency point
/// @param lagMillis now minus the newest point's instant, that instant placed on our clock; empty
///   while there is no point
/// @param clockSkewMillis source clock minus ours when the last report came; empty before it
public record ServerView(
        SourceServer server,
        Optional<Instant> lastSeenAt,
        Optional<AgentReport> report,
        Optional<ConsistencyPoint> newestPoint,
        Optional<Long> lagMillis,
        Optional<Long> clockSkewMillis) {
    /// Changed on the source and not yet durable here.
    public long backlogBytes() {
        return report.stream()
                .flatMap(newest -> newest.disks().stream())
                .mapToLong(AgentReport.Disk::backlogBytes)
                .sum();
    }

    /// The source's clock may be wrong, ours may not agree with it; so the instant is placed by how
    /// old it was when it reached us. Never negative: a clock set back does not make us early.
    static long lagMillis(ConsistencyPoint newest, Instant now) {
        var instantOnOurClock = newest.durableAt().minusMillis(newest.ageMillis());
        return Math.max(0, Duration.between(instantOnOurClock, now).toMillis());
    }
}
