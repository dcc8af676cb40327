package holdfast.format;

import holdfast.base.Blocks;

/// A run of blocks of one disk as it travels and is stored: packed once by the agent, unpacked only
/// by whoever reads it back.
///
/// The payload array is shared, not copied: nobody changes it after it was handed over.
///
/// @param firstBlock number of the first block; zero or more
/// @param blockCount blocks covered, 1 to [#BLOCKS_MAX]
/// @param compression how the payload is packed
/// @param crc32c checksum of the unpacked bytes (for [Compression#ZERO]: of that many zeros), taken
///   where they were read and checked again where they are used
/// @param payload packed bytes; empty for [Compression#ZERO], never more than the unpacked size
public record PackedExtent(
        long firstBlock, int blockCount, Compression compression, int crc32c, byte[] payload) {
    /// 256 KiB: large enough to compress and to read well, small enough to read one block from.
    public static final int BLOCKS_MAX = 64;

    /// @throws IllegalArgumentException if the parts do not fit together; the data came from a peer
    ///   or a disk, so this is for the decoder to turn into its own error
    public PackedExtent {
        if (firstBlock < 0 || firstBlock > Long.MAX_VALUE / Blocks.BLOCK_BYTES - BLOCKS_MAX) {
            throw new IllegalArgumentException("first block " + firstBlock);
        }
        if (blockCount < 1 || blockCount > BLOCKS_MAX) {
            throw new IllegalArgumentException(
                    "extent of " + blockCount + " blocks; 1 to " + BLOCKS_MAX + " are allowed");
        }
        var fits =
                switch (compression) {
                    case ZERO -> payload.length == 0;
                    case NONE -> payload.length == blockCount * Blocks.BLOCK_BYTES;
                    case LZ4, ZSTD ->
                            payload.length > 0 && payload.length < blockCount * Blocks.BLOCK_BYTES;
                };
        if (!fits) {
            throw new IllegalArgumentException(
                    payload.length + " bytes of " + compression + " for " + blockCount + " blocks");
        }
    }

    /// Block after the last one.
    public long endBlock() {
        return firstBlock + blockCount;
    }

    /// Bytes when unpacked.
    public int unpackedBytes() {
        return blockCount * Blocks.BLOCK_BYTES;
    }
}
