package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.base.TimeSource;
import holdfast.format.BatchHeader;
import holdfast.format.Compression;
import holdfast.format.PointRecord;
import holdfast.format.RecordHeader;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/// Puts requests into the bytes of docs/formats/segment.md, "Batch", and afterwards into the volume
/// maps. Used by the appender's thread only.
final class BatchWriter {
    private final TimeSource time;
    private final ByteBuffer buffer;

    BatchWriter(TimeSource time, int batchBytesMax) {
        this.time = time;
        this.buffer = ByteBuffer.allocateDirect(batchBytesMax);
    }

    /// Appends one batch to the segment.
    ///
    /// @return the sequence of its last record; `firstSequence - 1` if it holds none
    long write(JournalSegment segment, List<JournalRequest> requests, long firstSequence)
            throws IOException {
        var now = micros(time.now());
        var records = 0;
        for (var request : requests) {
            request.journalledMicros = now;
            for (var entry : request.entries) {
                records += entry instanceof JournalEntry.Barrier ? 0 : 1;
            }
        }
        if (records == 0) {
            return firstSequence - 1;
        }
        var tableAt = BatchHeader.BYTES;
        var recordsAt = tableAt + records * SegmentIndex.ENTRY_BYTES;
        var table = buffer.clear().slice(tableAt, recordsAt - tableAt);
        buffer.position(recordsAt);
        var sequence = firstSequence;
        for (var request : requests) {
            for (var entry : request.entries) {
                if (!(entry instanceof JournalEntry.Barrier)) {
                    var offset = segment.sizeBytes() + buffer.position();
                    encode(entry, sequence++, segment.number(), offset, now, table);
                }
            }
        }
        var end = buffer.position();
        var header =
                new BatchHeader(
                        end - tableAt,
                        segment.syncedBytes(),
                        firstSequence,
                        records,
                        Checksums.crc32c(buffer.slice(recordsAt, end - recordsAt)),
                        Checksums.crc32c(buffer.slice(tableAt, recordsAt - tableAt)));
        header.encode(buffer.position(0));
        segment.append(buffer.position(0).limit(end), records);
        return sequence - 1;
    }

    private void encode(
            JournalEntry entry,
            long sequence,
            long segment,
            long offset,
            long nowMicros,
            ByteBuffer table) {
        var place = RecordHeader.place(segment, offset);
        switch (entry) {
            case JournalEntry.Extent(var volume, var sealed) -> {
                var extent = sealed.extent();
                var header =
                        new RecordHeader(
                                RecordHeader.Kind.EXTENT,
                                extent.compression(),
                                extent.blockCount(),
                                volume.number,
                                sequence,
                                extent.firstBlock(),
                                extent.crc32c(),
                                sealed.payload().length,
                                sealed.noncePrefix(),
                                sealed.nonceCounter());
                header.encode(buffer, place);
                buffer.put(sealed.payload());
                SegmentIndex.encodeEntry(table, header, offset);
            }
            case JournalEntry.Clear(var volume, var firstBlock, var blockCount) -> {
                var payload = ByteBuffer.allocate(Long.BYTES).putLong(blockCount).flip();
                var header =
                        plain(
                                RecordHeader.Kind.CLEAR,
                                volume.number,
                                sequence,
                                firstBlock,
                                payload,
                                place);
                SegmentIndex.encodeEntry(table, header, blockCount);
            }
            case JournalEntry.Point(var owner, var point, _) -> {
                var payload = ByteBuffer.allocate(PointRecord.BYTES);
                record(point, nowMicros).encode(payload);
                var header =
                        plain(RecordHeader.Kind.POINT, owner, sequence, 0, payload.flip(), place);
                SegmentIndex.encodeEntry(table, header, 0);
            }
            case JournalEntry.Barrier _ ->
                    throw new IllegalArgumentException("a barrier is not a record");
        }
        while (buffer.position() % RecordHeader.ALIGNMENT != 0) {
            buffer.put((byte) 0);
        }
    }

    private RecordHeader plain(
            RecordHeader.Kind kind,
            int number,
            long sequence,
            long firstBlock,
            ByteBuffer payload,
            long place) {
        var header =
                new RecordHeader(
                        kind,
                        Compression.NONE,
                        0,
                        number,
                        sequence,
                        firstBlock,
                        Checksums.crc32c(payload),
                        payload.remaining(),
                        0,
                        0);
        header.encode(buffer, place);
        buffer.put(payload);
        return header;
    }

    /// Makes reads see a batch that was written.
    ///
    /// @param firstSequence as it was written with
    void apply(JournalSegment segment, List<JournalRequest> requests, long firstSequence) {
        var bytes = requests.stream().mapToLong(request -> request.bytes).sum();
        var offset = segment.sizeBytes() - bytes;
        var sequence = firstSequence;
        for (var request : requests) {
            for (var entry : request.entries) {
                apply(segment, entry, offset, sequence, request.journalledMicros);
                offset += entry.recordBytes();
                sequence += entry instanceof JournalEntry.Barrier ? 0 : 1;
            }
        }
    }

    private static void apply(
            JournalSegment segment,
            JournalEntry entry,
            long offset,
            long sequence,
            long journalledMicros) {
        var index = segment.index();
        switch (entry) {
            case JournalEntry.Extent(var volume, var sealed) -> {
                var first = sealed.extent().firstBlock();
                var count = sealed.extent().blockCount();
                index.addExtent(volume.number, sequence, first, count, offset);
                volume.put(first, count, BlockLocation.of(segment.number(), offset, 0), sequence);
            }
            case JournalEntry.Clear(var volume, var first, var count) -> {
                index.addClear(volume.number, sequence, first, count);
                volume.clear(first, count, sequence);
            }
            case JournalEntry.Point(var owner, var point, var written) -> {
                var made = new SegmentIndex.Point(owner, sequence, record(point, journalledMicros));
                index.addPoint(made);
                written.accept(made);
            }
            case JournalEntry.Barrier(var action) -> action.accept(sequence - 1);
        }
    }

    static PointRecord record(NewPoint point, long nowMicros) {
        return new PointRecord(
                micros(point.instant()),
                nowMicros,
                point.ageMillis(),
                point.round(),
                point.frozen());
    }

    static long micros(Instant instant) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
    }
}
