package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.format.BatchHeader;
import holdfast.format.DamagedFormatException;
import holdfast.format.PointRecord;
import holdfast.format.RecordHeader;
import holdfast.format.SegmentHeader;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/// Reads a segment from its beginning, batch by batch, and tells a torn end from damage.
///
/// A crash may tear whatever was written after the last sync. Each batch says up to where the file
/// was synced before it; so what is unsound before such a place is damage, and what is unsound
/// after the last of them was never acknowledged and is cut off. Within a damaged batch everything
/// that still proves itself is kept: each record is described in the batch's table and again in its
/// own header, and each payload carries its own checksum.
final class SegmentScan {
    private final StagingStorage.ReadableObject object;
    private final Segment segment;
    private final long sizeBytes;
    private final Optional<SegmentIndex.Trailer> trailer;
    private final SegmentIndex index = new SegmentIndex();
    private final List<Damage> damage = new ArrayList<>();
    private long lastSequence;
    private long syncedBytes;
    private boolean hasHeader;

    private SegmentScan(
            StagingStorage.ReadableObject object,
            Segment segment,
            long sizeBytes,
            Optional<SegmentIndex.Trailer> trailer) {
        this.object = object;
        this.segment = segment;
        this.sizeBytes = sizeBytes;
        this.trailer = trailer;
        this.lastSequence = segment.firstSequence - 1;
    }

    /// What a scan found.
    ///
    /// @param index of everything that proves itself
    /// @param soundBytes where the last batch ends that counts
    /// @param lastSequence of the last record; first - 1 if there is none
    /// @param damage places that were on stable storage and are not what was written
    /// @param syncedBytes what is before this place was on stable storage when the last batch was
    ///   written
    /// @param hasHeader whether it begins with a sound header, be it another segment's
    /// @param gapSequence from here on records are missing, and nobody can tell which blocks they
    ///   were about; [Long#MAX_VALUE] if none are
    record Result(
            SegmentIndex index,
            long soundBytes,
            long lastSequence,
            List<Damage> damage,
            long syncedBytes,
            boolean hasHeader,
            long gapSequence) {
        boolean gap() {
            return gapSequence != Long.MAX_VALUE;
        }
    }

    /// @param trailer of the segment, if it has a sound one: it vouches for all that is before the
    ///   index
    static Result scan(
            StagingStorage.ReadableObject object,
            Segment segment,
            StoreIdentity identity,
            Optional<SegmentIndex.Trailer> trailer)
            throws IOException {
        var stored = Math.min(object.sizeBytes(), segment.sizeBytes());
        var size = trailer.map(SegmentIndex.Trailer::indexOffset).orElse(stored);
        var scan = new SegmentScan(object, segment, size, trailer);
        scan.header(identity);
        return scan.batches();
    }

    private void header(StoreIdentity identity) throws IOException {
        try {
            var header = SegmentHeader.decode(read(0, SegmentHeader.BYTES));
            hasHeader = true;
            if (header.storeHigh() != identity.high()
                    || header.storeLow() != identity.low()
                    || header.number() != segment.number) {
                throw new DamagedFormatException("the header is that of another segment");
            }
        } catch (DamagedFormatException e) {
            if (sizeBytes > SegmentHeader.BYTES) { // else it was made and never synced
                note(0, String.valueOf(e.getMessage()));
            }
        }
    }

    private Result batches() throws IOException {
        long at = SegmentHeader.BYTES;
        var gap = Long.MAX_VALUE;
        while (at < sizeBytes) {
            var end = soundBatch(at);
            if (end < 0) {
                var next = nextBatchSyncedPast(at);
                if (next < 0 && trailer.isEmpty()) {
                    break; // a torn end, or the index of a sealed segment
                }
                next = next < 0 ? sizeBytes : next;
                gap = Math.min(gap, salvage(at, next));
                end = next;
            }
            at = end;
        }
        var soundBytes = Math.min(at, sizeBytes);
        return new Result(
                index,
                soundBytes,
                lastSequence,
                damage,
                Math.min(syncedBytes, soundBytes),
                hasHeader,
                gap);
    }

    /// @return where the batch ends, or -1 if there is no sound batch at this place
    private long soundBatch(long at) throws IOException {
        try {
            var header = BatchHeader.decode(read(at, BatchHeader.BYTES));
            var body = read(at + BatchHeader.BYTES, header.bodyBytes());
            if (body.remaining() < header.bodyBytes()) {
                return -1;
            }
            var tableBytes = (int) header.tableBytes();
            DamagedFormatException.check(
                    "checksum of the batch's table",
                    header.tableCrc(),
                    Checksums.crc32c(body.slice(0, tableBytes)));
            DamagedFormatException.check(
                    "checksum of the batch's records",
                    header.recordsCrc(),
                    Checksums.crc32c(body.slice(tableBytes, header.bodyBytes() - tableBytes)));
            records(body.position(tableBytes), at + BatchHeader.BYTES);
            syncedBytes = Math.max(syncedBytes, header.syncedBytes());
            return at + BatchHeader.BYTES + header.bodyBytes();
        } catch (DamagedFormatException _) {
            return -1;
        }
    }

    /// Adds the records of a sound batch.
    private void records(ByteBuffer body, long bodyAt) throws DamagedFormatException {
        while (body.hasRemaining()) {
            var offset = bodyAt + body.position();
            var start = body.position();
            var header = RecordHeader.decode(body, RecordHeader.place(segment.number, offset));
            add(header, offset, body.slice(body.position(), header.payloadBytes()));
            body.position(start + header.totalBytes());
        }
    }

    private void add(RecordHeader header, long offset, ByteBuffer payload)
            throws DamagedFormatException {
        switch (header.kind()) {
            case EXTENT ->
                    index.addExtent(
                            header.volume(),
                            header.sequence(),
                            header.firstBlock(),
                            header.blockCount(),
                            offset);
            case CLEAR ->
                    index.addClear(
                            header.volume(),
                            header.sequence(),
                            header.firstBlock(),
                            payload.getLong());
            case POINT ->
                    index.addPoint(
                            new SegmentIndex.Point(
                                    header.volume(),
                                    header.sequence(),
                                    PointRecord.decode(payload)));
        }
        lastSequence = Math.max(lastSequence, header.sequence());
    }

    /// Looks for a later batch that was written when this place was on stable storage already.
    private long nextBatchSyncedPast(long at) throws IOException {
        var step = 1 << 20;
        for (var from = at + RecordHeader.ALIGNMENT; from < sizeBytes; from += step) {
            var chunk = read(from, step + BatchHeader.BYTES);
            for (var i = 0; i + BatchHeader.BYTES <= chunk.limit() && i < step; i += 8) {
                if (chunk.getInt(i) == BatchHeader.MAGIC && syncedPast(chunk, i, at)) {
                    return from + i;
                }
            }
        }
        return -1;
    }

    private static boolean syncedPast(ByteBuffer chunk, int i, long at) {
        try {
            var header = BatchHeader.decode(chunk.slice(i, BatchHeader.BYTES));
            return header.syncedBytes() > at;
        } catch (DamagedFormatException _) {
            return false; // data that looks like a batch
        }
    }

    /// Keeps what proves itself between two places and names the rest.
    ///
    /// @return the first sequence that is missing altogether; [Long#MAX_VALUE] if none is
    private long salvage(long from, long to) throws IOException {
        var bytes = read(from, Math.toIntExact(to - from));
        var expected = lastSequence + 1;
        var known = table(bytes, expected);
        note(from, "a batch of records does not match its checksums");
        var at = 0;
        var found = 0L;
        while (at + RecordHeader.BYTES <= bytes.limit()) {
            try {
                var place = RecordHeader.place(segment.number, from + at);
                var header = RecordHeader.decode(bytes.duplicate().position(at), place);
                if (header.sequence() >= expected && at + header.totalBytes() <= bytes.limit()) {
                    var payload = bytes.slice(at + RecordHeader.BYTES, header.payloadBytes());
                    if (header.kind() == RecordHeader.Kind.EXTENT
                            || Checksums.crc32c(payload) == header.crc32c()) {
                        known.remove(header.sequence());
                        found += 1 + fill(known, header.sequence());
                        add(header, from + at, payload);
                    }
                    at += header.totalBytes();
                    continue;
                }
            } catch (DamagedFormatException _) {
                // not a record, or a damaged one: try the next place
            }
            at += RecordHeader.ALIGNMENT;
        }
        found += fill(known, Long.MAX_VALUE);
        var next =
                to < sizeBytes
                        ? BatchHeader.decode(read(to, BatchHeader.BYTES)).firstSequence()
                        : trailer.orElseThrow().lastSequence() + 1;
        lastSequence = Math.max(lastSequence, next - 1);
        return found < next - expected ? expected : Long.MAX_VALUE;
    }

    /// Adds records that only the table knows, in their place: reading their blocks then meets the
    /// damage and names it, instead of finding older data.
    ///
    /// @return how many
    private int fill(NavigableMap<Long, TableEntry> known, long beforeSequence) {
        var filled = 0;
        while (!known.isEmpty() && known.firstKey() < beforeSequence) {
            var entry = known.pollFirstEntry();
            var sequence = entry.getKey();
            var what = entry.getValue();
            if (what.kind() == RecordHeader.Kind.EXTENT.code()) {
                index.addExtent(
                        what.volume(),
                        sequence,
                        what.firstBlock(),
                        what.blockCount(),
                        what.offset());
            } else if (what.kind() == RecordHeader.Kind.CLEAR.code()) {
                index.addClear(what.volume(), sequence, what.firstBlock(), what.offset());
            }
            lastSequence = Math.max(lastSequence, sequence);
            filled++;
        }
        return filled;
    }

    private record TableEntry(int kind, int volume, long firstBlock, int blockCount, long offset) {}

    private static NavigableMap<Long, TableEntry> table(ByteBuffer bytes, long expected) {
        var entries = new TreeMap<Long, TableEntry>();
        try {
            var header = BatchHeader.decode(bytes.duplicate());
            var table = bytes.slice(BatchHeader.BYTES, (int) header.tableBytes());
            if (Checksums.crc32c(table) == header.tableCrc()) {
                while (table.hasRemaining()) {
                    var kind = table.get();
                    table.get();
                    var blockCount = table.getShort() & 0xffff;
                    var volume = table.getInt();
                    var firstBlock = table.getLong();
                    var offset = table.getLong();
                    var sequence = table.getLong();
                    if (sequence >= expected) {
                        entries.put(
                                sequence,
                                new TableEntry(kind, volume, firstBlock, blockCount, offset));
                    }
                }
            }
        } catch (DamagedFormatException | IndexOutOfBoundsException _) {
            // then the records have to speak for themselves
        }
        return entries;
    }

    private ByteBuffer read(long offset, int length) throws IOException {
        var bytes = ByteBuffer.allocate((int) Math.min(length, Math.max(0, sizeBytes - offset)));
        object.read(bytes, offset);
        return bytes.flip();
    }

    private void note(long offset, String what) {
        damage.add(new Damage("-", -1, 0, segment.name(), offset, what));
    }
}
