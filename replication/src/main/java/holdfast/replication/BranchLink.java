package holdfast.replication;

import holdfast.base.BlockRun;
import holdfast.format.PackedExtent;
import java.io.IOException;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// The failback client's session with the replicator that serves a recovery instance's branches.
///
/// Answers come in the order of the questions; after any [IOException] the link is dead: close it,
/// and open another. Whoever opened it closes it.
public interface BranchLink extends AutoCloseable {
    /// Blocks that one [#pull] may ask for.
    int PULL_BLOCKS_MAX = 1024;

    /// What the replicator said when the session began.
    ReplicationLink.Session session();

    /// Has the instance's next consistency point taken. Whatever is asked after it is about that
    /// point.
    ///
    /// @param since sequence of the point that the disks equal, or equalled before they were last
    ///   written to; below zero if they never did
    CompletableFuture<BranchPoint> takePoint(long since) throws IOException, InterruptedException;

    /// Which blocks changed from the point `since` to the one that was taken; only where the
    /// replicator said that it knows.
    ///
    /// @param firstBlock blocks before it are passed over
    CompletableFuture<Changes> changes(int disk, long firstBlock)
            throws IOException, InterruptedException;

    /// Asks which pieces of a branch differ; as [ReplicationLink#compare].
    CompletableFuture<BitSet> compare(
            int disk, long firstBlock, long blockCount, int blocksPerDigest, List<byte[]> digests)
            throws IOException, InterruptedException;

    /// Asks for blocks, as they are at the point.
    ///
    /// @param runs in ascending order, of at most [#PULL_BLOCKS_MAX] blocks together and at most 64
    ///   each
    /// @return one extent for each run, in order; to be unpacked and checked
    CompletableFuture<List<PackedExtent>> pull(int disk, List<BlockRun> runs)
            throws IOException, InterruptedException;

    /// Says that the disks equal a point, on stable storage.
    ///
    /// @return completes once that is recorded
    CompletableFuture<Void> endRound(
            long sequence, boolean consistent, boolean frozen, Instant instant, long ageMillis)
            throws IOException, InterruptedException;

    /// Says what reading all disks back has found.
    ///
    /// @param disks in the order of the session
    /// @return completes once that is recorded
    CompletableFuture<Void> verified(long sequence, List<ComparedDisk> disks)
            throws IOException, InterruptedException;

    void report(AgentReport report) throws IOException, InterruptedException;

    /// Bytes written to the network since the session began, frames and all.
    long sentBytes();

    /// Bytes read from the network since the session began, frames and all.
    long receivedBytes();

    /// Completes exceptionally when the link dies.
    CompletableFuture<Void> closed();

    @Override
    void close();

    /// A consistency point of the instance.
    ///
    /// @param changesKnown whether the replicator can tell what changed since the point asked about
    /// @param last whether the instance has stopped, so that nothing comes after it
    record BranchPoint(long sequence, Instant instant, boolean changesKnown, boolean last) {}

    /// @param runs in ascending order
    /// @param complete whether nothing changed behind the last one
    record Changes(List<BlockRun> runs, boolean complete) {
        public Changes {
            runs = List.copyOf(runs);
        }
    }
}
