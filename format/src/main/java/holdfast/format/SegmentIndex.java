package holdfast.format;

import holdfast.base.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// What a segment holds, without the data: docs/formats/segment.md, "Index" and "Trailer". Kept in
/// memory while the segment is written, and at its end once it is sealed; volume maps and points
/// are rebuilt from it.
///
/// One thread adds; the others read what [#recordCount] said before.
public final class SegmentIndex {
    /// Bytes of one record's entry.
    ///
    /// ```
    ///  0  u8   kind                    8  u64  first block
    ///  1  u8   zero                   16  u64  offset in the segment; of a clear its block count
    ///  2  u16  blocks of an extent    24  u64  sequence
    ///  4  u32  volume number
    /// ```
    public static final int ENTRY_BYTES = 32;

    /// Bytes of one point's entry: owner number u32, zero u32, sequence u64, [PointRecord].
    public static final int POINT_BYTES = 16 + PointRecord.BYTES;

    /// Bytes of the trailer.
    ///
    /// ```
    ///  0  u32  magic "HFSE"            24  u64  last sequence; first - 1 if it holds none
    ///  4  u32  number of entries       32  u32  CRC-32C of the index
    ///  8  u32  number of points        36  u32  CRC-32C of bytes 0..35
    /// 12  u32  zero
    /// 16  u64  offset of the index
    /// ```
    public static final int TRAILER_BYTES = 40;

    private static final int MAGIC = 0x48465345;
    private static final int ENTRIES_MAX = 1 << 22;

    private ByteBuffer entries = ByteBuffer.allocate(64 * ENTRY_BYTES);
    private final List<Point> points = Collections.synchronizedList(new ArrayList<>());
    private volatile int recordCount;

    /// A point and where it is.
    public record Point(int owner, long sequence, PointRecord record) {}

    /// Receives what a segment holds.
    public interface Visitor {
        /// @param offsetBytes of the record's header in the segment
        void extent(int volume, long sequence, long firstBlock, int blockCount, long offsetBytes)
                throws IOException;

        void clear(int volume, long sequence, long firstBlock, long blockCount) throws IOException;
    }

    /// Writes one record's entry of [#ENTRY_BYTES] bytes, as index and batch tables hold it.
    ///
    /// @param offset of the record in the segment; of a clear its block count; of a point zero
    public static void encodeEntry(ByteBuffer out, RecordHeader record, long offset) {
        out.put(record.kind().code()).put((byte) 0).putShort((short) record.blockCount());
        out.putInt(record.volume()).putLong(record.firstBlock()).putLong(offset);
        out.putLong(record.sequence());
    }

    public void addExtent(
            int volume, long sequence, long firstBlock, int blockCount, long offsetBytes) {
        add(RecordHeader.Kind.EXTENT, volume, sequence, firstBlock, blockCount, offsetBytes);
    }

    public void addClear(int volume, long sequence, long firstBlock, long blockCount) {
        add(RecordHeader.Kind.CLEAR, volume, sequence, firstBlock, 0, blockCount);
    }

    public void addPoint(Point point) {
        points.add(point);
    }

    private synchronized void add(
            RecordHeader.Kind kind,
            int volume,
            long sequence,
            long firstBlock,
            int blockCount,
            long offset) {
        if (entries.remaining() < ENTRY_BYTES) {
            entries = ByteBuffer.allocate(entries.capacity() * 2).put(entries.flip());
        }
        entries.put(kind.code()).put((byte) 0).putShort((short) blockCount).putInt(volume);
        entries.putLong(firstBlock).putLong(offset).putLong(sequence);
        recordCount++;
    }

    /// Extents and clears held.
    public int recordCount() {
        return recordCount;
    }

    public List<Point> points() {
        synchronized (points) {
            return List.copyOf(points);
        }
    }

    /// Visits extents and clears with `afterSequence < sequence <= toSequence`, in order.
    public void visit(long afterSequence, long toSequence, Visitor visitor) throws IOException {
        ByteBuffer in;
        synchronized (this) {
            in = entries.duplicate().flip();
        }
        while (in.hasRemaining()) {
            var kind = in.get();
            in.get();
            var blockCount = in.getShort() & 0xffff;
            var volume = in.getInt();
            var firstBlock = in.getLong();
            var offset = in.getLong();
            var sequence = in.getLong();
            if (sequence <= afterSequence || sequence > toSequence) {
                continue;
            }
            if (kind == RecordHeader.Kind.EXTENT.code()) {
                visitor.extent(volume, sequence, firstBlock, blockCount, offset);
            } else {
                visitor.clear(volume, sequence, firstBlock, offset);
            }
        }
    }

    /// The same without what comes after a sequence.
    public SegmentIndex upTo(long sequence) throws IOException {
        var kept = new SegmentIndex();
        visit(
                Long.MIN_VALUE,
                sequence,
                new Visitor() {
                    @Override
                    public void extent(int volume, long seq, long first, int count, long offset) {
                        kept.addExtent(volume, seq, first, count, offset);
                    }

                    @Override
                    public void clear(int volume, long seq, long first, long count) {
                        kept.addClear(volume, seq, first, count);
                    }
                });
        points().stream().filter(point -> point.sequence() <= sequence).forEach(kept::addPoint);
        return kept;
    }

    /// The index and its trailer as they end a sealed segment.
    ///
    /// @param offsetBytes where in the segment they will be
    public synchronized ByteBuffer encode(long offsetBytes, long lastSequence) {
        var sealedPoints = points();
        var indexBytes = entries.position() + sealedPoints.size() * POINT_BYTES;
        var out = ByteBuffer.allocate(indexBytes + TRAILER_BYTES);
        out.put(entries.duplicate().flip());
        for (var point : sealedPoints) {
            out.putInt(point.owner()).putInt(0).putLong(point.sequence());
            point.record().encode(out);
        }
        out.putInt(MAGIC).putInt(recordCount).putInt(sealedPoints.size()).putInt(0);
        out.putLong(offsetBytes).putLong(lastSequence);
        out.putInt(Checksums.crc32c(out.slice(0, indexBytes)));
        out.putInt(Checksums.crc32c(out.slice(indexBytes, TRAILER_BYTES - Integer.BYTES)));
        return out.flip();
    }

    /// Rebuilds an index from its bytes, whose checksum must be the trailer's.
    public static SegmentIndex decode(Trailer trailer, ByteBuffer in)
            throws DamagedFormatException {
        DamagedFormatException.check("length of the index", trailer.indexBytes(), in.remaining());
        DamagedFormatException.check(
                "checksum of the index", trailer.indexCrc(), Checksums.crc32c(in));
        var index = new SegmentIndex();
        var entryBytes = trailer.entryCount() * ENTRY_BYTES;
        index.entries = ByteBuffer.allocate(Math.max(ENTRY_BYTES, entryBytes));
        index.entries.put(in.slice(in.position(), entryBytes));
        index.recordCount = trailer.entryCount();
        in.position(in.position() + entryBytes);
        for (var i = 0; i < trailer.pointCount(); i++) {
            var owner = in.getInt();
            in.getInt();
            index.addPoint(new Point(owner, in.getLong(), PointRecord.decode(in)));
        }
        return index;
    }

    /// The last bytes of a sealed segment.
    ///
    /// @param indexOffset where the index begins; everything before it is header and batches
    public record Trailer(
            int entryCount, int pointCount, long indexOffset, long lastSequence, int indexCrc) {
        public int indexBytes() {
            return entryCount * ENTRY_BYTES + pointCount * POINT_BYTES;
        }

        /// Reads [#TRAILER_BYTES] bytes.
        public static Trailer decode(ByteBuffer in) throws DamagedFormatException {
            var start = in.position();
            DamagedFormatException.check("magic of the trailer", MAGIC, in.getInt());
            DamagedFormatException.check(
                    "checksum of the trailer",
                    Checksums.crc32c(in.slice(start, TRAILER_BYTES - Integer.BYTES)),
                    in.getInt(start + TRAILER_BYTES - Integer.BYTES));
            var entryCount = in.getInt();
            var pointCount = in.getInt();
            in.getInt();
            var trailer =
                    new Trailer(entryCount, pointCount, in.getLong(), in.getLong(), in.getInt());
            if (entryCount < 0
                    || entryCount > ENTRIES_MAX
                    || pointCount < 0
                    || pointCount > ENTRIES_MAX) {
                throw new DamagedFormatException(
                        "index of " + entryCount + " records and " + pointCount + " points");
            }
            return trailer;
        }
    }
}
