package holdfast.volume;

import holdfast.format.PackedExtent;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// A staging area as whoever replicates into it sees it: it can be added to and compared with.
/// Nothing here makes, branches or deletes a volume, so a peer's requests cannot. Safe for any
/// thread.
///
/// Unknown volumes are [holdfast.base.RefusalException]s; the world's faults are [StoreException]s.
public interface ReplicaStore {
    /// Code of the refusal of an append to a volume whose data key cannot be had: it is damaged, or
    /// the encryption key that wraps it was taken away.
    String KEY_MISSING = "volume-key-missing";

    /// Code of the refusal of a point: a part of the owner's volumes was lost since its agent
    /// compared its disks with them.
    String REPLICA_DAMAGED = "replica-damaged";

    /// Identity of the owner's replicas: of the staging area that they are in, and another one
    /// whenever a part of them was lost. An agent that meets another identity than before must not
    /// trust what it knows of its replicas.
    String identity(String owner);

    /// Gives up what damage keeps the owner's volumes from finding, so that the blocks can be sent
    /// again: until then they read as zeros, and [#identity] is another one. Without effect if all
    /// is well. To be called before an agent is shown its replicas.
    void mend(String owner) throws IOException;

    /// Appends extents of one volume, in order, after all that was appended to it before. Blocks
    /// while too much is waiting to be written.
    ///
    /// @return completes with the last extent's sequence once all are on stable storage. While the
    ///   staging area is full it stays open, and completes when there is room again
    CompletableFuture<Long> append(VolumeId id, List<PackedExtent> extents)
            throws InterruptedException;

    /// Records that the owner's volumes are consistent as of everything appended so far. Fails with
    /// the refusal [#REPLICA_DAMAGED] if they are not what the point says they are.
    ///
    /// @return completes once it and all before it are on stable storage
    CompletableFuture<ConsistencyPoint> appendPoint(NewPoint point) throws InterruptedException;

    Optional<ConsistencyPoint> newestPoint(String owner);

    /// The volume as of now, consistent or not, with everything whose append has completed: what a
    /// rescan compares with. Does not wait for what is still to be written.
    VolumeView head(VolumeId id) throws IOException;

    /// Whether what is appended to the owner's volumes is acknowledged.
    StoreStatus.Condition condition(String owner);
}
