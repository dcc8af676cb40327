package holdfast.control;

import holdfast.volume.SnapshotPolicy;
import java.util.Optional;
import java.util.UUID;

/// How a server is replicated.
///
/// @param limitBytesPerSecond that its agent may send; zero for no limit but the agent's own
/// @param policy which of its points are kept beyond the journal window
/// @param encryptionKey that wraps the data keys of its volumes; empty for the master key
/// @param staging on which kind of disks its replica is kept, from when it is made anew
/// @param document what an outer API keeps with it in words of its own, as JSON; nothing here acts
///   on it, and there is none if it is empty
public record ReplicationSettings(
        long limitBytesPerSecond,
        SnapshotPolicy policy,
        Optional<UUID> encryptionKey,
        StagingTypes staging,
        String document) {
    public ReplicationSettings {
        if (limitBytesPerSecond < 0) {
            throw new IllegalArgumentException(
                    "limit of " + limitBytesPerSecond + " bytes a second");
        }
    }

    /// In the default staging area, under the master key.
    public ReplicationSettings(long limitBytesPerSecond, SnapshotPolicy policy, String document) {
        this(limitBytesPerSecond, policy, Optional.empty(), StagingTypes.NONE, document);
    }

    boolean uses(UUID key) {
        return encryptionKey.equals(Optional.of(key));
    }

    public ReplicationSettings encryptedBy(Optional<UUID> key) {
        return new ReplicationSettings(limitBytesPerSecond, policy, key, staging, document);
    }
}
