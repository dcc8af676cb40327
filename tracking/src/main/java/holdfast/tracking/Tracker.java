package holdfast.tracking;

import holdfast.base.BlockSet;
import java.util.List;
import java.util.Optional;

/// Knows which blocks of a server's disks changed. One tracker covers all disks of a server, so
/// that one flip is one instant for all of them.
///
/// The caller works through *pending* sets: [#flip] adds what changed, the caller removes what the
/// replicator holds on stable storage. Where the kernel keeps the sets ([Kind#EBPF]), they survive
/// the death of the agent, so that a new one goes on where the old one was.
///
/// Used by one thread; whoever made it closes it. Closing leaves tracking on where it survives the
/// process; [#discard] ends it.
public interface Tracker extends AutoCloseable {
    /// How changes are found.
    enum Kind {
        /// Dirty bitmaps kept in the kernel by eBPF programs on the block layer's tracepoints.
        EBPF,
        /// Everything may have changed: compare by hash.
        SCAN
    }

    Kind kind();

    /// Which tracker this is and, if it is not the best one, why not, in one line for the user.
    String explanation();

    /// In the order in which indexes are used below.
    List<TrackedDisk> disks();

    /// Blocks of the disk that changed and are not known to be held by the replicator. The live
    /// set: removing from it is durable against the agent's death at once, where the kernel keeps
    /// it.
    BlockSet pending(int disk);

    /// What the last flip added to the pending set, whether it was there before or not; good until
    /// the next one. No write to another block completed between the flip before and the last.
    BlockSet changed(int disk);

    /// Blocks that changed since the last flip and are not pending yet, so that they can be told of
    /// before the next flip; zero where only a look at the disk can tell. Walks all bits of the
    /// disk.
    long changedSinceFlip(int disk);

    /// Whether the disk's pending set holds everything that changed since the memo was written.
    /// Empty if so; otherwise why not: a new tracker, a reboot, lost events, a resized disk. Then
    /// the caller adds all blocks to pending, compares them by hash, and calls [#trust]. To be
    /// asked after every flip. Without trust a tracker need not prove anything: [Flip#isProven] may
    /// say no.
    Optional<String> distrust(int disk);

    /// The caller has taken note of the distrust and added all blocks to pending.
    void trust(int disk);

    /// Whatever the agent last left with [#memo(byte[])]; empty for a new tracker.
    byte[] memo();

    /// Bytes that the memo holds at most.
    int MEMO_BYTES_MAX = 1024;

    /// Keeps a note of the agent's (which replica, which round, which phase) exactly as long as the
    /// pending sets are kept.
    void memo(byte[] note);

    /// Begins a round: fixes the instant and adds every block whose write completed before it to
    /// the pending sets. On return, reading those blocks may begin.
    ///
    /// @throws TrackerException if the tracker can no longer do its work
    Flip flip() throws TrackerException;

    /// Ends tracking and frees what the kernel keeps.
    void discard();

    @Override
    void close();
}
