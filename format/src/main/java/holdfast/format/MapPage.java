package holdfast.format;

import java.io.IOException;
import java.nio.ByteBuffer;

/// One page of a volume map, a B+tree from blocks to locations: docs/formats/map.md. Big-endian.
///
/// ```
///  0  u32  magic "HFMP"               8  u64  base block of a leaf; of an index zero
///  4  u8   format version            16  u32  length of the page in bytes
///  5  u8   level: 0 leaf, then up    20  u32  CRC-32C of the page without these 4 bytes
///  6  u16  number of entries         24  entries
///
/// entry of a leaf, 12 bytes          entry of an index, 16 bytes
///  0  u32  key                        0  u64  first block
///  4  u64  location                   8  u64  reference of the child
/// ```
///
/// Pages are checked when they are made, so none is written that could not be read.
public sealed interface MapPage {
    /// Bytes before the entries.
    int HEADER_BYTES = 24;

    int VERSION = 1;

    /// More entries than that are no page of ours.
    int ENTRIES_MAX = 512;

    /// Levels that a map may have: enough for one run in every block.
    int LEVELS_MAX = 16;

    /// Bytes of the longest page.
    int BYTES_MAX = HEADER_BYTES + ENTRIES_MAX * Index.ENTRY_BYTES;

    /// End of the block numbers: 4 PiB of 4 KiB.
    long BLOCKS_END = 1L << 40;

    /// Distance from the leaves; zero for a leaf.
    int level();

    int entryCount();

    /// First block that the entry describes.
    long firstBlock(int entry);

    /// Writes the page, [#BYTES_MAX] bytes or fewer.
    void encode(ByteBuffer out);

    /// Runs of one region: the [#REGION_BLOCKS] blocks from a multiple of that on. Runs are
    /// ascending and do not touch the next region.
    ///
    /// @param baseBlock first block of the region
    /// @param keys bits 31..6: first block of the run less the base; bits 5..0: its blocks less one
    /// @param locations segment in bits 63..32, offset in units of 8 bytes in bits 31..6, blocks of
    ///   the extent before the run in bits 5..0
    record Leaf(long baseBlock, int[] keys, long[] locations) implements MapPage {
        /// What 26 bits of a key can tell apart: 256 GiB.
        public static final int REGION_BLOCKS = 1 << 26;

        static final int ENTRY_BYTES = 12;
        private static final int COUNT_BITS = 6;
        private static final int COUNT_MASK = (1 << COUNT_BITS) - 1;

        /// @throws IllegalArgumentException if the runs are not as said above
        public Leaf {
            check(baseBlock >= 0 && baseBlock < BLOCKS_END, "base block", baseBlock);
            check(baseBlock % REGION_BLOCKS == 0, "base block", baseBlock);
            checkCount(keys.length, locations.length);
            var end = 0;
            for (var i = 0; i < keys.length; i++) {
                check(first(keys[i]) >= end, "key of entry " + i, Integer.toUnsignedLong(keys[i]));
                end = first(keys[i]) + count(keys[i]);
                var blocksInExtent = (locations[i] & COUNT_MASK) + count(keys[i]);
                check(blocksInExtent <= COUNT_MASK + 1, "location of entry " + i, locations[i]);
            }
            check(end <= REGION_BLOCKS, "end of the last run", end);
        }

        /// The key of a run.
        public static int key(int blocksAfterBase, int blockCount) {
            return blocksAfterBase << COUNT_BITS | blockCount - 1;
        }

        /// Blocks between the base and the run.
        public static int first(int key) {
            return key >>> COUNT_BITS;
        }

        /// Blocks of the run, 1 to 64.
        public static int count(int key) {
            return (key & COUNT_MASK) + 1;
        }

        @Override
        public int level() {
            return 0;
        }

        @Override
        public int entryCount() {
            return keys.length;
        }

        @Override
        public long firstBlock(int entry) {
            return baseBlock + first(keys[entry]);
        }

        @Override
        public void encode(ByteBuffer out) {
            var start = MapPageHeader.begin(out, 0, keys.length, baseBlock);
            for (var i = 0; i < keys.length; i++) {
                out.putInt(keys[i]).putLong(locations[i]);
            }
            MapPageHeader.end(out, start);
        }
    }

    /// Pages one level down. Each holds the blocks from its entry's first block to that of the next
    /// entry. The range of the first one begins where the range of this page does, whatever its
    /// entry says, and that of the last one ends there.
    ///
    /// @param firstBlocks ascending, none twice
    /// @param children references, above zero
    record Index(int level, long[] firstBlocks, long[] children) implements MapPage {
        static final int ENTRY_BYTES = 16;

        /// @throws IllegalArgumentException if the entries are not as said above
        public Index {
            check(level > 0 && level < LEVELS_MAX, "level", level);
            checkCount(firstBlocks.length, children.length);
            for (var i = 0; i < firstBlocks.length; i++) {
                var ascends = i == 0 || firstBlocks[i] > firstBlocks[i - 1];
                var inRange = firstBlocks[i] >= 0 && firstBlocks[i] < BLOCKS_END;
                check(ascends && inRange, "first block of entry " + i, firstBlocks[i]);
                check(children[i] > 0, "child of entry " + i, children[i]);
            }
        }

        @Override
        public int entryCount() {
            return children.length;
        }

        @Override
        public long firstBlock(int entry) {
            return firstBlocks[entry];
        }

        @Override
        public void encode(ByteBuffer out) {
            var start = MapPageHeader.begin(out, level, children.length, 0);
            for (var i = 0; i < children.length; i++) {
                out.putLong(firstBlocks[i]).putLong(children[i]);
            }
            MapPageHeader.end(out, start);
        }
    }

    /// Reads the page that the remaining bytes are.
    ///
    /// @throws DamagedFormatException if they are not one page, whole and sound
    /// @throws UnsupportedFormatException if they are one of a later version
    static MapPage decode(ByteBuffer in) throws IOException {
        if (in.remaining() < HEADER_BYTES) {
            throw new DamagedFormatException("map page is cut off in its header");
        }
        var header = MapPageHeader.decode(in);
        try {
            if (header.level() == 0) {
                var keys = new int[header.entryCount()];
                var locations = new long[header.entryCount()];
                for (var i = 0; i < keys.length; i++) {
                    keys[i] = in.getInt();
                    locations[i] = in.getLong();
                }
                return new Leaf(header.baseBlock(), keys, locations);
            }
            DamagedFormatException.check("base block of the map page", 0, header.baseBlock());
            var firstBlocks = new long[header.entryCount()];
            var children = new long[header.entryCount()];
            for (var i = 0; i < children.length; i++) {
                firstBlocks[i] = in.getLong();
                children[i] = in.getLong();
            }
            return new Index(header.level(), firstBlocks, children);
        } catch (IllegalArgumentException e) { // the checksum held, but no writer of ours made it
            throw new DamagedFormatException("map page: " + e.getMessage());
        }
    }

    private static void checkCount(int entryCount, int others) {
        check(entryCount >= 1 && entryCount <= ENTRIES_MAX, "number of entries", entryCount);
        check(entryCount == others, "number of entries", others);
    }

    private static void check(boolean holds, String what, long found) {
        if (!holds) {
            throw new IllegalArgumentException(what + " is " + found);
        }
    }
}
