package holdfast.volume;

import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/// Gives back the room of what no map reaches: deletes objects of the journal of which nothing is
/// reached, and has others written anew as [MergePlan] says. Maps, views and checkpoints go on
/// meanwhile: what is reached of objects before the window only gets less.
///
/// Remembers from pass to pass what it measured. One pass at a time.
final class Sweep {
    private static final System.Logger LOG = System.getLogger(Sweep.class.getName());

    /// So many headers tell how long the records of a segment are, about.
    private static final int SAMPLES = 64;

    private final StoredSegments segments;
    private final RecordCopier copier;
    private final long segmentBytes;
    private final Map<StoredSegment, Measured> measured = new HashMap<>();

    /// Cannot be read, and stay as they are until the store is opened again.
    private final Set<StoredSegment> leftAlone = new HashSet<>();

    Sweep(StoredSegments segments, long segmentBytes) {
        this.segments = segments;
        this.copier = new RecordCopier(segments);
        this.segmentBytes = segmentBytes;
    }

    /// What is reached of an object, when it was looked at last.
    private record Measured(long records, long recordBytes, int segments) {
        /// Records die all the time; measuring again is for when many have.
        boolean holdsFor(long recordsNow) {
            return recordsNow <= records && recordsNow * 8 >= records * 7;
        }

        long leftBytes(long recordsNow) {
            return recordBytes * recordsNow / records
                    + MergeTable.overheadBytes(segments, recordsNow);
        }
    }

    /// @param stretches objects before the window, those of each in order and without another
    ///   between two of them
    ReclaimReport run(List<List<StoredSegment>> stretches, Reached reached) throws IOException {
        var report = ReclaimReport.NOTHING;
        var groups = new ArrayList<MergePlan.Group>();
        for (var stretch : stretches) {
            var left = new ArrayList<StoredSegment>();
            for (var segment : stretch) {
                if (isDead(segment, reached)) {
                    segments.remove(segment);
                    report = report.plus(new ReclaimReport(1, 0, segment.sizeBytes(), 0, 0));
                } else {
                    left.add(segment);
                }
            }
            plan(left, reached, groups);
        }
        // those that free most come first, in case the disk is full
        groups.sort(Comparator.comparingLong(MergePlan.Group::freedBytes).reversed());
        for (var group : groups) {
            report = report.plus(merge(group, reached));
        }
        measured.keySet().removeIf(segment -> !segments.isCurrent(segment));
        return report.keeping(segments.usedBytes());
    }

    private static boolean isDead(StoredSegment segment, Reached reached) {
        return reached.numbers(segment.firstNumber(), segment.lastNumber()).isEmpty();
    }

    private void plan(List<StoredSegment> stretch, Reached reached, List<MergePlan.Group> groups)
            throws IOException {
        var neighbours = new ArrayList<MergePlan.Candidate>();
        for (var segment : stretch) {
            try {
                if (!leftAlone.contains(segment)) {
                    var left = leftBytes(segment, reached);
                    neighbours.add(new MergePlan.Candidate(segment, left));
                    continue;
                }
            } catch (DamagedFormatException e) {
                leaveAlone(segment, e);
            }
            groups.addAll(MergePlan.of(neighbours, segmentBytes));
            neighbours.clear();
        }
        groups.addAll(MergePlan.of(neighbours, segmentBytes));
    }

    private void leaveAlone(StoredSegment segment, IOException why) {
        leftAlone.add(segment);
        LOG.log(
                System.Logger.Level.ERROR,
                "reclaim leaves the damaged segment={0} as it is ({1})",
                segment.name(),
                why.getMessage());
    }

    private long leftBytes(StoredSegment segment, Reached reached) throws IOException {
        var records = 0L;
        for (var number : reached.numbers(segment.firstNumber(), segment.lastNumber())) {
            records += reached.in(number).length;
        }
        var known = measured.get(segment);
        if (known == null || !known.holdsFor(records)) {
            known =
                    switch (segment) {
                        case Segment original -> measure(original, reached);
                        case MergedSegment merged -> measure(merged, reached);
                    };
            measured.put(segment, known);
        }
        return known.leftBytes(records);
    }

    private Measured measure(Segment segment, Reached reached) throws IOException {
        var units = reached.in(segment.number);
        var samples = Math.min(SAMPLES, units.length);
        var sampledBytes = 0L;
        for (var i = 0; i < samples; i++) {
            var unit = units[(int) ((long) i * units.length / samples)];
            try (var place = segments.locate(segment.number, (long) unit * MergeTable.UNIT_BYTES)) {
                sampledBytes += copier.lengthBytes(place);
            }
        }
        return new Measured(units.length, sampledBytes * units.length / samples, 1);
    }

    private Measured measure(MergedSegment segment, Reached reached) throws IOException {
        var table = segments.table(segment);
        var records = 0L;
        var bytes = 0L;
        var numbers = reached.numbers(segment.firstNumber(), segment.lastNumber());
        for (var number : numbers) {
            for (var unit : reached.in(number)) {
                bytes += table.lengthBytes(number, (long) unit * MergeTable.UNIT_BYTES);
                records++;
            }
        }
        return new Measured(records, bytes, numbers.size());
    }

    private ReclaimReport merge(MergePlan.Group group, Reached reached) throws IOException {
        var sources = group.segments();
        var records = new TreeMap<Long, int[]>();
        for (var source : sources) {
            for (var number : reached.numbers(source.firstNumber(), source.lastNumber())) {
                records.put(number, reached.in(number));
            }
        }
        try {
            return merge(sources, records);
        } catch (RecordCopier.UnreadableException e) {
            leaveAlone(e.segment(), e);
            return ReclaimReport.NOTHING;
        }
    }

    private ReclaimReport merge(List<StoredSegment> sources, NavigableMap<Long, int[]> records)
            throws IOException {
        var before = sources.stream().mapToLong(StoredSegment::sizeBytes).sum();
        var merged = segments.merge(sources, records, copier);
        LOG.log(
                System.Logger.Level.DEBUG,
                "merged segments={0} into={1} bytes={2} before={3}",
                sources.size(),
                merged.name(),
                merged.sizeBytes(),
                before);
        return new ReclaimReport(
                0, sources.size(), before - merged.sizeBytes(), merged.sizeBytes(), 0);
    }
}
