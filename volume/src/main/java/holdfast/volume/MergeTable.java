package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Where the records of a merged segment are: docs/formats/segment.md, "Merged segment". Maps go on
/// using number and offset of the segment as it was written, so merging changes no map.
///
/// ```
/// header, 24 bytes │ table │ records as they were │ table again │ trailer, 32 bytes
///
///  0  u32  magic "HFMS"                        0  u32  magic "HFME"
///  4  u16  version, u16 zero                   4  u32  number of segments
///  8  u32  number of segments                  8  u32  number of records
/// 12  u32  number of records                  12  u32  CRC-32C of the directory
/// 16  u32  CRC-32C of the directory           16  u64  offset of the second table
/// 20  u32  CRC-32C of bytes 0..19             24  u32  zero
///                                             28  u32  CRC-32C of bytes 0..27
///
/// table: directory, per segment, ascending    then per record, in the same order
///  0  u32  segment number                      0  u32  offset in the segment, in units of 8 bytes
///  4  u32  its records                         4  u32  offset here, in units of 8 bytes
///  8  u32  CRC-32C of their entries
/// 12  u32  zero
/// ```
///
/// The table is there twice, since without it nothing in the object is found. Each segment's
/// entries have a checksum of their own, so that only what is damaged in both copies is lost.
///
/// Immutable. Takes about 8 bytes of memory for each record.
final class MergeTable {
    static final int HEADER_BYTES = 24;
    static final int TRAILER_BYTES = 32;
    static final int SECTION_BYTES = 16;
    static final int ENTRY_BYTES = 8;
    static final int UNIT_BYTES = BlockLocation.OFFSET_UNIT_BYTES;
    static final int MAGIC = 0x48464d53;
    static final int END_MAGIC = 0x48464d45;
    static final int VERSION = 1;

    private final Directory directory;
    private final int[] originals;
    private final int[] offsets;

    /// Whether a segment's entries are damaged in both copies.
    private final boolean[] lost;

    private MergeTable(Directory directory, int[] originals, int[] offsets, boolean[] lost) {
        this.directory = directory;
        this.originals = originals;
        this.offsets = offsets;
        this.lost = lost;
    }

    /// What one copy of the directory says.
    ///
    /// @param starts of each segment's entries, and the number of all at the end
    /// @param secondAt offset of the second table, which ends the records
    private record Directory(long[] numbers, int[] starts, int[] crcs, long secondAt) {
        int segments() {
            return numbers.length;
        }

        int records() {
            return starts[numbers.length];
        }

        long firstEntriesAt() {
            return HEADER_BYTES + (long) segments() * SECTION_BYTES;
        }

        long secondEntriesAt() {
            return secondAt + (long) segments() * SECTION_BYTES;
        }
    }

    /// Bytes of an object beside the records.
    static long overheadBytes(int segments, long records) {
        return HEADER_BYTES + TRAILER_BYTES + 2 * tableBytes(segments, records);
    }

    static long tableBytes(int segments, long records) {
        return (long) segments * SECTION_BYTES + records * ENTRY_BYTES;
    }

    long memoryBytes() {
        return 64 + 24L * directory.segments() + 8L * originals.length;
    }

    /// Numbers of the segments of which something is left, ascending.
    long[] numbers() {
        return directory.numbers.clone();
    }

    /// Where a record is.
    ///
    /// @param original its offset in the segment
    /// @throws DamagedFormatException if it was dropped, or the table is damaged there
    long find(long number, long original) throws DamagedFormatException {
        return (long) offsets[entry(number, original)] * UNIT_BYTES;
    }

    /// Bytes of a record, known whatever became of its own header.
    long lengthBytes(long number, long original) throws DamagedFormatException {
        var entry = entry(number, original);
        var end =
                entry + 1 < offsets.length
                        ? (long) offsets[entry + 1] * UNIT_BYTES
                        : directory.secondAt;
        return end - (long) offsets[entry] * UNIT_BYTES;
    }

    private int entry(long number, long original) throws DamagedFormatException {
        var section = Arrays.binarySearch(directory.numbers, number);
        var entry = -1;
        if (section >= 0) {
            checkSound(section);
            entry =
                    Arrays.binarySearch(
                            originals,
                            directory.starts[section],
                            directory.starts[section + 1],
                            (int) (original / UNIT_BYTES));
        }
        if (entry < 0) {
            throw new DamagedFormatException("reclaim dropped the record");
        }
        return entry;
    }

    private void checkSound(int section) throws DamagedFormatException {
        if (lost[section]) {
            throw new DamagedFormatException(
                    "both tables are damaged where they say what is left of segment "
                            + directory.numbers[section]);
        }
    }

    /// Offsets in the segment of what is left of it, in units of 8 bytes, ascending.
    ///
    /// @throws DamagedFormatException if the table is damaged there
    int[] originals(long number) throws DamagedFormatException {
        var section = Arrays.binarySearch(directory.numbers, number);
        if (section < 0) {
            return new int[0];
        }
        checkSound(section);
        return Arrays.copyOfRange(
                originals, directory.starts[section], directory.starts[section + 1]);
    }

    /// Whether the object ends as [MergeWriter] ends it, after all else was on stable storage.
    static boolean isComplete(StagingStorage.ReadableObject object) throws IOException {
        try {
            var directory = secondDirectory(object);
            var entries = entries(object, directory, directory.secondEntriesAt());
            for (var section = 0; section < directory.segments(); section++) {
                if (!isSound(directory, entries, section)) {
                    return false;
                }
            }
            return true;
        } catch (DamagedFormatException _) {
            return false;
        }
    }

    /// Has the end of a complete object on stable storage, which a process that was killed may have
    /// written and not synced.
    static void keepEnd(StagingStorage.StoredObject object) throws IOException {
        var at = secondDirectory(object).secondAt;
        var end = read(object, at, Math.toIntExact(object.sizeBytes() - at));
        object.write(end, at); // a sync may have failed before
        object.sync();
    }

    /// Reads the table, each part from whichever copy is sound.
    ///
    /// @throws DamagedFormatException if neither directory is
    static MergeTable read(StagingStorage.ReadableObject object) throws IOException {
        var directory = directory(object);
        var second = entries(object, directory, directory.secondEntriesAt());
        var originals = new int[directory.records()];
        var offsets = new int[directory.records()];
        var lost = new boolean[directory.segments()];
        for (var section = 0; section < directory.segments(); section++) {
            var entries = second;
            if (!isSound(directory, entries, section)) {
                entries = entries(object, directory, directory.firstEntriesAt());
                lost[section] = !isSound(directory, entries, section);
            }
            for (var i = directory.starts[section]; i < directory.starts[section + 1]; i++) {
                originals[i] = entries.getInt(i * ENTRY_BYTES);
                offsets[i] = entries.getInt(i * ENTRY_BYTES + Integer.BYTES);
            }
        }
        return new MergeTable(directory, originals, offsets, lost);
    }

    /// What is damaged of the two tables, each place in words.
    static List<String> faults(StagingStorage.ReadableObject object) throws IOException {
        var faults = new ArrayList<String>();
        try {
            faults(object, "first", firstDirectory(object), true, faults);
        } catch (DamagedFormatException e) {
            faults.add("the first table: " + e.getMessage());
        }
        try {
            faults(object, "second", secondDirectory(object), false, faults);
        } catch (DamagedFormatException e) {
            faults.add("the second table: " + e.getMessage());
        }
        return faults;
    }

    private static void faults(
            StagingStorage.ReadableObject object,
            String which,
            Directory directory,
            boolean first,
            List<String> faults)
            throws IOException {
        var at = first ? directory.firstEntriesAt() : directory.secondEntriesAt();
        var entries = entries(object, directory, at);
        for (var section = 0; section < directory.segments(); section++) {
            if (!isSound(directory, entries, section)) {
                faults.add(
                        "the "
                                + which
                                + " table's entries for segment "
                                + directory.numbers[section]
                                + " do not match their checksum");
            }
        }
    }

    private static boolean isSound(Directory directory, ByteBuffer entries, int section) {
        var from = directory.starts[section] * ENTRY_BYTES;
        var to = directory.starts[section + 1] * ENTRY_BYTES;
        return to <= entries.limit()
                && Checksums.crc32c(entries.slice(from, to - from)) == directory.crcs[section];
    }

    private static ByteBuffer entries(
            StagingStorage.ReadableObject object, Directory directory, long at) throws IOException {
        var entries = ByteBuffer.allocate(directory.records() * ENTRY_BYTES);
        object.read(entries, at);
        return entries.flip();
    }

    private static Directory directory(StagingStorage.ReadableObject object) throws IOException {
        try {
            return secondDirectory(object);
        } catch (DamagedFormatException e) {
            try {
                return firstDirectory(object);
            } catch (DamagedFormatException _) {
                throw e;
            }
        }
    }

    private static Directory firstDirectory(StagingStorage.ReadableObject object)
            throws IOException {
        var head = read(object, 0, HEADER_BYTES);
        DamagedFormatException.check("magic of the merged segment", MAGIC, head.getInt());
        var version = head.getShort() & 0xffff;
        var zero = head.getShort();
        var segments = head.getInt();
        var records = head.getInt();
        var crc = head.getInt();
        checkCrc("checksum of the header", head);
        DamagedFormatException.check("version of the merged segment", VERSION, version);
        DamagedFormatException.check("zero in the header", 0, zero);
        var table = checkedTableBytes(object, segments, records);
        var secondAt = object.sizeBytes() - TRAILER_BYTES - table;
        return directory(
                read(object, HEADER_BYTES, segments * SECTION_BYTES), crc, records, secondAt);
    }

    private static Directory secondDirectory(StagingStorage.ReadableObject object)
            throws IOException {
        var size = object.sizeBytes();
        var end = read(object, Math.max(0, size - TRAILER_BYTES), TRAILER_BYTES);
        DamagedFormatException.check("magic of the trailer", END_MAGIC, end.getInt());
        var segments = end.getInt();
        var records = end.getInt();
        var crc = end.getInt();
        var secondAt = end.getLong();
        DamagedFormatException.check("zero in the trailer", 0, end.getInt());
        checkCrc("checksum of the trailer", end);
        if (secondAt + checkedTableBytes(object, segments, records) + TRAILER_BYTES != size) {
            throw new DamagedFormatException("the trailer is not that of this object");
        }
        return directory(read(object, secondAt, segments * SECTION_BYTES), crc, records, secondAt);
    }

    /// The last four bytes are the checksum of all before them.
    private static void checkCrc(String what, ByteBuffer bytes) throws DamagedFormatException {
        var length = bytes.limit() - Integer.BYTES;
        DamagedFormatException.check(
                what, bytes.getInt(length), Checksums.crc32c(bytes.slice(0, length)));
    }

    /// Nothing is allocated for a table that the object has no room for.
    private static long checkedTableBytes(
            StagingStorage.ReadableObject object, int segments, int records) throws IOException {
        var bytes = tableBytes(segments, records);
        if (segments < 0
                || records < 0
                || HEADER_BYTES + TRAILER_BYTES + 2 * bytes > object.sizeBytes()) {
            throw new DamagedFormatException(
                    "a table of " + segments + " segments and " + records + " records");
        }
        return bytes;
    }

    private static Directory directory(ByteBuffer bytes, int crc, int records, long secondAt)
            throws DamagedFormatException {
        DamagedFormatException.check("checksum of the directory", crc, Checksums.crc32c(bytes));
        var segments = bytes.limit() / SECTION_BYTES;
        var numbers = new long[segments];
        var starts = new int[segments + 1];
        var crcs = new int[segments];
        for (var i = 0; i < segments; i++) {
            numbers[i] = Integer.toUnsignedLong(bytes.getInt());
            var count = bytes.getInt();
            crcs[i] = bytes.getInt();
            bytes.getInt();
            if (count < 0 || count > records - starts[i]) {
                throw new DamagedFormatException("a directory of more than all records");
            }
            starts[i + 1] = starts[i] + count;
        }
        DamagedFormatException.check("records of all segments", records, starts[segments]);
        return new Directory(numbers, starts, crcs, secondAt);
    }

    private static ByteBuffer read(StagingStorage.ReadableObject object, long at, int length)
            throws IOException {
        var bytes = ByteBuffer.allocate(length);
        if (object.read(bytes, at) < length) {
            throw new DamagedFormatException("the merged segment is cut off");
        }
        return bytes.flip();
    }
}
