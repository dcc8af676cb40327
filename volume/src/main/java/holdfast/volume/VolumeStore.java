package holdfast.volume;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import javax.crypto.SecretKey;

/// One staging area, or several of different storage classes seen as one. Safe for any thread.
/// Whoever opened it closes it, after all views, branches and users of it.
///
/// Unknown volumes and names in use are [holdfast.base.RefusalException]s; the world's faults are
/// [StoreException]s.
public interface VolumeStore extends ReplicaStore, BranchStore, AutoCloseable {
    /// The storage class of the staging area that takes what no other one is for.
    String DEFAULT_CLASS = "STANDARD";

    /// Makes an empty volume with a data key of its own; durable on return.
    Volume create(String owner, String name, long sizeBytes) throws IOException;

    /// Makes such a volume in the staging area of a storage class, or in the default one where
    /// there is none of that class. All volumes of one owner are in one staging area, since a
    /// consistency point is one record of one journal: the class counts for an owner's first
    /// volume, and the others go where that is. Volumes of one owner are made one after the other.
    default Volume create(String owner, String name, long sizeBytes, String storageClass)
            throws IOException {
        return create(owner, name, sizeBytes);
    }

    /// The class of the staging area that the owner's volumes are in; empty if it has none.
    Optional<String> storageClass(String owner);

    /// The staging areas that this one consists of, the default one first.
    default List<StagingArea> areas() {
        return List.of(new StagingArea(DEFAULT_CLASS, this));
    }

    /// How the staging area is doing; of several, the default one.
    StoreStatus status();

    /// Follows a source disk that has grown; durable on return. Volumes do not shrink.
    Volume grow(VolumeId id, long sizeBytes) throws IOException;

    /// Destroys the volume's data key and forgets the volume; durable on return. Its room is
    /// reclaimed later. Refused while it has branches or open views.
    void delete(VolumeId id) throws IOException;

    Optional<Volume> find(VolumeId id);

    /// All volumes and branches.
    List<Volume> volumes();

    /// Points inside the journal window, and snapshots, with `from <= instant <= to`, oldest first.
    ///
    /// @param limit return at most so many, the newest ones
    List<ConsistencyPoint> points(String owner, Instant from, Instant to, int limit)
            throws IOException;

    /// The newest point at or before the instant that is still recoverable.
    Optional<ConsistencyPoint> pointAt(String owner, Instant at) throws IOException;

    /// Sets which points are kept as snapshots beyond the journal window; durable on return.
    void snapshotPolicy(String owner, SnapshotPolicy policy) throws IOException;

    SnapshotPolicy snapshotPolicy(String owner);

    /// Says which encryption key wraps the data keys of an owner's volumes, until the store is
    /// closed: of those that are made from now on, and of those there are and their branches, whose
    /// data keys are wrapped anew where another key wraps them. Nothing else is written, the data
    /// stays as it is. Durable on return; whatever interrupts it, each data key is wrapped by the
    /// one key or the other, and the next call goes on.
    ///
    /// @param key empty for the master key, which it is where nothing was said
    /// @throws holdfast.base.RefusalException if there is no such encryption key
    /// @throws DamagedDataException if a data key cannot be unwrapped now, see [#keyFault]
    void encryptionKey(String owner, Optional<UUID> key) throws IOException;

    /// Why the volume's data key cannot be had: it is damaged, or the encryption key that wraps it
    /// is missing. Then nothing of the volume is read, and nothing added. Empty if all is well.
    Optional<String> keyFault(VolumeId id) throws IOException;

    /// Makes a writable child of the volume at a point's sequence, at a cost that does not depend
    /// on the volume's size; durable on return. What wraps its parent's data key wraps its own.
    Volume branch(VolumeId parent, long sequence, String owner, String name) throws IOException;

    /// A handle on a branch.
    Branch openBranch(VolumeId id) throws IOException;

    /// One pass of dropping what no kept point, snapshot, branch or open view reaches.
    ReclaimReport reclaim() throws IOException;

    /// Reads every stored byte once and checks it. What is stored twice, keys above all, is
    /// afterwards in two sound copies again.
    ///
    /// @param found is told of each damaged place as it is met
    ScrubReport scrub(Consumer<Damage> found) throws IOException;

    /// A key of the installation's own for another purpose than volumes, derived from the master
    /// key: 32 bytes, the same after every opening.
    ///
    /// @param purpose one word for one use; keys of different purposes tell nothing of each other
    SecretKey derivedKey(String purpose);

    /// Writes out what is waiting and checkpoints, so that the next opening reads no tail.
    @Override
    void close() throws IOException;
}
