package holdfast.volume;

import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.IntFunction;

/// The consistency points of all owners. Only the newest of each and the kept snapshots are in
/// memory; the others are found through the segments' indexes, newest segment first. Safe for any
/// thread.
final class Points {
    private final Segments segments;
    private final Map<Integer, SegmentIndex.Point> newest = new ConcurrentHashMap<>();
    private final Map<Integer, SegmentIndex.Point> newestWritten = new ConcurrentHashMap<>();
    private final ConcurrentSkipListMap<Long, KeptSnapshot> snapshots =
            new ConcurrentSkipListMap<>();

    /// Those that reclaim is about to delete.
    private final ConcurrentSkipListMap<Long, KeptSnapshot> leaving = new ConcurrentSkipListMap<>();

    Points(Segments segments, Collection<KeptSnapshot> snapshots) {
        this.segments = segments;
        snapshots.forEach(this::keep);
    }

    /// Notes the newest points of a store that is being opened.
    ///
    /// @param gaps by owner
    void restore(
            Map<Integer, SegmentIndex.Point> checkpointed,
            long after,
            long to,
            IntFunction<Gap> gaps)
            throws IOException {
        for (var point : checkpointed.values()) {
            var gap = gaps.apply(point.owner());
            if (gap.hides(point.sequence())) {
                visit(new Query(point.owner(), 0, after, gap), this::restored);
            } else {
                restored(point);
            }
        }
        for (var segment : segments.holding(after, to)) {
            for (var point : segments.index(segment).points()) {
                if (new Query(point.owner(), after + 1, to, gaps.apply(point.owner()))
                        .offers(point)) {
                    restored(point);
                }
            }
        }
    }

    /// @return false: one is enough
    private boolean restored(SegmentIndex.Point point) {
        written(point);
        made(point);
        return false;
    }

    /// A point is in the journal, and not yet on stable storage. Points of an owner come in order.
    void written(SegmentIndex.Point point) {
        newestWritten.put(point.owner(), point);
    }

    /// The last point written of each owner.
    Map<Integer, SegmentIndex.Point> newestWritten() {
        return Collections.unmodifiableMap(new TreeMap<>(newestWritten));
    }

    /// A point is on stable storage.
    void made(SegmentIndex.Point point) {
        newest.merge(point.owner(), point, (a, b) -> a.sequence() > b.sequence() ? a : b);
    }

    Optional<SegmentIndex.Point> newest(int owner) {
        return Optional.ofNullable(newest.get(owner));
    }

    /// Forgets an owner that has no volume any more.
    void forget(int owner) {
        newest.remove(owner);
        newestWritten.remove(owner);
    }

    void keep(KeptSnapshot snapshot) {
        snapshots.put(snapshot.point().sequence(), snapshot);
        leaving.remove(snapshot.point().sequence());
    }

    /// It is stored until [#drop], and offered to nobody.
    void leave(KeptSnapshot snapshot) {
        leaving.put(snapshot.point().sequence(), snapshot);
        snapshots.remove(snapshot.point().sequence());
    }

    void drop(KeptSnapshot snapshot) {
        leaving.remove(snapshot.point().sequence());
    }

    /// All that are stored, in order.
    Collection<KeptSnapshot> snapshots() {
        var all = new TreeMap<Long, KeptSnapshot>(leaving);
        all.putAll(snapshots);
        return List.copyOf(all.values());
    }

    /// One that is offered.
    Optional<KeptSnapshot> snapshot(int owner, long sequence) {
        return Optional.ofNullable(snapshots.get(sequence))
                .filter(snapshot -> snapshot.point().owner() == owner);
    }

    /// What to look for.
    ///
    /// @param oldestSequence points of the journal before it are not recoverable any more
    /// @param newestSequence points after it are not on stable storage yet
    /// @param gap points that it hides are none
    record Query(int owner, long oldestSequence, long newestSequence, Gap gap) {
        private boolean offers(SegmentIndex.Point point) {
            return point.owner() == owner
                    && point.sequence() >= oldestSequence
                    && point.sequence() <= newestSequence
                    && !gap.hides(point.sequence());
        }
    }

    /// Points with `from <= instant <= to`, oldest first, at most the `limit` newest.
    List<SegmentIndex.Point> between(Query query, Instant from, Instant to, int limit)
            throws IOException {
        var found = new ArrayList<SegmentIndex.Point>();
        visit(
                query,
                point -> {
                    var instant = instant(point);
                    if (!instant.isAfter(to) && !instant.isBefore(from)) {
                        found.add(point);
                    }
                    return found.size() < limit && !instant.isBefore(from);
                });
        Collections.reverse(found);
        return found;
    }

    /// The newest point at or before the instant.
    Optional<SegmentIndex.Point> at(Query query, Instant at) throws IOException {
        var found = new ArrayList<SegmentIndex.Point>();
        visit(
                query,
                point -> {
                    if (!instant(point).isAfter(at)) {
                        found.add(point);
                    }
                    return found.isEmpty();
                });
        return found.stream().findFirst();
    }

    Optional<SegmentIndex.Point> bySequence(Query query, long sequence) throws IOException {
        var kept = snapshot(query.owner, sequence);
        if (kept.isPresent()) {
            return kept.map(KeptSnapshot::point);
        }
        if (sequence < query.oldestSequence || sequence > query.newestSequence) {
            return Optional.empty();
        }
        for (var segment : segments.holding(sequence - 1, sequence)) {
            for (var point : segments.index(segment).points()) {
                if (query.offers(point) && point.sequence() == sequence) {
                    return Optional.of(point);
                }
            }
        }
        return Optional.empty();
    }

    /// Visits an owner's points, newest first, until the visitor has enough.
    void visit(Query query, Visitor visitor) throws IOException {
        var holding =
                new ArrayList<>(segments.holding(query.oldestSequence - 1, query.newestSequence));
        for (var segment : holding.reversed()) {
            for (var point : segments.index(segment).points().reversed()) {
                if (query.offers(point) && !visitor.visit(point)) {
                    return;
                }
            }
        }
        for (var snapshot : snapshots.descendingMap().values()) {
            var point = snapshot.point();
            if (point.owner() == query.owner
                    && point.sequence() < query.oldestSequence
                    && !visitor.visit(point)) {
                return;
            }
        }
    }

    /// @return whether to go on to older points
    @FunctionalInterface
    interface Visitor {
        boolean visit(SegmentIndex.Point point) throws IOException;
    }

    static Instant instant(SegmentIndex.Point point) {
        return Instant.EPOCH.plus(point.record().instantMicros(), ChronoUnit.MICROS);
    }

    /// By the server's clock.
    static Instant journalledAt(SegmentIndex.Point point) {
        return Instant.EPOCH.plus(point.record().journalledMicros(), ChronoUnit.MICROS);
    }
}
