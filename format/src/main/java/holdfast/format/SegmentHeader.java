package holdfast.format;

import holdfast.base.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;

/// The first bytes of a segment: docs/formats/segment.md, "Header". 64 bytes, big-endian.
///
/// ```
///  0  u32  magic "HFSG"               24  u64  segment number
///  4  u16  format version             32  u64  sequence of the first record
///  6  u16  zero                       40  u64  created, milliseconds since the epoch
///  8  u64  store identity, high half  48  u64  zero
/// 16  u64  store identity, low half   56  u32  zero
///                                     60  u32  CRC-32C of bytes 0..59
/// ```
///
/// @param storeHigh upper half of the store's identity
/// @param storeLow lower half of the store's identity
/// @param number of the segment, growing
/// @param firstSequence that its first record has or would have
/// @param createdMillis since the epoch
public record SegmentHeader(
        long storeHigh, long storeLow, long number, long firstSequence, long createdMillis) {
    public static final int BYTES = 64;
    public static final int VERSION = 1;
    private static final int MAGIC = 0x48465347;
    private static final int CRC_AT = BYTES - Integer.BYTES;

    /// Writes [#BYTES] bytes.
    public void encode(ByteBuffer out) {
        var start = out.position();
        out.putInt(MAGIC).putShort((short) VERSION).putShort((short) 0);
        out.putLong(storeHigh).putLong(storeLow).putLong(number).putLong(firstSequence);
        out.putLong(createdMillis).putLong(0).putInt(0);
        out.putInt(Checksums.crc32c(out.slice(start, CRC_AT)));
    }

    /// Reads [#BYTES] bytes.
    ///
    /// @throws DamagedFormatException on damage; UnsupportedFormatException on a later format
    public static SegmentHeader decode(ByteBuffer in) throws IOException {
        if (in.remaining() < BYTES) {
            throw new DamagedFormatException("segment header is cut off");
        }
        var start = in.position();
        DamagedFormatException.check("magic of the segment header", MAGIC, in.getInt());
        var version = in.getShort() & 0xffff;
        DamagedFormatException.check(
                "checksum of the segment header",
                Checksums.crc32c(in.slice(start, CRC_AT)),
                in.getInt(start + CRC_AT));
        if (version != VERSION) { // the checksum held, so this is what the writer meant
            throw new UnsupportedFormatException("segment", VERSION, version);
        }
        in.position(start + 8);
        var header =
                new SegmentHeader(
                        in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong());
        in.position(start + BYTES);
        return header;
    }
}
