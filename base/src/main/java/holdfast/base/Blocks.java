package holdfast.base;

/// The unit of change tracking, sending and mapping. Part of every format, so constants and not
/// settings.
public final class Blocks {
    /// Bytes of one block.
    public static final int BLOCK_BYTES = 4096;

    /// `BLOCK_BYTES == 1 << BLOCK_SHIFT`.
    public static final int BLOCK_SHIFT = 12;

    /// Bytes of one sector, the smallest unit that block devices and NBD clients address.
    public static final int SECTOR_BYTES = 512;

    private Blocks() {}

    /// Number of blocks that cover `sizeBytes`; the last one may be partial, since a disk's size is
    /// a multiple of its sector and not of our block. A partial block is padded with zeros wherever
    /// whole blocks are kept.
    public static long count(long sizeBytes) {
        return (sizeBytes + BLOCK_BYTES - 1) >>> BLOCK_SHIFT;
    }
}
