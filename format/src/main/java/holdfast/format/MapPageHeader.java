package holdfast.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/// What all map pages begin with; bytes in [MapPage].
record MapPageHeader(int level, int entryCount, long baseBlock) {
    private static final int MAGIC = 0x48464d50;
    private static final int LENGTH_AT = 16;
    private static final int CRC_AT = 20;

    /// Leaves room for what [#end] fills in.
    ///
    /// @return where the page begins
    static int begin(ByteBuffer out, int level, int entryCount, long baseBlock) {
        var start = out.order(ByteOrder.BIG_ENDIAN).position();
        out.putInt(MAGIC).put((byte) MapPage.VERSION).put((byte) level);
        out.putShort((short) entryCount).putLong(baseBlock).putInt(0).putInt(0);
        return start;
    }

    static void end(ByteBuffer out, int start) {
        var length = out.position() - start;
        out.putInt(start + LENGTH_AT, length);
        out.putInt(start + CRC_AT, crc32c(out, start, length));
    }

    /// Checks that the remaining bytes, [MapPage#HEADER_BYTES] at least, are one page, and moves
    /// the buffer to its entries.
    static MapPageHeader decode(ByteBuffer in) throws IOException {
        var start = in.order(ByteOrder.BIG_ENDIAN).position();
        var length = in.remaining();
        DamagedFormatException.check("magic of the map page", MAGIC, in.getInt());
        var version = in.get() & 0xff;
        var level = in.get() & 0xff;
        var entryCount = in.getShort() & 0xffff;
        var baseBlock = in.getLong();
        DamagedFormatException.check("length of the map page", length, in.getInt());
        DamagedFormatException.check(
                "checksum of the map page", crc32c(in, start, length), in.getInt());
        if (version != MapPage.VERSION) { // the checksum held, so this is what the writer meant
            throw new UnsupportedFormatException("map page", MapPage.VERSION, version);
        }
        var entryBytes = level == 0 ? MapPage.Leaf.ENTRY_BYTES : MapPage.Index.ENTRY_BYTES;
        DamagedFormatException.check(
                "length of the map page by its entries",
                MapPage.HEADER_BYTES + entryCount * entryBytes,
                length);
        return new MapPageHeader(level, entryCount, baseBlock);
    }

    private static int crc32c(ByteBuffer page, int start, int length) {
        var crc = new CRC32C();
        crc.update(page.slice(start, CRC_AT));
        var afterCrc = CRC_AT + Integer.BYTES;
        crc.update(page.slice(start + afterCrc, length - afterCrc));
        return (int) crc.getValue();
    }
}
