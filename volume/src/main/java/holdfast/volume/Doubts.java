package holdfast.volume;

import holdfast.base.BlockRun;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Blocks of a map of which nobody knows any more where they are, since a page is damaged: those
/// that the page maps, and those of entries of the journal that could not be applied for it. They
/// are in doubt until an entry clears them as a whole, which needs nothing of the page.
///
/// Safe for any thread.
final class Doubts {
    /// Later than every sequence.
    private static final long NEVER = Long.MAX_VALUE;

    /// Changed under the monitor, like all else; read without it by whoever asks at each entry.
    private volatile List<BlockRun> runs = List.of();

    private volatile @Nullable DamagedDataException missing;
    private long missingFrom = NEVER;

    /// What is in doubt at one time.
    ///
    /// @param runs ascending, apart from each other
    /// @param missingFrom sequence of the first entry that could not be applied; later than any
    ///   sequence if all were
    record Found(List<BlockRun> runs, long missingFrom) {}

    /// A page was found to be damaged.
    ///
    /// @param page the blocks that it maps
    synchronized void add(BlockRun page) {
        runs = including(page);
    }

    /// An entry could not be applied.
    ///
    /// @param blocks of the entry
    synchronized void add(BlockRun page, DamagedDataException why, BlockRun blocks, long sequence) {
        add(page);
        add(blocks);
        missingFrom = Math.min(missingFrom, sequence);
        missing = why;
    }

    private List<BlockRun> including(BlockRun added) {
        var apart = new ArrayList<BlockRun>();
        var first = added.firstBlock();
        var end = added.endBlock();
        for (var run : runs) {
            if (run.firstBlock() <= end && first <= run.endBlock()) {
                first = Math.min(first, run.firstBlock());
                end = Math.max(end, run.endBlock());
            } else {
                apart.add(run);
            }
        }
        apart.add(new BlockRun(first, end - first));
        apart.sort(Comparator.comparingLong(BlockRun::firstBlock));
        return List.copyOf(apart);
    }

    /// An entry has cleared the blocks `[firstBlock, endBlock)`.
    void cleared(long firstBlock, long endBlock) {
        if (!isEmpty()) {
            forget(firstBlock, endBlock);
        }
    }

    private synchronized void forget(long firstBlock, long endBlock) {
        runs =
                runs.stream()
                        .filter(run -> run.firstBlock() < firstBlock || run.endBlock() > endBlock)
                        .toList();
        if (runs.isEmpty()) {
            missingFrom = NEVER;
            missing = null;
        }
    }

    synchronized Found found() {
        return new Found(runs, missingFrom);
    }

    boolean isEmpty() {
        return runs.isEmpty();
    }

    /// Whether the map lacks what entries said.
    boolean lackEntries() {
        return missing != null;
    }

    /// Why the map lacks what entries said; null if it does not.
    @Nullable DamagedDataException missing() {
        return missing;
    }
}
