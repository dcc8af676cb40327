package holdfast.agent;

import holdfast.base.BlockSet;
import holdfast.base.Blocks;
import holdfast.base.linux.LinuxMemory;
import holdfast.tracking.Flip;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// One disk while a link to its replica is open: what is known of the replica, and what the round
/// under way has read. Used by the replicating thread alone; borrows the source.
///
/// Its three sets take a bit a block, outside the heap and only where bits were ever set: at most
/// 96 MiB a TiB of disk together.
final class ReplicatedDisk {
    private final int index;
    private final String name;
    private final long sizeBytes;
    private final SourceDisk source;
    private final BlockSet read;
    private final BlockSet conflicts;
    private final BlockSet covered;
    private DiskMemo memo;
    private long drainFrom;

    /// @param arena holds the sets
    ReplicatedDisk(int index, String name, long sizeBytes, SourceDisk source, Arena arena)
            throws IOException {
        this.index = index;
        this.name = name;
        this.sizeBytes = sizeBytes;
        this.source = source;
        this.memo = new DiskMemo(0, Phase.COMPARE, 0, false);
        this.read = sparseSet(blockCount(), arena);
        this.conflicts = sparseSet(blockCount(), arena);
        this.covered = sparseSet(blockCount(), arena);
    }

    private static BlockSet sparseSet(long blockCount, Arena arena) throws IOException {
        var bytes = BlockSet.wordCount(blockCount) * Long.BYTES;
        return BlockSet.empty(LinuxMemory.sparse(bytes, arena), blockCount);
    }

    int index() {
        return index;
    }

    String name() {
        return name;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    SourceDisk source() {
        return source;
    }

    long blockCount() {
        return Blocks.count(sizeBytes);
    }

    /// As the user sees it.
    ///
    /// @param pendingBlocks changed and not known to be stable, whether a flip took them up or not
    StatusBoard.DiskStand stand(long pendingBlocks) {
        return StatusBoard.DiskStand.of(name, sizeBytes, memo, pendingBlocks);
    }

    /// Says nothing until the session has decided on it.
    DiskMemo memo() {
        return memo;
    }

    void memo(DiskMemo newMemo) {
        memo = newMemo;
    }

    /// Where draining a backlog goes on, so that low blocks do not keep high ones waiting.
    long drainFrom() {
        return drainFrom;
    }

    void drainFrom(long block) {
        drainFrom = block < blockCount() ? block : 0;
    }

    /// A round begins: nothing of the disk is read yet.
    void begin() {
        read.clear();
        conflicts.clear();
        covered.clear();
    }

    /// The round goes on with another flip: what conflicted with the last one does not with this,
    /// and what has changed is to be read again.
    void flipped(BlockSet changed) {
        conflicts.clear();
        read.removeAll(changed);
    }

    /// A chunk has been read.
    ///
    /// @param written blocks that may have been written since the flip, counted from its first
    void read(Chunk chunk, BitSet written) {
        read.add(chunk.firstBlock(), chunk.endBlock());
        written.stream()
                .mapToLong(block -> chunk.firstBlock() + block)
                .forEach(block -> conflicts.add(block, block + 1));
    }

    /// Those parts of a chunk that none covers that was asked about before in this round. To be
    /// asked about the newest first, so that of a block read twice only the newest is left.
    List<Chunk> uncovered(Chunk chunk) {
        var parts = new ArrayList<Chunk>();
        for (var first = covered.nextAbsent(chunk.firstBlock()); first < chunk.endBlock(); ) {
            var next = covered.next(first);
            var end = next < 0 ? chunk.endBlock() : Math.min(next, chunk.endBlock());
            parts.add(new Chunk(index, first, (int) (end - first), chunk.phase()));
            first = covered.nextAbsent(end);
        }
        covered.add(chunk.firstBlock(), chunk.endBlock());
        return parts;
    }

    /// Nothing that was read may leave pending.
    void unproven() {
        read.clear();
    }

    /// The round is on stable storage: what was read as it was at the instant is no longer pending.
    void settle(BlockSet pending) {
        read.removeAll(conflicts);
        pending.removeAll(read);
    }

    /// The round was cut off: removes from pending what is known to be on stable storage.
    void salvage(Iterable<Chunk> durable, Flip flip, BlockSet pending) throws TrackerException {
        begin();
        for (var chunk : durable) {
            if (chunk.disk() == index) {
                read(chunk, flip.writtenSince(index, chunk.firstBlock(), chunk.blockCount()));
            }
        }
        if (flip.isProven(index)) {
            settle(pending);
        }
    }
}
