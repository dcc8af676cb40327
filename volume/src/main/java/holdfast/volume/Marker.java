package holdfast.volume;

import holdfast.base.BlockRun;
import java.io.IOException;

/// Is shown all that a map reaches by [VolumeMap#mark], so that reclaim leaves it alone.
interface Marker {
    /// A page in the [MapPageStore], shown before what is below it.
    ///
    /// @return false to skip what is below: it was seen already, from here or from another map
    boolean page(long reference) throws IOException;

    /// A page that cannot be read, so that nobody knows what is below it. The walk goes on.
    ///
    /// @param blocks that it maps, or some of them
    void damaged(long reference, BlockRun blocks, DamagedDataException why) throws IOException;

    /// A run of blocks in one extent; parameters as in [RunVisitor#run].
    void run(long firstBlock, int blockCount, long location) throws IOException;
}
