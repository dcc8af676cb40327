package holdfast.agent;

import holdfast.base.BlockSet;
import holdfast.base.Blocks;
import holdfast.base.linux.LinuxMemory;
import holdfast.tracking.Flip;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.lang.foreign.Arena;

/// One disk while a link to its replica is open: what is known of the replica, and what the round
/// under way has read. Used by the replicating thread alone; borrows the source.
///
/// Its two sets take a bit a block, outside the heap and only where bits were ever set: at most 64
/// MiB a TiB of disk together.
final class ReplicatedDisk {
    private final int index;
    private final String name;
    private final long sizeBytes;
    private final SourceDisk source;
    private final BlockSet batch;
    private final BlockSet clean;
    private DiskMemo memo;
    private long drainFrom;
    private long batchBlocks;
    private long cleanBlocks;

    /// @param arena holds the sets
    ReplicatedDisk(int index, String name, long sizeBytes, SourceDisk source, Arena arena)
            throws IOException {
        this.index = index;
        this.name = name;
        this.sizeBytes = sizeBytes;
        this.source = source;
        this.memo = new DiskMemo(0, Phase.COMPARE, 0, false);
        this.batch = sparseSet(blockCount(), arena);
        this.clean = sparseSet(blockCount(), arena);
    }

    private static BlockSet sparseSet(long blockCount, Arena arena) throws IOException {
        var bytes = BlockSet.wordCount(blockCount) * Long.BYTES;
        return new BlockSet(LinuxMemory.sparse(bytes, arena), blockCount);
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
        emptyBatch();
        if (cleanBlocks > 0) {
            clean.removeAll(clean);
            cleanBlocks = 0;
        }
    }

    /// Not by overwriting everything: memory that was never written is none.
    private void emptyBatch() {
        if (batchBlocks > 0) {
            batch.removeAll(batch);
            batchBlocks = 0;
        }
    }

    /// These blocks have been read.
    void read(Chunk chunk) {
        batch.add(chunk.firstBlock(), chunk.endBlock());
        batchBlocks += chunk.blockCount();
    }

    /// Asks for the conflicts of what was read since it was last asked, as soon as that is read:
    /// what is written later no longer matters to it.
    ///
    /// @return the conflicting blocks; they are not clean
    BlockSet check(Flip flip) throws TrackerException {
        if (batchBlocks == 0) {
            return new BlockSet(0);
        }
        var conflicts = flip.conflicts(index, batch);
        clean.addAll(batch);
        clean.removeAll(conflicts);
        cleanBlocks += batchBlocks;
        emptyBatch();
        return conflicts;
    }

    /// The round is on stable storage: what was read as it was at the instant is no longer pending.
    void settle(BlockSet pending) {
        if (cleanBlocks > 0) {
            pending.removeAll(clean);
        }
    }

    /// The round was cut off: removes from pending what is known to be on stable storage.
    void salvage(Iterable<Chunk> durable, Flip flip, BlockSet pending) throws TrackerException {
        begin();
        for (var chunk : durable) {
            if (chunk.disk() == index) {
                read(chunk);
            }
        }
        check(flip);
        settle(pending);
    }
}
