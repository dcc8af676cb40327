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
/// The table is there twice, before and behind the records: without it nothing in the segment is
/// found, and the segment holds data of many volumes.
///
/// ```
///  0  u32  magic "HFSC"                     trailer, the last 24 bytes:
///  4  u16  version, u16 zero                 0  u32  magic "HFSD"
///  8  u32  number of table entries           4  u32  number of table entries
/// 12  u32  CRC-32C of the table              8  u64  offset of the second table
/// 16  table                                 16  u32  CRC-32C of the table
/// ..  records as in the original            20  u32  CRC-32C of bytes 0..19
/// ..  table again                          table: per record, ascending,
/// ..  trailer                                original offset u64, offset here u64
/// ```
final class CompactedSegment {
    static final int HEADER_BYTES = 16;
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
        var tableBytes = originals.size() * ENTRY_BYTES;
        long at = (long) HEADER_BYTES + tableBytes;
        var table = ByteBuffer.allocate(tableBytes + TRAILER_BYTES);
        for (var original : originals) {
            var record = from.record(original);
            var length = record.remaining();
            to.write(record, at);
            table.putLong(original).putLong(at);
            at += length;
        }
        var crc = Checksums.crc32c(table.slice(0, tableBytes));
        table.putInt(TRAILER_MAGIC).putInt(originals.size()).putLong(at).putInt(crc);
        table.putInt(Checksums.crc32c(table.slice(tableBytes, TRAILER_BYTES - 4)));
        var front = ByteBuffer.allocate(HEADER_BYTES + tableBytes);
        front.putInt(MAGIC).putShort((short) VERSION).putShort((short) 0);
        front.putInt(originals.size()).putInt(crc).put(table.slice(0, tableBytes));
        to.write(front.flip(), 0);
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

    /// Whether the object ends as [#write] ends it.
    static boolean isComplete(StagingStorage storage, String name) throws IOException {
        try (var object = storage.open(name)) {
            readSecond(object);
            return true;
        } catch (DamagedFormatException _) {
            return false;
        }
    }

    /// Reads the table, from whichever copy is sound.
    ///
    /// @throws DamagedFormatException if neither is
    static CompactedSegment read(StagingStorage.StoredObject object) throws IOException {
        try {
            return readSecond(object);
        } catch (DamagedFormatException e) {
            try {
                return readFirst(object);
            } catch (DamagedFormatException _) {
                throw e;
            }
        }
    }

    /// @throws DamagedFormatException if one of the two tables is damaged, or they differ
    static void check(StagingStorage.StoredObject object) throws IOException {
        var first = readFirst(object);
        var second = readSecond(object);
        if (!Arrays.equals(first.originals, second.originals)
                || !Arrays.equals(first.offsets, second.offsets)) {
            throw new DamagedFormatException("the two tables of the compacted segment differ");
        }
    }

    private static CompactedSegment readFirst(StagingStorage.StoredObject object)
            throws IOException {
        var head = ByteBuffer.allocate(HEADER_BYTES);
        if (object.read(head, 0) < HEADER_BYTES) {
            throw new DamagedFormatException("too short for a compacted segment");
        }
        head.flip();
        DamagedFormatException.check("magic of the compacted segment", MAGIC, head.getInt());
        var version = head.getShort() & 0xffff;
        if (version != VERSION) {
            // no checksum covers it alone, so this may be damage; the second table tells
            throw new DamagedFormatException("compacted segment of version " + version);
        }
        DamagedFormatException.check("zero in the header", 0, head.getShort());
        return readTable(object, HEADER_BYTES, head.getInt(), head.getInt());
    }

    private static CompactedSegment readSecond(StagingStorage.StoredObject object)
            throws IOException {
        var size = object.sizeBytes();
        if (size < HEADER_BYTES + TRAILER_BYTES) {
            throw new DamagedFormatException("too short for a compacted segment");
        }
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
        if (tableAt + (long) count * ENTRY_BYTES + TRAILER_BYTES != size) {
            throw new DamagedFormatException("the trailer is not that of this segment");
        }
        return readTable(object, tableAt, count, trailer.getInt());
    }

    private static CompactedSegment readTable(
            StagingStorage.StoredObject object, long tableAt, int count, int crc)
            throws IOException {
        if (count < 0 || (long) count * ENTRY_BYTES > object.sizeBytes()) {
            throw new DamagedFormatException("a table of " + count + " entries");
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
