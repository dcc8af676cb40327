package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.format.DamagedFormatException;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;

/// One pass of reclaim: mark everything that a kept checkpoint, snapshot or open view reaches, then
/// sweep the segments and map files that lie before the journal window.
///
/// Segments that the window needs are kept whole, since any point in it may be rebuilt from them.
/// Of older ones only reached records are kept: wholly dead segments are deleted, others merged.
/// Nothing is changed in place and no count is kept on disk, so a crash at any step leaves only
/// what the next pass finds again.
final class Reclaim {
    private static final System.Logger LOG = System.getLogger(Reclaim.class.getName());

    private final StoreCore core;

    private final Sweep sweep;
    private final Reached reached = new Reached();

    /// The checkpoints that are not damaged, in order.
    private final Map<Checkpoint.Place, Checkpoint> sound = new LinkedHashMap<>();

    private final Set<Long> reachedPages = new HashSet<>();
    private final Set<Long> reachedMapFiles = new HashSet<>();

    /// What damaged pages reach nobody knows: all up to here is kept, in map files and segments.
    private long unknownMapFiles;

    private long unknownSegments;

    /// @param sweep of the store
    Reclaim(StoreCore core, Sweep sweep) {
        this.core = core;
        this.sweep = sweep;
    }

    /// The sweep goes on without the lock, since it may take long: what is made meanwhile reaches
    /// nothing before the window that was not marked.
    ReclaimReport run() throws IOException {
        var report = sweep.run(markAll(), reached);
        LOG.log(
                System.Logger.Level.INFO,
                "reclaim deleted={0} merged={1} freedBytes={2} writtenBytes={3}",
                report.segmentsDeleted(),
                report.segmentsMerged(),
                report.freedBytes(),
                report.writtenBytes());
        return report;
    }

    /// @return what lies before the window
    private List<List<StoredSegment>> markAll() throws IOException {
        core.checkpoints.lock.lock();
        try {
            core.checkpoints.deleteLeftovers();
            readCheckpoints();
            var chosen = notAfter(chooseBase(), core.horizon.oldestRead());
            keepSnapshotsBefore(chosen);
            // while they were, someone may have begun to read a point before it
            var base = core.horizon.move(oldestRead -> notAfter(chosen, oldestRead));
            dropSnapshots(base);
            for (var place : core.checkpoints.all()) {
                if (place.sequence() < base.sequence()) {
                    core.checkpoints.remove(place);
                }
            }
            markReached();
            deleteMapFiles();
            return beforeWindow(base);
        } finally {
            core.checkpoints.lock.unlock();
        }
    }

    /// Reads the checkpoints that can still be read; nothing is rebuilt from the others.
    ///
    /// @throws DamagedDataException if there is none
    private void readCheckpoints() throws IOException {
        for (var place : core.checkpoints.all()) {
            try {
                sound.put(place, core.checkpoints.read(place));
            } catch (DamagedFormatException e) {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "reclaim passes over the damaged checkpoint={0} ({1})",
                        place.name(),
                        e.getMessage());
            }
        }
        if (sound.isEmpty()) { // and none could be made for want of room
            throw Checkpoints.noneIsSound();
        }
    }

    /// The newest checkpoint from which the whole window can still be rebuilt.
    private Checkpoint.Place chooseBase() throws IOException {
        var now = core.time.now();
        var windowStart = now.minus(core.settings.journalWindow());
        var base = newestBefore(windowStart.toEpochMilli(), Long.MAX_VALUE);
        var oldestInWindow = oldestPointOfWindow(windowStart, now, base.sequence());
        base = newestBefore(windowStart.toEpochMilli(), oldestInWindow);
        // two are always kept, in case the newer one turns out to be damaged
        var all = List.copyOf(sound.keySet());
        var last = all.get(Math.max(0, all.size() - 2));
        return base.sequence() <= last.sequence() ? base : last;
    }

    /// The newest checkpoint that was made by then, and before which no branch needs anything.
    ///
    /// @param madeMillis by the server's clock
    /// @param before of a lower sequence than this
    private Checkpoint.Place newestBefore(long madeMillis, long before) {
        var newest = core.checkpoints.oldest();
        for (var place : sound.keySet()) {
            if (place.madeMillis() <= madeMillis
                    && place.sequence() < before
                    && !isNeededBefore(place.sequence())) {
                newest = place;
            }
        }
        return newest;
    }

    /// The newest checkpoint up to the chosen one from which all that somebody reads can be
    /// rebuilt.
    ///
    /// @param oldestRead its sequence
    private Checkpoint.Place notAfter(Checkpoint.Place chosen, OptionalLong oldestRead) {
        var last = Math.min(chosen.sequence(), oldestRead.orElse(Long.MAX_VALUE));
        var newest = core.checkpoints.oldest();
        for (var place : sound.keySet()) {
            if (place.sequence() <= last && !isNeededBefore(place.sequence())) {
                newest = place;
            }
        }
        return newest;
    }

    /// Sequence of the oldest point that lies in the window and before a checkpoint that does not.
    /// There is one after the clock was set back, a checkpoint was made, and the clock was set
    /// ahead again. Points of the future do not count: a clock that was wrong once would have the
    /// journal grow until then.
    ///
    /// @return [Long#MAX_VALUE] if there is none
    private long oldestPointOfWindow(Instant start, Instant now, long checkpointSequence)
            throws IOException {
        var oldest = core.checkpoints.oldest().sequence();
        var found = new long[] {Long.MAX_VALUE};
        for (var owner : core.catalogue.owners().keySet()) {
            core.points.visit(
                    new Points.Query(owner, oldest + 1, checkpointSequence, core.gap(owner)),
                    point -> {
                        var at = Points.journalledAt(point);
                        if (at.isAfter(start) && !at.isAfter(now)) {
                            found[0] = Math.min(found[0], point.sequence());
                        }
                        return point.sequence() > oldest;
                    });
        }
        return found[0];
    }

    /// Whether a checkpoint of this sequence could not tell the map of a branch: then the branch's
    /// point must stay recoverable, in case later checkpoints turn out to be damaged.
    private boolean isNeededBefore(long sequence) {
        return core.volumes().values().stream()
                .anyMatch(state ->
                        state.madeAfter >= sequence
                                && state.volume()
                                        .origin()
                                        .filter(origin -> origin.sequence() < sequence)
                                        .isPresent());
    }

    /// Persists roots for points that the policy keeps and that leave the window now.
    private void keepSnapshotsBefore(Checkpoint.Place base) throws IOException {
        var oldest = core.checkpoints.oldest().sequence();
        if (base.sequence() == oldest) {
            return;
        }
        for (var owner : core.catalogue.owners().entrySet()) {
            var query =
                    new Points.Query(
                            owner.getKey(), oldest + 1, Long.MAX_VALUE, core.gap(owner.getKey()));
            var leaving = new ArrayList<SegmentIndex.Point>();
            var next = new ArrayList<SegmentIndex.Point>();
            core.points.visit(
                    query,
                    point -> {
                        if (point.sequence() <= base.sequence()
                                && point.sequence() > oldest
                                && isWanted(
                                        owner.getValue().policy(),
                                        point,
                                        next.stream().findFirst())) {
                            leaving.add(point);
                        }
                        next.clear();
                        next.add(point);
                        return point.sequence() > oldest;
                    });
            for (var point : leaving) {
                keep(point);
            }
        }
    }

    /// The newest point of an owner is kept however old it is: it is all that is left of a server
    /// that was lost.
    private boolean isWanted(
            SnapshotPolicy policy, SegmentIndex.Point point, Optional<SegmentIndex.Point> next) {
        return next.isEmpty() || Retention.keeps(policy, point, next, core.time.now());
    }

    private void keep(SegmentIndex.Point point) throws IOException {
        var roots = new HashMap<Integer, Roots.Root>();
        for (var state : core.volumes().values()) {
            if (state.owner == point.owner() && state.madeAfter < point.sequence()) {
                try (var map = core.mapAt(state, point.sequence())) {
                    roots.put(state.number, new Roots.Root(map.persist(), map.mappedBlocks()));
                } catch (DamagedDataException e) { // nobody could recover it, now or later
                    LOG.log(
                            System.Logger.Level.ERROR,
                            "event=point-lost owner={0} sequence={1} error={2}",
                            state.volume().owner(),
                            Long.toString(point.sequence()),
                            e.getMessage());
                    return;
                }
            }
        }
        core.mapFiles.sync();
        var snapshot = new KeptSnapshot(point, new Roots(point.sequence(), roots));
        TwoCopies.put(core.storage, snapshot.path(), snapshot.encode());
        core.points.keep(snapshot);
    }

    /// Drops snapshots that no rule keeps any more, or whose owner is gone.
    private void dropSnapshots(Checkpoint.Place base) throws IOException {
        var next = new HashMap<Integer, SegmentIndex.Point>();
        for (var owner : core.catalogue.owners().keySet()) {
            oldestAfter(owner, base.sequence()).ifPresent(point -> next.put(owner, point));
        }
        for (var snapshot : List.copyOf(core.points.snapshots()).reversed()) {
            var point = snapshot.point();
            var owner = Optional.ofNullable(core.catalogue.owners().get(point.owner()));
            var following =
                    Optional.ofNullable(next.get(point.owner()))
                            .filter(p -> p.sequence() > point.sequence());
            var wanted = owner.isPresent() && isWanted(owner.get().policy(), point, following);
            if (wanted || !core.horizon.giveUp(snapshot, () -> isOrigin(point.sequence(), base))) {
                core.points.keep(snapshot); // a pass that failed may have given it up
                next.put(point.owner(), point);
            } else {
                TwoCopies.delete(core.storage, snapshot.path());
                core.points.drop(snapshot); // known until it is gone, since an opening finds it
            }
        }
    }

    /// An owner's first point after a sequence.
    private Optional<SegmentIndex.Point> oldestAfter(int owner, long sequence) throws IOException {
        var oldest = new ArrayList<SegmentIndex.Point>();
        core.points.visit(
                new Points.Query(owner, sequence + 1, Long.MAX_VALUE, core.gap(owner)),
                point -> {
                    if (point.sequence() > sequence) {
                        oldest.clear();
                        oldest.add(point);
                    }
                    return point.sequence() > sequence;
                });
        return oldest.stream().findFirst();
    }

    /// Whether a branch was made from it whose map is in no checkpoint that counts yet.
    private boolean isOrigin(long sequence, Checkpoint.Place base) {
        return core.volumes().values().stream()
                .anyMatch(state ->
                        state.madeAfter >= base.sequence()
                                && state.volume()
                                        .origin()
                                        .filter(origin -> origin.sequence() == sequence)
                                        .isPresent());
    }

    /// Live maps of replicas first: a damaged page that others have, too, is to be mended in those.
    private void markReached() throws IOException {
        var states = new ArrayList<>(core.volumes().values());
        states.sort(Comparator.comparing(state -> state.volume().origin().isPresent()));
        // they may hold pages of a checkpoint that was never finished
        for (var state : states) {
            try (var map = state.head.snapshot()) {
                mark(map, state.volume().origin().isEmpty() ? state::doubt : _ -> {});
            }
        }
        for (var checkpoint : sound.values()) {
            mark(checkpoint.roots());
        }
        for (var snapshot : core.points.snapshots()) {
            mark(snapshot.roots());
        }
        for (var view : core.openMaps()) {
            mark(view, _ -> {});
        }
    }

    private void mark(Roots roots) throws IOException {
        for (var root : roots.byVolume().entrySet()) {
            if (!core.volumes().containsKey(root.getKey())) {
                continue; // deleted, with its key
            }
            try (var map =
                    core.maps.load(root.getValue().reference(), root.getValue().mappedBlocks())) {
                mark(map, _ -> {});
            }
        }
    }

    /// @param onDamage told of the blocks of each damaged page
    private void mark(VolumeMap map, Consumer<BlockRun> onDamage) throws IOException {
        map.mark(
                new Marker() {
                    @Override
                    public void damaged(long reference, BlockRun blocks, DamagedDataException why) {
                        keepWhatMayBeReached(MapFiles.fileOf(reference), why);
                        onDamage.accept(blocks);
                    }

                    @Override
                    public boolean page(long reference) {
                        reachedMapFiles.add(MapFiles.fileOf(reference));
                        return reachedPages.add(reference);
                    }

                    @Override
                    public void run(long firstBlock, int blockCount, long location) {
                        reached.add(location);
                    }
                });
    }

    /// A page finds only what was there before it.
    private void keepWhatMayBeReached(long mapFile, DamagedDataException why) {
        unknownMapFiles = Math.max(unknownMapFiles, mapFile);
        unknownSegments = Math.max(unknownSegments, core.mapFiles.newestSegmentIn(mapFile));
        LOG.log(
                System.Logger.Level.ERROR,
                "event=unknown-reach: nothing up to segment {0} is given back ({1})",
                Long.toString(unknownSegments),
                why.getMessage());
    }

    /// Objects that lie wholly before the window, in order; those of each list without another
    /// between two of them.
    private List<List<StoredSegment>> beforeWindow(Checkpoint.Place base) {
        var stretches = new ArrayList<List<StoredSegment>>();
        var stretch = new ArrayList<StoredSegment>();
        var endSequence = Long.MAX_VALUE;
        for (var segment : core.stored.all().reversed()) {
            var isBefore =
                    switch (segment) {
                        case Segment original ->
                                original.sealed && endSequence <= base.sequence() + 1;
                        case MergedSegment _ -> true;
                    };
            if (segment instanceof Segment original) {
                endSequence = original.firstSequence;
            }
            if (isBefore && segment.firstNumber() > unknownSegments) {
                stretch.add(segment);
            } else {
                stretches.add(List.copyOf(stretch.reversed()));
                stretch.clear();
            }
        }
        stretches.add(List.copyOf(stretch.reversed()));
        return stretches;
    }

    private void deleteMapFiles() throws IOException {
        var writing = core.mapFiles.currentFile();
        for (var entry : core.mapFiles.files()) {
            var file = Long.parseLong(entry.name().substring(0, 8), 16);
            if (file != writing && file > unknownMapFiles && !reachedMapFiles.contains(file)) {
                core.mapFiles.delete(file);
            }
        }
    }
}
