package holdfast.format;

import holdfast.base.Checksums;
import java.nio.ByteBuffer;

/// What precedes the records that were written in one go: docs/formats/segment.md, "Batch". 40
/// bytes, big-endian. A table with one [SegmentIndex] entry per record follows it, then the
/// records: each record is described twice, so that no single damaged place can hide which blocks
/// it was about.
///
/// ```
///  0  u32  magic "HFBT"                   24  u32  number of records
///  4  u32  bytes of table and records     28  u32  CRC-32C of the records
///  8  u64  synced offset                  32  u32  CRC-32C of the table
/// 16  u64  sequence of the first record   36  u32  CRC-32C of bytes 0..35
/// ```
///
/// @param bodyBytes of table and records that follow; a multiple of 8
/// @param syncedBytes the file was on stable storage up to here before this batch was written. It
///   tells damage from a torn end: whatever lies before it in the file must be sound
/// @param firstSequence of its first record
/// @param recordCount one or more
/// @param recordsCrc checksum of the records
/// @param tableCrc checksum of the table
public record BatchHeader(
        int bodyBytes,
        long syncedBytes,
        long firstSequence,
        int recordCount,
        int recordsCrc,
        int tableCrc) {
    public static final int BYTES = 40;

    /// A batch is held in memory while it is checked.
    public static final int BODY_BYTES_MAX = 16 << 20;

    /// First bytes of every batch: what to look for behind damage.
    public static final int MAGIC = 0x48464254;

    private static final int CRC_AT = BYTES - Integer.BYTES;

    /// Bytes of the table that follows the header.
    public long tableBytes() {
        return (long) recordCount * SegmentIndex.ENTRY_BYTES;
    }

    /// Writes [#BYTES] bytes.
    public void encode(ByteBuffer out) {
        var start = out.position();
        out.putInt(MAGIC).putInt(bodyBytes).putLong(syncedBytes).putLong(firstSequence);
        out.putInt(recordCount).putInt(recordsCrc).putInt(tableCrc);
        out.putInt(Checksums.crc32c(out.slice(start, CRC_AT)));
    }

    /// Reads [#BYTES] bytes.
    public static BatchHeader decode(ByteBuffer in) throws DamagedFormatException {
        if (in.remaining() < BYTES) {
            throw new DamagedFormatException("batch header is cut off");
        }
        var start = in.position();
        DamagedFormatException.check("magic of the batch header", MAGIC, in.getInt());
        DamagedFormatException.check(
                "checksum of the batch header",
                Checksums.crc32c(in.slice(start, CRC_AT)),
                in.getInt(start + CRC_AT));
        var header =
                new BatchHeader(
                        in.getInt(),
                        in.getLong(),
                        in.getLong(),
                        in.getInt(),
                        in.getInt(),
                        in.getInt());
        in.position(start + BYTES);
        if (header.recordCount < 1
                || header.tableBytes() > header.bodyBytes
                || header.bodyBytes > BODY_BYTES_MAX
                || header.bodyBytes % RecordHeader.ALIGNMENT != 0) {
            throw new DamagedFormatException(
                    "batch of " + header.recordCount + " records, " + header.bodyBytes + " bytes");
        }
        return header;
    }
}
