package holdfast.volume;

import holdfast.base.TimeSource;
import holdfast.format.DamagedFormatException;
import holdfast.format.SegmentHeader;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/// The segments of the journal by number. Safe for any thread.
final class Segments {
    /// Indexes of sealed segments that are kept in memory; about half a MiB each at most.
    private static final int INDEXES_MAX = 32;

    private final StagingStorage storage;
    private final OpenObjects objects;
    private final StoreIdentity identity;
    private final TimeSource time;
    private final ConcurrentSkipListMap<Long, Segment> segments = new ConcurrentSkipListMap<>();
    private final ArrayDeque<Segment> indexed = new ArrayDeque<>();

    Segments(StagingStorage storage, OpenObjects objects, StoreIdentity identity, TimeSource time) {
        this.storage = storage;
        this.objects = objects;
        this.identity = identity;
        this.time = time;
    }

    /// Finds what is stored. Of a segment with two generations, the complete later one counts and
    /// the other is deleted: compaction was interrupted between making the one and deleting the
    /// other.
    void list() throws IOException {
        for (var entry : storage.list(Segment.FOLDER)) {
            var parsed = Segment.parse(entry);
            if (parsed.isEmpty()) {
                continue;
            }
            var found = parsed.get();
            found.sealed = true; // whatever a crash left open is ended before it is used
            var other = segments.get(found.number);
            if (other == null) {
                segments.put(found.number, found);
            } else { // the listing is sorted: the later generation comes second
                var complete = CompactedSegment.isComplete(storage, found.path());
                storage.delete((complete ? other : found).path());
                segments.put(found.number, complete ? found : other);
            }
        }
    }

    /// Makes the next segment.
    JournalSegment begin(long firstSequence) throws IOException {
        var last = segments.isEmpty() ? 0 : segments.lastKey();
        var segment = new Segment(last + 1, firstSequence, 0, 0);
        var header =
                new SegmentHeader(
                        identity.high(),
                        identity.low(),
                        segment.number,
                        firstSequence,
                        time.now().toEpochMilli());
        var bytes = ByteBuffer.allocate(SegmentHeader.BYTES);
        header.encode(bytes);
        var begun = new JournalSegment(segment, storage.create(segment.path()), bytes.flip());
        segments.put(segment.number, segment);
        return begun;
    }

    /// In order of their numbers.
    List<Segment> all() {
        return List.copyOf(segments.values());
    }

    /// @throws StoreException if there is none of that number
    Segment get(long number) throws StoreException {
        var segment = segments.get(number);
        if (segment == null) {
            throw new StoreException("segment " + number + " is gone");
        }
        return segment;
    }

    void remove(Segment segment) throws IOException {
        segments.remove(segment.number);
        objects.forget(segment.path());
        storage.delete(segment.path());
    }

    /// Segments that may hold records with `after < sequence <= to`, in order.
    List<Segment> holding(long after, long to) {
        var found = new ArrayDeque<Segment>();
        var end = Long.MAX_VALUE;
        for (var segment : all().reversed()) {
            var first = segment.firstSequence;
            if (first <= to && first < end && end > after + 1) {
                found.addFirst(segment);
            }
            end = Math.min(end, first);
        }
        return List.copyOf(found);
    }

    /// The last sequence that a segment may hold: where a later one begins, whatever comes after is
    /// void. A sync of it failed, and it was written again.
    long lastValid(Segment segment) {
        return segments.tailMap(segment.number, false).values().stream()
                        .mapToLong(later -> later.firstSequence)
                        .min()
                        .orElse(Long.MAX_VALUE)
                - 1;
    }

    long usedBytes() {
        return segments.values().stream().mapToLong(Segment::sizeBytes).sum();
    }

    /// Visits extents and clears with `after < sequence <= to` of all volumes, in order.
    void visit(long after, long to, IndexVisitor visitor) throws IOException {
        for (var segment : holding(after, to)) {
            index(segment).visit(after, to, visitor.in(segment));
        }
    }

    /// Makes a visitor for the records of one segment.
    @FunctionalInterface
    interface IndexVisitor {
        SegmentIndex.Visitor in(Segment segment);
    }

    /// The index of a segment, read from its end where it is not in memory; if it is damaged there,
    /// rebuilt from the records.
    SegmentIndex index(Segment segment) throws IOException {
        var known = segment.index;
        if (known != null) {
            return known;
        }
        SegmentIndex index;
        try {
            index = readIndex(segment);
        } catch (DamagedFormatException _) {
            index = scan(segment).index();
        }
        return remember(segment, index);
    }

    /// @throws DamagedFormatException if the segment does not end with a sound index
    SegmentIndex readIndex(Segment segment) throws IOException {
        try (var lease = objects.use(segment.path())) {
            var object = lease.object();
            var trailer = readTrailer(object);
            var bytes = ByteBuffer.allocate(trailer.indexBytes());
            object.read(bytes, trailer.indexOffset());
            return SegmentIndex.decode(trailer, bytes.flip());
        }
    }

    /// The trailer of a sealed segment.
    ///
    /// @throws DamagedFormatException if the segment does not end with one
    SegmentIndex.Trailer readEnd(Segment segment) throws IOException {
        try (var lease = objects.use(segment.path())) {
            return readTrailer(lease.object());
        }
    }

    private static SegmentIndex.Trailer readTrailer(StagingStorage.StoredObject object)
            throws IOException {
        var size = object.sizeBytes();
        var bytes = ByteBuffer.allocate(SegmentIndex.TRAILER_BYTES);
        if (size < SegmentHeader.BYTES + SegmentIndex.TRAILER_BYTES) {
            throw new DamagedFormatException("too short for a sealed segment");
        }
        object.read(bytes, size - SegmentIndex.TRAILER_BYTES);
        var trailer = SegmentIndex.Trailer.decode(bytes.flip());
        if (trailer.indexOffset() + trailer.indexBytes() + SegmentIndex.TRAILER_BYTES != size) {
            throw new DamagedFormatException("the trailer is not that of this segment");
        }
        return trailer;
    }

    /// Reads the whole segment, record by record.
    SegmentScan.Result scan(Segment segment) throws IOException {
        try (var lease = objects.use(segment.path())) {
            return SegmentScan.scan(lease.object(), segment, identity, trailer(segment));
        }
    }

    private Optional<SegmentIndex.Trailer> trailer(Segment segment) throws IOException {
        try {
            return segment.sealed ? Optional.of(readEnd(segment)) : Optional.empty();
        } catch (DamagedFormatException _) {
            return Optional.empty();
        }
    }

    /// Ends a segment that a crash left without an index: cuts off what was never acknowledged.
    ///
    /// @param result of a scan of it
    void repair(Segment segment, SegmentScan.Result result) throws IOException {
        objects.forget(segment.path());
        try (var object = storage.open(segment.path())) {
            object.truncate(result.soundBytes());
            var end = result.index().encode(result.soundBytes(), result.lastSequence());
            segment.sizeBytes(result.soundBytes() + end.remaining());
            object.write(end, result.soundBytes());
            object.sync();
        }
        segment.sealed = true;
        remember(segment, result.index());
    }

    /// A record's place in an open object; closing gives the object back.
    ///
    /// @param offsetBytes of the record there
    record Place(OpenObjects.Lease lease, long offsetBytes) implements AutoCloseable {
        int read(ByteBuffer target) throws IOException {
            return lease.object().read(target, offsetBytes);
        }

        @Override
        public void close() throws IOException {
            lease.close();
        }
    }

    /// Finds a record that maps know by its offset in the original segment.
    ///
    /// @throws DamagedFormatException if compaction dropped it
    Place locate(Segment segment, long original) throws IOException {
        while (true) {
            var generation = segment.generation();
            OpenObjects.Lease lease;
            try {
                lease = objects.use(segment.path(generation.number()));
            } catch (NoSuchFileException e) {
                if (generation.number() != segment.generation().number()) {
                    continue; // compacted in this very moment
                }
                throw new DamagedFormatException("the file is missing");
            }
            try {
                return new Place(lease, offset(segment, generation, lease, original));
            } catch (IOException | RuntimeException e) {
                lease.close();
                throw e;
            }
        }
    }

    private static long offset(
            Segment segment, Segment.Generation generation, OpenObjects.Lease lease, long original)
            throws IOException {
        if (generation.number() == 0) {
            return original;
        }
        var table = generation.table();
        if (table == null) {
            table = CompactedSegment.read(lease.object());
            segment.generation(
                    new Segment.Generation(generation.number(), generation.sizeBytes(), table));
        }
        return table.find(original);
    }

    /// Replaces a sealed segment by one that holds only some of its records.
    void compact(Segment segment, List<Long> originals, CompactedSegment.Source source)
            throws IOException {
        var before = segment.path();
        var next = segment.generation().number() + 1;
        long size;
        try (var object = storage.create(segment.path(next))) {
            size = CompactedSegment.write(object, originals, source);
        }
        segment.index = null;
        segment.generation(new Segment.Generation(next, size, null));
        objects.forget(before);
        storage.delete(before);
    }

    /// @return what of it is valid
    private SegmentIndex remember(Segment segment, SegmentIndex stored) throws IOException {
        var index = stored.upTo(lastValid(segment));
        synchronized (indexed) {
            segment.index = index;
            indexed.addLast(segment);
            while (indexed.size() > INDEXES_MAX) {
                indexed.removeFirst().index = null;
            }
        }
        return index;
    }

    Map<Long, Segment> byNumber() {
        return segments;
    }
}
