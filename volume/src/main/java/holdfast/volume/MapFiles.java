package holdfast.volume;

import holdfast.base.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Where map pages are stored: append-only map files, each page behind its length and checksum
/// (docs/formats/map.md, "Map file"). A reference packs file number, offset and length, so that a
/// page is read in one go. Safe for any thread.
final class MapFiles implements MapPageStore, AutoCloseable {
    static final String FOLDER = "maps";
    private static final long FILE_BYTES_MAX = 64L << 20;
    private static final int FRAME_BYTES = 8;
    private static final int UNIT_BYTES = 8;

    // a reference: file number 23 bits, offset in units 28 bits, frame length in units 12 bits
    private static final int LENGTH_BITS = 12;
    private static final int OFFSET_BITS = 28;
    private static final int FRAME_BYTES_MAX = ((1 << LENGTH_BITS) - 1) * UNIT_BYTES;

    private final StagingStorage storage;
    private final OpenObjects objects;
    private final LongSupplier newestSegment;

    /// What [#newestSegment] was when a file, and all before it, had been ended.
    private final NavigableMap<Long, Long> segmentsAtEnd = new TreeMap<>();

    private final Set<StagingStorage.StoredObject> dirty = new LinkedHashSet<>();
    private long nextFile;
    private long currentFile;
    private long writtenBytes;
    private StagingStorage.@Nullable StoredObject current;
    private volatile boolean syncFailed;

    /// @param nextFile number above that of every map file ever made
    /// @param newestSegment number of the newest segment of the journal
    MapFiles(
            StagingStorage storage,
            OpenObjects objects,
            long nextFile,
            LongSupplier newestSegment) {
        this.storage = storage;
        this.objects = objects;
        this.nextFile = nextFile;
        this.newestSegment = newestSegment;
        segmentsAtEnd.put(nextFile - 1, newestSegment.getAsLong());
    }

    static String path(long file) {
        return String.format(Locale.ROOT, "%s/%08x.map", FOLDER, file);
    }

    static long fileOf(long reference) {
        return reference >>> (LENGTH_BITS + OFFSET_BITS);
    }

    static long offsetOf(long reference) {
        return ((reference >>> LENGTH_BITS) & ((1L << OFFSET_BITS) - 1)) * UNIT_BYTES;
    }

    static int frameBytesOf(long reference) {
        return (int) (reference & ((1 << LENGTH_BITS) - 1)) * UNIT_BYTES;
    }

    synchronized long nextFile() {
        return nextFile;
    }

    /// Number of the file that is being written; 0 if none.
    synchronized long currentFile() {
        return current == null ? 0 : currentFile;
    }

    /// Number of a segment behind which no page of a file finds anything.
    synchronized long newestSegmentIn(long file) {
        var ended = segmentsAtEnd.ceilingEntry(file);
        return ended == null ? newestSegment.getAsLong() : ended.getValue();
    }

    @Override
    public synchronized long append(ByteBuffer page) throws IOException {
        var length = page.remaining();
        var frameBytes = (FRAME_BYTES + length + UNIT_BYTES - 1) & -UNIT_BYTES;
        if (frameBytes > FRAME_BYTES_MAX) {
            throw new IllegalArgumentException("map page of " + length + " bytes");
        }
        var object = current;
        if (object == null || writtenBytes + frameBytes > FILE_BYTES_MAX) {
            if (object != null && !dirty.contains(object)) {
                object.close(); // else the sync does, which knows only what was written since
            }
            object = storage.create(path(nextFile));
            segmentsAtEnd.put(currentFile, newestSegment.getAsLong());
            current = object;
            currentFile = nextFile++;
            writtenBytes = 0;
        }
        var reference =
                (((currentFile << OFFSET_BITS) | (writtenBytes / UNIT_BYTES)) << LENGTH_BITS)
                        | (frameBytes / UNIT_BYTES);
        var frame = ByteBuffer.allocate(frameBytes);
        frame.putInt(length).putInt(Checksums.crc32c(page, reference)).put(page.duplicate());
        object.write(frame.position(0).limit(frameBytes), writtenBytes);
        dirty.add(object);
        writtenBytes += frameBytes;
        return reference;
    }

    @Override
    public ByteBuffer read(long reference) throws IOException {
        var frame = ByteBuffer.allocate(frameBytesOf(reference));
        try (var lease = objects.use(path(fileOf(reference)))) {
            lease.read(frame, offsetOf(reference));
        } catch (NoSuchFileException _) {
            throw damaged(reference, "the file is missing");
        }
        return content(frame.flip(), reference);
    }

    /// The page inside a frame.
    private static ByteBuffer content(ByteBuffer frame, long reference)
            throws DamagedDataException {
        if (frame.remaining() < frameBytesOf(reference) || frame.remaining() < FRAME_BYTES) {
            throw damaged(reference, "the page is cut off");
        }
        var length = frame.getInt();
        var crc = frame.getInt();
        if (length < 0 || length > frame.remaining()) {
            throw damaged(reference, "a page of " + length + " bytes");
        }
        var page = frame.slice(frame.position(), length);
        // the place is in it, so that a sound page from elsewhere, as a disk that loses its way may
        // give, is not taken for this one; earlier builds wrote it without
        if (Checksums.crc32c(page, reference) != crc && Checksums.crc32c(page) != crc) {
            throw damaged(reference, "the page's checksum does not hold");
        }
        for (var i = frame.position() + length; i < frame.limit(); i++) {
            if (frame.get(i) != 0) {
                throw damaged(reference, "the padding behind the page is not zero");
            }
        }
        return page;
    }

    private static DamagedDataException damaged(long reference, String what) {
        return new DamagedDataException(
                new Damage(
                        "-",
                        -1,
                        0,
                        path(fileOf(reference)),
                        offsetOf(reference),
                        "volume map: " + what));
    }

    /// Makes everything appended before durable.
    ///
    /// After a sync that failed nobody knows which pages reached the disk, while the maps take all
    /// of them for stored: no later sync succeeds, and opening the store again rebuilds the maps
    /// from the last checkpoint and the journal.
    void sync() throws IOException {
        if (syncFailed) {
            throw new StoreException(
                    "map pages could not be made durable earlier; restart the server, which rebuilds"
                            + " the maps from the journal");
        }
        List<StagingStorage.StoredObject> syncing;
        StagingStorage.StoredObject open;
        synchronized (this) {
            syncing = List.copyOf(dirty);
            dirty.clear();
            open = current;
        }
        try {
            for (var object : syncing) {
                object.sync();
                if (!object.equals(open)) {
                    object.close();
                }
            }
        } catch (IOException e) {
            syncFailed = true;
            throw e;
        }
    }

    List<StagingStorage.Entry> files() throws IOException {
        return storage.list(FOLDER);
    }

    /// In this order, so that nobody who comes late opens it again and keeps it open.
    void delete(long file) throws IOException {
        storage.delete(path(file));
        objects.forget(path(file));
    }

    @Override
    public synchronized void close() throws IOException {
        if (current != null) {
            current.close();
            current = null;
        }
    }
}
