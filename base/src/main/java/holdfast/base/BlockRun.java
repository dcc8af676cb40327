package holdfast.base;

/// Blocks of a disk that follow each other: `[firstBlock, endBlock)`.
///
/// @param firstBlock zero or more
/// @param blockCount above zero
public record BlockRun(long firstBlock, long blockCount) {
    /// @throws IllegalArgumentException if the run is empty, or lies nowhere
    public BlockRun {
        if (firstBlock < 0 || blockCount < 1 || firstBlock > Long.MAX_VALUE - blockCount) {
            throw new IllegalArgumentException(
                    "no run of blocks: " + blockCount + " from " + firstBlock + " on");
        }
    }

    /// The block after the last one.
    public long endBlock() {
        return firstBlock + blockCount;
    }
}
