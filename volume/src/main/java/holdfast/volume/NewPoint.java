package holdfast.volume;

import java.time.Instant;
import java.util.Optional;

/// What the agent says of a consistency point that is to be recorded; see [ConsistencyPoint].
///
/// @param replica the [ReplicaStore#identity] that the agent's replicas had when it was shown them;
///   empty if whoever makes the point has compared nothing
public record NewPoint(
        String owner,
        Instant instant,
        long ageMillis,
        long round,
        boolean frozen,
        Optional<String> replica) {
    /// Of whoever has compared nothing.
    public NewPoint(String owner, Instant instant, long ageMillis, long round, boolean frozen) {
        this(owner, instant, ageMillis, round, frozen, Optional.empty());
    }
}
