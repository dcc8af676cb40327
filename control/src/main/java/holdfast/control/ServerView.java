package holdfast.control;

import holdfast.replication.AgentReport;
import holdfast.volume.ConsistencyPoint;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// A server with how it is doing now.
///
/// @param extension if it is one
/// @param reversal if it is one
/// @param opposite the id of the server that replicates the other way
/// @param certificateExpiresAt of the newest certificate that the agent has shown to this process,
///   or was given by it; empty before its first session with it
/// @param lastSeenAt of the agent, exact while this process listens to it
/// @param report the newest of the agent
/// @param newestPoint the newest durable consistency point
/// @param lagMillis now minus the newest point's instant, that instant placed on our clock; empty
///   while there is no point
/// @param storageClass of the staging area that its replica is in; empty while it has none
/// @param clockSkewMillis source clock minus ours when the last report came; empty before it
/// @param lostConnections of the agent within the last [#LOSSES_WITHIN], after which it went on
public record ServerView(
        SourceServer server,
        Optional<Extension.View> extension,
        Optional<Reversal> reversal,
        Optional<String> opposite,
        Optional<Instant> certificateExpiresAt,
        Optional<Instant> lastSeenAt,
        Optional<AgentReport> report,
        Optional<ConsistencyPoint> newestPoint,
        Optional<Long> lagMillis,
        Optional<String> storageClass,
        Optional<Long> clockSkewMillis,
        int lostConnections) {
    /// Within it connections of the agent are counted that were lost.
    public static final Duration LOSSES_WITHIN = ConnectionLosses.WINDOW;

    /// Clocks that are kept by NTP differ by less, as does what a report takes on its way.
    private static final long CLOCKS_AGREE_MILLIS = 1000;

    private static final long NANOS_PER_MILLI = 1_000_000;

    /// Whether connections are lost too often for an accident.
    public boolean networkUnstable() {
        return lostConnections >= ConnectionLosses.UNSTABLE;
    }

    /// Changed on the source and not yet durable here.
    public long backlogBytes() {
        return report.stream()
                .flatMap(newest -> newest.disks().stream())
                .mapToLong(AgentReport.Disk::backlogBytes)
                .sum();
    }

    /// What is reported is never less than the truth, whatever of these is wrong. The source's
    /// clock may be: so the instant is placed by how old it was when the agent let go of it. The
    /// way here may have taken long, through a queue or a network that was cut: so it is placed by
    /// the difference of the clocks, too, as far as that is known; and where they agree, as it is.
    /// The earliest counts. Never negative: a clock set back does not make us early.
    ///
    /// @param skewMillis source clock minus ours, or less; empty if not known
    static long lagMillis(ConsistencyPoint newest, Instant now, Optional<Long> skewMillis) {
        var placed = newest.durableAt().minusMillis(newest.ageMillis());
        if (skewMillis.isPresent()) {
            var skew = skewMillis.get();
            placed = earlier(placed, newest.instant().minusMillis(skew));
            if (Math.abs(skew) <= CLOCKS_AGREE_MILLIS) {
                placed = earlier(placed, newest.instant());
            }
        }
        var lag = Duration.between(placed, now).plusNanos(NANOS_PER_MILLI - 1); // rounded up
        return Math.max(0, lag.toMillis());
    }

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }
}
