package holdfast.volume;

import java.io.IOException;

/// Is shown the mapped runs of a range by [VolumeMap#lookup].
@FunctionalInterface
interface RunVisitor {
    /// @param firstBlock first block of the run
    /// @param blockCount 1 to 64 blocks that follow each other in the volume and in one extent
    /// @param location of the first block; block `k` is at [BlockLocation#plus] `(location, k)`
    /// @return false to see no more
    boolean run(long firstBlock, int blockCount, long location) throws IOException;
}
