package holdfast.volume;

import static holdfast.volume.MergeTable.ENTRY_BYTES;
import static holdfast.volume.MergeTable.HEADER_BYTES;
import static holdfast.volume.MergeTable.SECTION_BYTES;
import static holdfast.volume.MergeTable.TRAILER_BYTES;
import static holdfast.volume.MergeTable.UNIT_BYTES;

import holdfast.base.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.NavigableMap;

/// Writes one merged segment, as [MergeTable] describes it. Used once.
final class MergeWriter {
    /// Written at once: some of the longest records.
    private static final int GATHERED_BYTES = 1 << 20;

    private final StagingStorage.StoredObject object;
    private final NavigableMap<Long, int[]> records;
    private final int recordCount;
    private final int tableBytes;

    /// Header and first table.
    private final ByteBuffer front;

    private final ByteBuffer entries;

    /// @param object empty
    /// @param records to keep: by segment number, offsets in units of 8 bytes, ascending
    MergeWriter(StagingStorage.StoredObject object, NavigableMap<Long, int[]> records) {
        this.object = object;
        this.records = records;
        this.recordCount = records.values().stream().mapToInt(units -> units.length).sum();
        this.tableBytes = Math.toIntExact(MergeTable.tableBytes(records.size(), recordCount));
        this.front = ByteBuffer.allocate(HEADER_BYTES + tableBytes);
        var entriesBytes = recordCount * ENTRY_BYTES;
        this.entries = front.slice(front.limit() - entriesBytes, entriesBytes);
    }

    /// Where the records come from.
    @FunctionalInterface
    interface Source {
        /// All bytes of a record, a multiple of 8 of them; good until the next call.
        ByteBuffer record(long number, long original) throws IOException;
    }

    /// Durable on return. The trailer follows when all else is on stable storage, so that after a
    /// crash a sound one vouches for the records.
    ///
    /// @return bytes of the object
    long write(Source from) throws IOException {
        var recordsEnd = copyRecords(from);
        var directoryCrc = fillDirectory();
        front.putInt(MergeTable.MAGIC).putShort((short) MergeTable.VERSION).putShort((short) 0);
        front.putInt(records.size()).putInt(recordCount).putInt(directoryCrc);
        front.putInt(Checksums.crc32c(front.slice(0, HEADER_BYTES - Integer.BYTES)));
        object.write(front.rewind(), 0);
        object.sync();
        var end = ByteBuffer.allocate(tableBytes + TRAILER_BYTES);
        end.put(front.slice(HEADER_BYTES, tableBytes));
        end.putInt(MergeTable.END_MAGIC).putInt(records.size()).putInt(recordCount);
        end.putInt(directoryCrc).putLong(recordsEnd).putInt(0);
        end.putInt(Checksums.crc32c(end.slice(tableBytes, TRAILER_BYTES - Integer.BYTES)));
        object.write(end.flip(), recordsEnd);
        object.sync();
        return recordsEnd + end.limit();
    }

    /// @return where they end
    private long copyRecords(Source from) throws IOException {
        var gathered = ByteBuffer.allocate(GATHERED_BYTES);
        long at = front.limit();
        for (var segment : records.entrySet()) {
            for (var unit : segment.getValue()) {
                var record = from.record(segment.getKey(), (long) unit * UNIT_BYTES);
                if (record.remaining() > gathered.remaining()) {
                    at += writeAt(at, gathered);
                }
                entries.putInt(unit).putInt((int) ((at + gathered.position()) / UNIT_BYTES));
                gathered.put(record);
            }
        }
        return at + writeAt(at, gathered);
    }

    private int writeAt(long at, ByteBuffer gathered) throws IOException {
        var length = gathered.position();
        object.write(gathered.flip(), at);
        gathered.clear();
        return length;
    }

    /// @return its checksum
    private int fillDirectory() {
        var directory = front.slice(HEADER_BYTES, records.size() * SECTION_BYTES);
        var at = 0;
        for (var segment : records.entrySet()) {
            var count = segment.getValue().length;
            directory.putInt((int) (long) segment.getKey()).putInt(count);
            directory.putInt(Checksums.crc32c(entries.slice(at, count * ENTRY_BYTES))).putInt(0);
            at += count * ENTRY_BYTES;
        }
        return Checksums.crc32c(directory.flip());
    }
}
