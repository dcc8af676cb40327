package holdfast.volume;

import holdfast.base.TimeSource;
import holdfast.format.DamagedFormatException;
import holdfast.format.SegmentHeader;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;

/// The segments of the journal that are as they were written: makes them, and tells from their
/// indexes what is in them. Safe for any thread.
final class Segments {
    private static final System.Logger LOG = System.getLogger(Segments.class.getName());

    /// Indexes of sealed segments that are kept in memory; about half a MiB each at most.
    private static final int INDEXES_MAX = 32;

    private static final int CHUNK_BYTES = 1 << 20;
    private static final int ATTEMPTS_MAX = 20;

    private final StagingStorage storage;
    private final OpenObjects objects;
    private final StoredSegments stored;
    private final StoreIdentity identity;
    private final TimeSource time;
    private final ArrayDeque<Segment> indexed = new ArrayDeque<>();

    /// Of which a write or a sync failed, so that the journal went on in another one.
    private final Queue<JournalSegment> left = new ConcurrentLinkedQueue<>();

    /// Held while one of them is ended or removed: to open one that goes would make it again.
    private final ReentrantLock ending = new ReentrantLock();

    /// How often it was tried in vain to end the first of them. Guarded by the checkpoints' lock.
    private int attempts;

    Segments(
            StagingStorage storage,
            OpenObjects objects,
            StoredSegments stored,
            StoreIdentity identity,
            TimeSource time) {
        this.storage = storage;
        this.objects = objects;
        this.stored = stored;
        this.identity = identity;
        this.time = time;
    }

    /// Makes the next segment.
    JournalSegment begin(long firstSequence) throws IOException {
        var segment = new Segment(stored.lastNumber() + 1, firstSequence, 0);
        var begun = new JournalSegment(segment, storage.create(segment.path()), header(segment));
        stored.add(segment);
        return begun;
    }

    private ByteBuffer header(Segment segment) {
        var header =
                new SegmentHeader(
                        identity.high(),
                        identity.low(),
                        segment.number,
                        segment.firstSequence,
                        time.now().toEpochMilli());
        var bytes = ByteBuffer.allocate(SegmentHeader.BYTES);
        header.encode(bytes);
        return bytes.flip();
    }

    /// Drops a segment of which nothing counts.
    void remove(Segment segment) throws IOException {
        ending.lock();
        try {
            stored.remove(segment);
        } finally {
            ending.unlock();
        }
    }

    /// Segments that may hold records with `after < sequence <= to`, in order.
    List<Segment> holding(long after, long to) {
        var found = new ArrayDeque<Segment>();
        var end = Long.MAX_VALUE;
        for (var segment : stored.originals().reversed()) {
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
        return stored.originalsAfter(segment.number).stream()
                        .mapToLong(later -> later.firstSequence)
                        .min()
                        .orElse(Long.MAX_VALUE)
                - 1;
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
            var trailer = readTrailer(lease);
            var bytes = ByteBuffer.allocate(trailer.indexBytes());
            lease.read(bytes, trailer.indexOffset());
            return SegmentIndex.decode(trailer, bytes.flip());
        }
    }

    /// The trailer of a sealed segment.
    ///
    /// @throws DamagedFormatException if the segment does not end with one
    SegmentIndex.Trailer readEnd(Segment segment) throws IOException {
        try (var lease = objects.use(segment.path())) {
            return readTrailer(lease);
        }
    }

    private static SegmentIndex.Trailer readTrailer(StagingStorage.ReadableObject object)
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
            return SegmentScan.scan(lease, segment, identity, trailer(segment));
        }
    }

    private Optional<SegmentIndex.Trailer> trailer(Segment segment) throws IOException {
        try {
            return segment.sealed ? Optional.of(readEnd(segment)) : Optional.empty();
        } catch (DamagedFormatException _) {
            return Optional.empty();
        }
    }

    /// Ends a segment that a crash or a failure left without an index: cuts off what was never
    /// acknowledged.
    ///
    /// @param result of a scan of it
    void repair(Segment segment, SegmentScan.Result result) throws IOException {
        try (var object = storage.openToRepair(segment.path())) {
            writeAgain(segment, object, result);
            if (!result.hasHeader()) { // of what was not synced, a later write may be there alone
                object.write(header(segment), 0);
            }
            objects.forget(segment.path());
            object.truncate(result.soundBytes());
            object.sync(); // the records first: a sound trailer vouches for all that is before it
            var end = result.index().encode(result.soundBytes(), result.lastSequence());
            segment.sizeBytes(result.soundBytes() + end.remaining());
            object.write(end, result.soundBytes());
            object.sync();
        }
        segment.sealed = true;
        remember(segment, result.index());
    }

    /// Has a segment's end on stable storage, which a process that was killed may have written and
    /// not synced: were the power cut later, behind more checkpoints, nobody would end it again.
    ///
    /// @param trailer that it ends with
    /// @throws DamagedFormatException if what is read is not that end: it stays as it is
    void keepEnd(Segment segment, SegmentIndex.Trailer trailer) throws IOException {
        try (var lease = objects.use(segment.path());
                var object = storage.openToRepair(segment.path())) {
            var end = ByteBuffer.allocate(trailer.indexBytes() + SegmentIndex.TRAILER_BYTES);
            lease.read(end, trailer.indexOffset());
            SegmentIndex.decode(trailer, end.flip().slice(0, trailer.indexBytes()));
            SegmentIndex.Trailer.decode(
                    end.slice(trailer.indexBytes(), end.limit() - trailer.indexBytes()));
            object.write(end, trailer.indexOffset()); // a sync may have failed before
            object.sync();
        }
    }

    /// Nothing more is appended to a segment, and it has no end: a write to it or a sync of it
    /// failed.
    void leave(JournalSegment segment) {
        left.add(segment);
    }

    /// Ends those that were left, so that they can be told from damaged ones, and be reclaimed.
    /// Called by whoever holds the checkpoints' lock.
    ///
    /// @throws IOException if one could not be ended now. One that the disk refuses again and again
    ///   stays as it is: without checkpoints the journal would grow until it is full
    void endThoseLeft() throws IOException {
        for (var next = left.peek(); next != null; next = left.peek()) {
            try {
                end(next);
            } catch (IOException e) {
                if (++attempts < ATTEMPTS_MAX) {
                    throw e;
                }
                LOG.log(
                        System.Logger.Level.WARNING,
                        "segment={0} stays without its index ({1}); scrubs will name it",
                        next.segment().name(),
                        e.getMessage());
            }
            attempts = 0;
            left.remove();
        }
    }

    private void end(JournalSegment unended) throws IOException {
        var segment = unended.segment();
        ending.lock();
        try {
            // one that is gone had nothing in it that counts
            if (stored.isCurrent(segment) && !segment.sealed) {
                repair(segment, scan(segment));
            }
            unended.close();
        } finally {
            ending.unlock();
        }
    }

    /// Of what a sync was to make durable, and failed, the kernel shows what it has in memory and
    /// takes it for written: no later sync does anything for it. So what is not known to have been
    /// synced is written where it is.
    private void writeAgain(
            Segment segment, StagingStorage.StoredObject object, SegmentScan.Result result)
            throws IOException {
        try (var lease = objects.use(segment.path())) {
            var chunk = ByteBuffer.allocate(CHUNK_BYTES);
            for (var at = result.syncedBytes(); at < result.soundBytes(); at += CHUNK_BYTES) {
                var length = (int) Math.min(CHUNK_BYTES, result.soundBytes() - at);
                lease.read(chunk.clear().limit(length), at);
                object.write(chunk.flip(), at);
            }
        }
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
}
