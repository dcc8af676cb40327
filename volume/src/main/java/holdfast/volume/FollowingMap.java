package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import java.io.IOException;

/// Brings a map forward by entries of the journal, and goes on where a damaged page keeps it from
/// applying one: what that leaves in doubt is in [Doubts]. Borrows both. For one thread, which
/// applies the entries in their order.
final class FollowingMap {
    private final VolumeMap map;
    private final Doubts doubts;

    FollowingMap(VolumeMap map, Doubts doubts) {
        this.map = map;
        this.doubts = doubts;
    }

    /// @throws IOException for another reason than damage
    void put(long firstBlock, int blockCount, long location, long sequence) throws IOException {
        try {
            map.put(firstBlock, blockCount, location);
        } catch (DamagedDataException e) {
            doubts.add(page(e), e, new BlockRun(firstBlock, blockCount), sequence);
        }
    }

    /// @throws IOException for another reason than damage
    void clear(long firstBlock, long blockCount, long sequence) throws IOException {
        try {
            map.clear(firstBlock, blockCount);
            doubts.cleared(firstBlock, firstBlock + blockCount);
        } catch (DamagedDataException e) {
            doubts.add(page(e), e, new BlockRun(firstBlock, blockCount), sequence);
        }
    }

    private static BlockRun page(DamagedDataException e) {
        var damage = e.damage();
        return new BlockRun(
                damage.offsetBytes() / Blocks.BLOCK_BYTES,
                damage.lengthBytes() / Blocks.BLOCK_BYTES);
    }
}
