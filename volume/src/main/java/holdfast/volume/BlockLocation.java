package holdfast.volume;

import holdfast.format.PackedExtent;

/// Where a mapped block is, as one number: the segment, the offset of its extent in the segment,
/// and how many blocks of the extent come before it. The number is part of the map page format,
/// docs/formats/map.md.
///
/// ```
/// bits 63..32  segment number, unsigned
/// bits 31..6   offset of the extent in the segment, in units of 8 bytes: up to 512 MiB
/// bits 5..0    blocks of the extent that come before this one
/// ```
///
/// Stateless. The map knows nothing of a location but [#plus].
final class BlockLocation {
    /// Extents begin at multiples of this many bytes in their segment.
    static final int OFFSET_UNIT_BYTES = 8;

    private static final int SKIP_BITS = 6;
    private static final int OFFSET_BITS = 26;
    private static final int SKIP_MASK = (1 << SKIP_BITS) - 1;
    private static final int OFFSET_MASK = (1 << OFFSET_BITS) - 1;

    /// End of the offsets that fit, in bytes.
    static final long OFFSET_BYTES_END = (1L << OFFSET_BITS) * OFFSET_UNIT_BYTES;

    private BlockLocation() {}

    /// @param segment all 32 bits are used, as an unsigned number
    /// @throws IllegalArgumentException if a part does not fit
    static long of(int segment, long offsetBytes, int skip) {
        if (offsetBytes < 0
                || offsetBytes >= OFFSET_BYTES_END
                || offsetBytes % OFFSET_UNIT_BYTES != 0
                || skip < 0
                || skip >= PackedExtent.BLOCKS_MAX) {
            throw new IllegalArgumentException(
                    "no location: block " + skip + " of an extent at " + offsetBytes);
        }
        var offset = offsetBytes / OFFSET_UNIT_BYTES;
        return Integer.toUnsignedLong(segment) << Integer.SIZE | offset << SKIP_BITS | skip;
    }

    static int segment(long location) {
        return (int) (location >>> Integer.SIZE);
    }

    static long offsetBytes(long location) {
        return (location >>> SKIP_BITS & OFFSET_MASK) * OFFSET_UNIT_BYTES;
    }

    static int skip(long location) {
        return (int) location & SKIP_MASK;
    }

    /// The location of a block further on in the same extent.
    ///
    /// @throws IllegalArgumentException if no extent is that long
    static long plus(long location, int blocks) {
        if (blocks < 0 || skip(location) + blocks >= PackedExtent.BLOCKS_MAX) {
            throw new IllegalArgumentException(
                    "block " + (skip(location) + blocks) + " lies in no extent");
        }
        return location + blocks;
    }
}
