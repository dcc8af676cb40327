package holdfast.agent;

import holdfast.base.BlockSet;
import holdfast.format.PackedExtent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/// Which blocks are written again and again: they are the ones that conflict, so a round reads and
/// checks them first, while hardly any time has passed since its instant.
///
/// A table of fixed size; a block seen often outlives one seen once. Not safe for concurrent use.
final class Heat {
    private static final int SLOTS = 1 << 14;
    private static final long FREE = -1;
    private static final int SCORE_MAX = 200;
    private static final int SCORE_TOUCHED = 1;
    private static final int SCORE_CONFLICTED = 8;

    /// Below it a block was seen once of late, like most of them.
    private static final int SCORE_HOT = 2;

    private static final int ROUNDS_TO_HALF = 8;

    private final long[] keys = new long[SLOTS];
    private final short[] scores = new short[SLOTS];
    private int rounds;

    Heat() {
        Arrays.fill(keys, FREE);
    }

    /// The blocks had changed in a round.
    void touched(int disk, long firstBlock, int blockCount) {
        for (var block = firstBlock; block < firstBlock + blockCount; block++) {
            raise(DiskBlock.key(disk, block), SCORE_TOUCHED);
        }
    }

    /// Blocks were written before they could be read.
    ///
    /// @param blocks counted from `firstBlock`
    void conflicted(int disk, long firstBlock, BitSet blocks) {
        blocks.stream()
                .forEach(block -> raise(DiskBlock.key(disk, firstBlock + block), SCORE_CONFLICTED));
    }

    /// A round has ended: what is no longer written cools down.
    void roundEnded() {
        if (++rounds % ROUNDS_TO_HALF == 0) {
            for (var slot = 0; slot < SLOTS; slot++) {
                scores[slot] = (short) (scores[slot] / 2);
                if (scores[slot] == 0) {
                    keys[slot] = FREE;
                }
            }
        }
    }

    /// Hot blocks of `pending`, hottest first, neighbours of like heat joined.
    ///
    /// @param pending the sets to choose from, by disk; an empty one where a disk does not take
    ///   part
    /// @param blocksMax chosen at most
    List<Chunk> hottest(List<BlockSet> pending, int blocksMax) {
        var chosen = new ArrayList<Integer>();
        for (var slot = 0; slot < SLOTS; slot++) {
            if (keys[slot] != FREE && scores[slot] >= SCORE_HOT) {
                var disk = DiskBlock.disk(keys[slot]);
                if (disk < pending.size()
                        && pending.get(disk).contains(DiskBlock.block(keys[slot]))) {
                    chosen.add(slot);
                }
            }
        }
        chosen.sort(
                Comparator.comparingInt((Integer slot) -> -magnitude(slot))
                        .thenComparingLong(slot -> keys[slot]));
        var chunks = new ArrayList<Chunk>();
        for (var from = 0; from < Math.min(chosen.size(), blocksMax); ) {
            var to = from + 1;
            while (to < Math.min(chosen.size(), blocksMax)
                    && to - from < PackedExtent.BLOCKS_MAX
                    && follows(chosen.get(from), chosen.get(to), to - from)) {
                to++;
            }
            var key = keys[chosen.get(from)];
            chunks.add(
                    new Chunk(DiskBlock.disk(key), DiskBlock.block(key), to - from, Phase.CHANGES));
            from = to;
        }
        return chunks;
    }

    private boolean follows(int first, int slot, int distance) {
        return keys[slot] == keys[first] + distance && magnitude(slot) == magnitude(first);
    }

    /// Scores of one power of two count as equal, so that neighbours stay together.
    private int magnitude(int slot) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(scores[slot]);
    }

    private void raise(long key, int by) {
        var slot = DiskBlock.spread(key) & SLOTS - 1;
        if (keys[slot] == key) {
            scores[slot] = (short) Math.min(SCORE_MAX, scores[slot] + by);
        } else if (keys[slot] == FREE || --scores[slot] <= 0) {
            keys[slot] = key;
            scores[slot] = (short) by;
        }
    }
}
