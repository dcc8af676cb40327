package holdfast.agent;

import holdfast.base.BlockSet;
import holdfast.format.PackedExtent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/// What one round reads, in which order: first a batch of the hottest blocks, then all the rest,
/// the disks by turns. Walks the pending sets as it goes, so it takes no memory that grows with
/// them. Not safe for concurrent use.
final class RoundPlan {
    /// Chunks that are sooner read one after the other than handed to several threads.
    private static final int SMALL_BATCH_CHUNKS = 16;

    /// A comparison asks after many pieces at once, so that a long way to the replicator is gone
    /// less often.
    private static final int COMPARED_BLOCKS_MAX = 1024;

    private final List<Chunk> hot;
    private final List<Selection> rest;
    private final long blocks;
    private boolean inRest;
    private int nextHot;
    private int nextDisk;

    /// @param hot chunks of the first batch; each within a selection
    /// @param rest one selection a disk that takes part
    RoundPlan(List<Chunk> hot, List<Selection> rest) {
        this.hot = List.copyOf(hot);
        this.rest = new ArrayList<>(rest);
        this.blocks = rest.stream().mapToLong(Selection::blocks).sum();
        rest.forEach(selection -> selection.leaveOut(hot));
    }

    /// Blocks that the round reads in all.
    long blocks() {
        return blocks;
    }

    /// The next chunk of the batch; empty at its end.
    Optional<Chunk> next() {
        if (!inRest) {
            return nextHot < hot.size() ? Optional.of(hot.get(nextHot++)) : Optional.empty();
        }
        while (!rest.isEmpty()) {
            nextDisk %= rest.size();
            var chunk = rest.get(nextDisk).next();
            if (chunk.isPresent()) {
                nextDisk++;
                return chunk;
            }
            rest.remove(nextDisk);
        }
        return Optional.empty();
    }

    /// Whether the batch is a handful of blocks.
    boolean batchIsSmall() {
        return inRest ? blocks <= SMALL_BATCH_CHUNKS : hot.size() <= SMALL_BATCH_CHUNKS;
    }

    /// Goes on to the next batch; false if there is none.
    boolean nextBatch() {
        var more = !inRest;
        inRest = true;
        return more;
    }

    /// The rest of this disk is not read in this round.
    void skip(int disk) {
        rest.removeIf(selection -> selection.disk == disk);
    }

    private static int runBlocksMax(Phase phase) {
        return switch (phase) {
            case FIRST_COPY, CHANGES -> PackedExtent.BLOCKS_MAX;
            case COMPARE -> COMPARED_BLOCKS_MAX;
        };
    }

    /// A range of one disk's pending set.
    static final class Selection {
        private final int disk;
        private final BlockSet pending;
        private final long end;
        private final long blocks;
        private final Phase phase;
        private final int runBlocksMax;
        private final boolean all;
        private long[] leftOut = {};
        private long at;

        private Selection(
                int disk, BlockSet pending, long from, long end, long blocks, Phase phase) {
            this.disk = disk;
            this.pending = pending;
            this.at = from;
            this.end = end;
            this.blocks = blocks;
            this.phase = phase;
            this.runBlocksMax = RoundPlan.runBlocksMax(phase);
            var first = pending.next(0);
            this.all = end == pending.blockCount() && (first < 0 || first >= from);
        }

        /// The pending blocks from `from` on, as many as `blocksMax`.
        static Selection of(int disk, BlockSet pending, long from, long blocksMax, Phase phase) {
            var blocks = 0L;
            var end = from;
            for (var first = pending.next(from); first >= 0 && blocks < blocksMax; ) {
                end = Math.min(pending.nextAbsent(first), first + blocksMax - blocks);
                blocks += end - first;
                first = pending.next(end);
            }
            if (pending.next(end) < 0) {
                end = pending.blockCount();
            }
            return new Selection(disk, pending, from, end, blocks, phase);
        }

        int disk() {
            return disk;
        }

        Phase phase() {
            return phase;
        }

        long blocks() {
            return blocks;
        }

        /// Whether nothing pending is left out.
        boolean isAll() {
            return all;
        }

        /// First block past the selection; the disk's end if nothing pending is left beyond.
        long end() {
            return end;
        }

        private void leaveOut(List<Chunk> chunks) {
            leftOut =
                    chunks.stream()
                            .filter(chunk -> chunk.disk() == disk)
                            .flatMapToLong(Selection::blocksOf)
                            .sorted()
                            .toArray();
        }

        private static LongStream blocksOf(Chunk chunk) {
            return LongStream.range(chunk.firstBlock(), chunk.endBlock());
        }

        private Optional<Chunk> next() {
            var first = pending.next(at);
            while (first >= 0 && first < end && Arrays.binarySearch(leftOut, first) >= 0) {
                first = pending.next(first + 1);
            }
            if (first < 0 || first >= end) {
                return Optional.empty();
            }
            var found = Arrays.binarySearch(leftOut, first);
            var nextLeftOut = -found - 1 < leftOut.length ? leftOut[-found - 1] : end;
            var stop = Math.min(Math.min(pending.nextAbsent(first), end), nextLeftOut);
            at = Math.min(stop, first + runBlocksMax);
            return Optional.of(new Chunk(disk, first, (int) (at - first), phase));
        }
    }
}
