package holdfast.agent;

import holdfast.base.Blocks;
import java.util.Arrays;

/// A run of pending blocks of one disk that is read at once.
///
/// @param disk index of the disk
/// @param firstBlock number of its first block
/// @param blockCount blocks covered
/// @param phase how it is handled
record Chunk(int disk, long firstBlock, int blockCount, Phase phase) {
    long endBlock() {
        return firstBlock + blockCount;
    }

    /// The bytes of this part of another chunk.
    byte[] of(Chunk whole, byte[] data) {
        var from = (int) (firstBlock - whole.firstBlock) * Blocks.BLOCK_BYTES;
        return Arrays.copyOfRange(data, from, from + bytes());
    }

    int bytes() {
        return blockCount * Blocks.BLOCK_BYTES;
    }
}
