package holdfast.volume;

import holdfast.base.BlockRun;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// A staging area as whoever follows a branch sees it: its consistency points, and which blocks
/// changed from one to another. Nothing here changes data. Safe for any thread.
///
/// Unknown volumes are [holdfast.base.RefusalException]s; the world's faults are [StoreException]s.
public interface BranchStore {
    /// Records a consistency point of an owner's branches: all of them as they are at one position
    /// of the journal. Since the journal holds writes in the order in which they were acknowledged,
    /// that is a state which a power cut could have left. Durable on return.
    ///
    /// @throws NoRoomException while the staging area is full
    /// @throws StoreException if writes to one of them may be missing, since the journal was
    ///   damaged
    ConsistencyPoint branchPoint(String owner) throws IOException;

    /// A recoverable point by its sequence.
    Optional<ConsistencyPoint> point(String owner, long sequence) throws IOException;

    /// The volume as it was at a point's sequence.
    VolumeView view(VolumeId id, long sequence) throws IOException;

    /// Which blocks read differently in two views of one volume, in ascending order, at a cost that
    /// grows with what changed and not with the volume. A block that was written with what it held
    /// is named, too.
    ///
    /// @param fromBlock blocks before it are passed over
    /// @param runsMax end after so many runs: those that come next lie behind the last one
    List<BlockRun> changes(VolumeView older, VolumeView newer, long fromBlock, int runsMax)
            throws IOException;
}
