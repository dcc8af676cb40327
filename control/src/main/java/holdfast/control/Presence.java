package holdfast.control;

import holdfast.replication.AgentReport;
import java.time.Instant;
import java.util.Optional;

/// What this process knows of an agent from listening to it; gone with the process, but for what is
/// written of it every half minute.
///
/// @param sessions open ones; an agent that reconnects may for a moment have two
/// @param seenAt by our clock, to show
/// @param seenNanos by the monotonic clock, to measure
/// @param savedNanos when [#seenAt] was last written
/// @param clockSkewMillis source clock minus ours when the last report came
record Presence(
        int sessions,
        Instant seenAt,
        long seenNanos,
        long savedNanos,
        Optional<AgentReport> report,
        long clockSkewMillis) {
    Presence session(int change) {
        return new Presence(
                Math.max(0, sessions + change),
                seenAt,
                seenNanos,
                savedNanos,
                report,
                clockSkewMillis);
    }

    Presence seen(Instant now, long nanos) {
        return new Presence(sessions, now, nanos, savedNanos, report, clockSkewMillis);
    }

    Presence saved(long nanos) {
        return new Presence(sessions, seenAt, seenNanos, nanos, report, clockSkewMillis);
    }

    Presence reported(AgentReport newest) {
        var skew = newest.clockMillis() - seenAt.toEpochMilli();
        return new Presence(sessions, seenAt, seenNanos, savedNanos, Optional.of(newest), skew);
    }
}
