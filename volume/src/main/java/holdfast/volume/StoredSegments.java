package holdfast.volume;

import holdfast.base.RefusalException;
import holdfast.format.DamagedFormatException;
import holdfast.format.RecordHeader;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.LongStream;

/// The objects of the journal, and which of them has a record. Safe for any thread; one at a time
/// may merge.
final class StoredSegments {
    private final StagingStorage storage;
    private final OpenObjects objects;
    private final MergeTables tables = new MergeTables();

    /// By first number. No two overlap, but for the moment in which a merged segment has taken the
    /// first one's place and the others are still there.
    private final ConcurrentSkipListMap<Long, StoredSegment> byFirst =
            new ConcurrentSkipListMap<>();

    private StoredSegments(StagingStorage storage, OpenObjects objects) {
        this.storage = storage;
        this.objects = objects;
    }

    /// Finds what is stored. Where a crash left a merged segment and some of those that it was made
    /// of, the merged one counts if it is complete, and what does not count is deleted.
    static StoredSegments list(StagingStorage storage, OpenObjects objects) throws IOException {
        var segments = new StoredSegments(storage, objects);
        segments.list();
        return segments;
    }

    private void list() throws IOException {
        var found = new ArrayList<StoredSegment>();
        for (var entry : storage.list(StoredSegment.FOLDER)) {
            refuseOlderForm(entry.name());
            StoredSegment.parse(entry).ifPresent(found::add);
        }
        // what was made of others comes before them
        found.sort(
                Comparator.comparingLong((StoredSegment s) -> s.firstNumber() - s.lastNumber())
                        .thenComparing(StoredSegment::generation, Comparator.reverseOrder()));
        for (var segment : found) {
            if (lookup(segment.lastNumber()).isPresent()) {
                storage.delete(segment.path()); // the crash came before it was
            } else if (segment instanceof MergedSegment merged && !counts(merged, found)) {
                storage.delete(segment.path()); // the crash came before it was complete
            } else {
                byFirst.put(segment.firstNumber(), segment);
            }
        }
    }

    private static void refuseOlderForm(String name) {
        if (name.matches("[0-9a-f]{8}-[0-9a-f]{16}-(?!0000)[0-9a-f]{4}\\.seg")) {
            throw new RefusalException(
                    "staging-area-version",
                    StoredSegment.FOLDER
                            + "/"
                            + name
                            + " has a form that no release wrote and this program does not read;"
                            + " use the program that wrote it, or a new staging area");
        }
    }

    /// Whether nothing but this object has what is in it: it is complete, or one that it was made
    /// of is gone, so that it had been. Damage alone is no reason to give it up.
    private boolean counts(MergedSegment merged, List<StoredSegment> found) throws IOException {
        var sources =
                found.stream()
                        .filter(other -> !other.equals(merged) && merged.contains(other))
                        .toList();
        if (sources.isEmpty()) {
            return true;
        }
        try (var object = storage.openToRepair(merged.path())) {
            if (MergeTable.isComplete(object) && isKept(object)) {
                return true;
            }
            return LongStream.of(MergeTable.read(object).numbers())
                    .anyMatch(
                            number -> sources.stream().noneMatch(source -> source.covers(number)));
        } catch (DamagedFormatException _) {
            return false; // nothing could be found in it
        }
    }

    /// Before that, what it was made of is not deleted.
    private static boolean isKept(StagingStorage.StoredObject complete) {
        try {
            MergeTable.keepEnd(complete);
            return MergeTable.isComplete(complete); // a disk may have given the wrong place
        } catch (IOException _) {
            return false; // reclaim merges once more
        }
    }

    void add(Segment segment) {
        byFirst.put(segment.number, segment);
    }

    /// The highest number that is covered; 0 if there is none.
    long lastNumber() {
        var last = byFirst.lastEntry();
        return last == null ? 0 : last.getValue().lastNumber();
    }

    /// In order of their numbers.
    List<StoredSegment> all() {
        return List.copyOf(byFirst.values());
    }

    /// Those that are as they were written, in order of their numbers.
    List<Segment> originals() {
        return originals(byFirst);
    }

    List<Segment> originalsAfter(long number) {
        return originals(byFirst.tailMap(number, false));
    }

    private static List<Segment> originals(NavigableMap<Long, StoredSegment> of) {
        return of.values().stream()
                .filter(Segment.class::isInstance)
                .map(Segment.class::cast)
                .toList();
    }

    long usedBytes() {
        return byFirst.values().stream().mapToLong(StoredSegment::sizeBytes).sum();
    }

    Optional<StoredSegment> lookup(long number) {
        return Optional.ofNullable(byFirst.floorEntry(number))
                .map(Map.Entry::getValue)
                .filter(stored -> stored.covers(number));
    }

    /// @throws StoreException if no object covers the number
    StoredSegment find(long number) throws StoreException {
        return lookup(number)
                .orElseThrow(() -> new StoreException("segment " + number + " is gone"));
    }

    /// Whether the object is still the one that counts.
    boolean isCurrent(StoredSegment segment) {
        return segment.equals(byFirst.get(segment.firstNumber()));
    }

    /// A record's place in an open object; closing gives the object back.
    ///
    /// @param segment the object
    /// @param offsetBytes of the record there
    /// @param written [RecordHeader#place] where it was written
    record Place(StoredSegment segment, OpenObjects.Lease lease, long offsetBytes, long written)
            implements AutoCloseable {
        int read(java.nio.ByteBuffer target) throws IOException {
            return lease.read(target, offsetBytes);
        }

        @Override
        public void close() throws IOException {
            lease.close();
        }
    }

    /// Finds a record that maps know by number and offset of the segment as it was written.
    ///
    /// @throws DamagedFormatException if it is not where it should be
    Place locate(long number, long original) throws IOException {
        var segment = find(number);
        while (true) {
            try {
                return place(segment, number, original);
            } catch (NoSuchFileException _) {
                var now = find(number);
                if (now.equals(segment)) {
                    throw new DamagedFormatException("the file is missing");
                }
                segment = now; // merged in this very moment
            }
        }
    }

    /// Finds a record in this very object, whatever may have taken its place.
    ///
    /// @throws NoSuchFileException if the object is gone
    /// @throws DamagedFormatException if the record is not in it, or not where it should be
    Place place(StoredSegment segment, long number, long original) throws IOException {
        var lease = objects.use(segment.path());
        try {
            var offset =
                    switch (segment) {
                        case Segment _ -> original;
                        case MergedSegment _ ->
                                tables.of(segment.path(), lease).find(number, original);
                    };
            return new Place(segment, lease, offset, RecordHeader.place(number, original));
        } catch (IOException | RuntimeException e) {
            lease.close();
            throw e;
        }
    }

    /// Where the records of a merged segment are.
    ///
    /// @throws DamagedFormatException if neither copy of the table can be made out
    MergeTable table(MergedSegment segment) throws IOException {
        try (var lease = objects.use(segment.path())) {
            return tables.of(segment.path(), lease);
        }
    }

    /// Replaces objects by one that holds only some of their records.
    ///
    /// @param sources objects without another between them, in order
    /// @param records by segment number, offsets in units of 8 bytes, ascending
    MergedSegment merge(
            List<? extends StoredSegment> sources,
            NavigableMap<Long, int[]> records,
            MergeWriter.Source from)
            throws IOException {
        var first = sources.getFirst();
        var last = sources.getLast().lastNumber();
        var generation = sources.size() == 1 ? first.generation() + 1 : 1;
        var merged = new MergedSegment(first.firstNumber(), last, generation, 0);
        try (var object = storage.create(merged.path())) {
            var size = new MergeWriter(object, records).write(from);
            merged = new MergedSegment(first.firstNumber(), last, generation, size);
        } catch (IOException | RuntimeException e) {
            dropUnfinished(merged, e);
            throw e;
        }
        byFirst.put(merged.firstNumber(), merged);
        for (var source : sources.subList(1, sources.size())) {
            byFirst.remove(source.firstNumber());
        }
        for (var source : sources) {
            delete(source);
        }
        return merged;
    }

    /// Nothing knows of it yet; what cannot be deleted now is when the store is opened.
    private void dropUnfinished(MergedSegment merged, Exception why) {
        try {
            storage.delete(merged.path());
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    void remove(StoredSegment segment) throws IOException {
        byFirst.remove(segment.firstNumber());
        delete(segment);
    }

    /// In this order, so that nobody who comes late opens it again and keeps it open.
    private void delete(StoredSegment segment) throws IOException {
        storage.delete(segment.path());
        objects.forget(segment.path());
        tables.forget(segment.path());
    }
}
