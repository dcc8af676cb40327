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

    /// Identity of the staging area that the owner's volumes are in, made with it and never
    /// changed. An agent that meets another identity than before must not trust what it knows of
    /// its replicas.
    String identity(String owner);

    /// Appends extents of one volume, in order, after all that was appended to it before. Blocks
    /// while too much is waiting to be written.
    ///
    /// @return completes with the last extent's sequence once all are on stable storage. While the
    ///   staging area is full it stays open, and completes when there is room again
    CompletableFuture<Long> append(VolumeId id, List<PackedExtent> extents)
            throws InterruptedException;

    /// Records that the owner's volumes are consistent as of everything appended so far.
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
