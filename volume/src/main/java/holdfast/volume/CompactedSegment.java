package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/// The form of a segment that has been compacted (docs/formats/segment.md, "Compacted segment"):
/// only the records that are still reached, and behind them a table that says which offset of the
/// original each of them had. Maps go on using the offsets of the original, so compaction changes
/// no map.
///
/// ```
///  0  u32  magic "HFSC"                      at the end, trailer of 24 bytes:
///  4  u16  version, u16 zero                  0  u32  magic "HFSD"
///  8  records as in the original              4  u32  number of table entries
/// ...                                         8  u64  offset of the table
/// table: per record, ascending,              16  u32  CRC-32C of the table
///   original offset u64, offset here u64     20  u32  CRC-32C of bytes 0..19
/// ```
final class CompactedSegment {
    static final int HEADER_BYTES = 8;
    private static final int MAGIC = 0x48465343;
    private static final int TRAILER_MAGIC = 0x48465344;
    private static final int VERSION = 1;
    private static final int ENTRY_BYTES = 16;
    private static final int TRAILER_BYTES = 24;

    private final long[] originals;
    private final long[] offsets;

    private CompactedSegment(long[] originals, long[] offsets) {
        this.originals = originals;
        this.offsets = offsets;
    }

    /// Where a record is that was at this offset in the original.
    long find(long original) throws DamagedFormatException {
        var at = Arrays.binarySearch(originals, original);
        if (at < 0) {
            throw new DamagedFormatException("the record was dropped by compaction");
        }
        return offsets[at];
    }

    /// Original offsets, ascending.
    long[] originals() {
        return originals.clone();
    }

    /// Writes the records of the plan and the table; durable on return.
    ///
    /// @param from the segment as it is
    /// @param originals offsets of the records to keep, ascending
    static long write(StagingStorage.StoredObject to, List<Long> originals, Source from)
            throws IOException {
        to.write(header(), 0);
        long at = HEADER_BYTES;
        var table = ByteBuffer.allocate(originals.size() * ENTRY_BYTES + TRAILER_BYTES);
        for (var original : originals) {
            var record = from.record(original);
            var length = record.remaining();
            to.write(record, at);
            table.putLong(original).putLong(at);
            at += length;
        }
        var tableBytes = table.position();
        table.putInt(TRAILER_MAGIC).putInt(originals.size()).putLong(at);
        table.putInt(Checksums.crc32c(table.slice(0, tableBytes)));
        table.putInt(Checksums.crc32c(table.slice(tableBytes, TRAILER_BYTES - 4)));
        to.write(table.flip(), at);
        to.sync();
        return at + tableBytes + TRAILER_BYTES;
    }

    /// Where the records come from.
    @FunctionalInterface
    interface Source {
        /// Header, payload and padding of the record at this offset of the original.
        ByteBuffer record(long original) throws IOException;
    }

    private static ByteBuffer header() {
        return ByteBuffer.allocate(HEADER_BYTES)
                .putInt(MAGIC)
                .putShort((short) VERSION)
                .putShort((short) 0)
                .flip();
    }

    /// Whether the object ends as [#write] ends it.
    static boolean isComplete(StagingStorage storage, String name) throws IOException {
        try (var object = storage.open(name)) {
            read(object);
            return true;
        } catch (DamagedFormatException _) {
            return false;
        }
    }

    static CompactedSegment read(StagingStorage.StoredObject object) throws IOException {
        var size = object.sizeBytes();
        if (size < HEADER_BYTES + TRAILER_BYTES) {
            throw new DamagedFormatException("too short for a compacted segment");
        }
        var head = ByteBuffer.allocate(HEADER_BYTES);
        object.read(head, 0);
        DamagedFormatException.check(
                "header of the compacted segment", header().getLong(0), head.getLong(0));
        var trailer = ByteBuffer.allocate(TRAILER_BYTES);
        object.read(trailer, size - TRAILER_BYTES);
        trailer.flip();
        DamagedFormatException.check(
                "checksum of the trailer",
                trailer.getInt(TRAILER_BYTES - 4),
                Checksums.crc32c(trailer.slice(0, TRAILER_BYTES - 4)));
        DamagedFormatException.check("magic of the trailer", TRAILER_MAGIC, trailer.getInt());
        var count = trailer.getInt();
        var tableAt = trailer.getLong();
        var crc = trailer.getInt();
        if (count < 0 || tableAt + (long) count * ENTRY_BYTES + TRAILER_BYTES != size) {
            throw new DamagedFormatException("the trailer is not that of this segment");
        }
        var table = ByteBuffer.allocate(count * ENTRY_BYTES);
        object.read(table, tableAt);
        DamagedFormatException.check("checksum of the table", crc, Checksums.crc32c(table.flip()));
        var originals = new long[count];
        var offsets = new long[count];
        for (var i = 0; i < count; i++) {
            originals[i] = table.getLong();
            offsets[i] = table.getLong();
        }
        return new CompactedSegment(originals, offsets);
    }
}
