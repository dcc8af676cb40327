package holdfast.control;

import holdfast.replication.AgentReport;
import java.time.Instant;
import java.util.Optional;

/// What this process knows of an agent from listening to it; gone with the process, but for what is
/// written of it every few minutes.
///
/// @param sessions open ones; an agent that reconnects may for a moment have two
/// @param seenAt by our clock, to show
/// @param seenNanos by the monotonic clock, to measure
/// @param savedNanos when [#seenAt] was last written
/// @param clockSkewMillis source clock minus ours when the last report came
/// @param promptSkewMillis the greatest of those, hence that of the report which was least delayed
///   on its way
record Presence(
        int sessions,
        Instant seenAt,
        long seenNanos,
        long savedNanos,
        Optional<AgentReport> report,
        long clockSkewMillis,
        Optional<Long> promptSkewMillis) {
    Presence session(int change) {
        return new Presence(
                Math.max(0, sessions + change),
                seenAt,
                seenNanos,
                savedNanos,
                report,
                clockSkewMillis,
                promptSkewMillis);
    }

    Presence seen(Instant now, long nanos) {
        return new Presence(
                sessions, now, nanos, savedNanos, report, clockSkewMillis, promptSkewMillis);
    }

    Presence saved(long nanos) {
        return new Presence(
                sessions, seenAt, seenNanos, nanos, report, clockSkewMillis, promptSkewMillis);
    }

    /// Without what was reported.
    Presence silent() {
        return new Presence(
                sessions, seenAt, seenNanos, savedNanos, Optional.empty(), 0, Optional.empty());
    }

    Presence reported(AgentReport newest) {
        var skew = newest.clockMillis() - seenAt.toEpochMilli();
        var prompt = Math.max(skew, promptSkewMillis.orElse(skew));
        return new Presence(
                sessions,
                seenAt,
                seenNanos,
                savedNanos,
                Optional.of(newest),
                skew,
                Optional.of(prompt));
    }
}
