package holdfast.control;

import holdfast.volume.SnapshotPolicy;

/// How a server is replicated.
///
/// @param limitBytesPerSecond that its agent may send; zero for no limit but the agent's own
/// @param policy which of its points are kept beyond the journal window
/// @param document what an outer API keeps with it in words of its own, as JSON; nothing here acts
///   on it, and there is none if it is empty
public record ReplicationSettings(
        long limitBytesPerSecond, SnapshotPolicy policy, String document) {
    public ReplicationSettings {
        if (limitBytesPerSecond < 0) {
            throw new IllegalArgumentException(
                    "limit of " + limitBytesPerSecond + " bytes a second");
        }
    }
}
