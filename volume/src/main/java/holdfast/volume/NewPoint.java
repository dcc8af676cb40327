package holdfast.volume;

import java.time.Instant;

/// What the agent says of a consistency point that is to be recorded; see [ConsistencyPoint].
public record NewPoint(String owner, Instant instant, long ageMillis, long round, boolean frozen) {}
