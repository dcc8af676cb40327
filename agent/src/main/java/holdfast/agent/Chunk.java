package holdfast.agent;

import holdfast.base.Blocks;

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

    int bytes() {
        return blockCount * Blocks.BLOCK_BYTES;
    }
}
