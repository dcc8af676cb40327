package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.format.DamagedExtentException;
import holdfast.format.DamagedFormatException;
import holdfast.format.RecordHeader;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// Reads everything that is stored and checks it. Changes nothing. What reclaim and deletions take
/// away meanwhile is no damage.
final class Scrub {
    private final StoreCore core;
    private final Consumer<Damage> found;
    private int files;
    private long bytes;
    private long extents;
    private int damaged;

    /// Damaged records of which only maps can tell whose they are, by the location that these have.
    private final Map<Long, Damage> unnamed = new HashMap<>();

    private final Map<Long, Set<Damage>> namings = new HashMap<>();

    Scrub(StoreCore core, Consumer<Damage> found) {
        this.core = core;
        this.found = found;
    }

    ScrubReport run() throws IOException {
        for (var segment : core.stored.all()) {
            files++;
            bytes += segment.sizeBytes();
            try {
                scrub(segment);
            } catch (DamagedFormatException e) {
                report("-", segment.path(), String.valueOf(e.getMessage()));
            } catch (NoSuchFileException _) {
                if (core.stored.isCurrent(segment)) { // else reclaim has deleted or merged it
                    report("-", segment.path(), "the file is missing");
                }
            }
        }
        scrubMaps();
        unnamed.keySet().removeAll(namings.keySet());
        unnamed.values().forEach(this::report);
        scrubSmallObjects();
        return new ScrubReport(files, bytes, extents, damaged);
    }

    private void scrub(StoredSegment segment) throws IOException {
        switch (segment) {
            case Segment original -> scrub(original);
            case MergedSegment merged -> scrub(merged);
        }
    }

    private void scrub(Segment segment) throws IOException {
        if (core.segments.lastValid(segment) < segment.firstSequence) {
            return; // its first sync failed, and all that it was to hold is in a later one
        }
        var wasSealed = segment.sealed;
        var result = core.segments.scan(segment);
        extents += result.index().recordCount();
        var before = damaged;
        if (!result.damage().isEmpty()) {
            for (var offset : extentOffsets(core.segments.index(segment))) {
                checkRecord(segment, segment.number, offset, indexed(segment, offset));
            }
            if (damaged == before) { // in a batch header, a table, or padding: no data is lost
                result.damage().forEach(this::report);
            }
        }
        if (wasSealed) {
            var end = core.segments.readIndex(segment);
            if (end.recordCount() != result.index().recordCount() && damaged == before) {
                report("-", segment.path(), "the index does not match the records");
            }
        }
    }

    private static List<Long> extentOffsets(SegmentIndex index) throws IOException {
        var offsets = new ArrayList<Long>();
        index.visit(
                Long.MIN_VALUE,
                Long.MAX_VALUE,
                new SegmentIndex.Visitor() {
                    @Override
                    public void extent(
                            int volume, long sequence, long first, int count, long offset) {
                        offsets.add(offset);
                    }

                    @Override
                    public void clear(int volume, long sequence, long first, long count) {
                        // described in the index alone
                    }
                });
        return offsets;
    }

    private void scrub(MergedSegment segment) throws IOException {
        try (var lease = core.objects.use(segment.path())) {
            for (var fault : MergeTable.faults(lease)) {
                report("-", segment.path(), fault);
            }
        }
        var table = core.stored.table(segment);
        for (var number : table.numbers()) {
            try {
                for (var unit : table.originals(number)) {
                    extents++;
                    var offset = (long) unit * MergeTable.UNIT_BYTES;
                    checkRecord(segment, number, offset, Optional.empty());
                }
            } catch (DamagedFormatException e) {
                report("-", segment.path(), String.valueOf(e.getMessage()));
            }
        }
    }

    /// Checks one record as a read would, and names the volume and range it belongs to: as the
    /// index says, or its own header, or if that is damaged, too, the maps that reach it.
    ///
    /// @param in the object to look in; one that takes its place meanwhile may lack the record
    /// @param number of the segment in which it was written
    /// @param offset where it was written there
    /// @throws NoSuchFileException if the object is gone
    private void checkRecord(StoredSegment in, long number, long offset, Optional<Range> indexed)
            throws IOException {
        try (var place = core.stored.place(in, number, offset)) {
            var range = indexed;
            try {
                range = range.isPresent() ? range : described(place);
                core.reader.check(place);
            } catch (DamagedFormatException
                    | DamagedExtentException
                    | GeneralSecurityException
                    | IllegalArgumentException e) {
                var file = place.segment().name();
                var what = String.valueOf(e.getMessage());
                if (range.isPresent()) {
                    report(range.get().damage(file, place.offsetBytes(), what));
                } else {
                    unnamed.put(
                            BlockLocation.of((int) number, offset, 0),
                            new Damage("-", -1, 0, file, place.offsetBytes(), what));
                }
            }
        } catch (StoreException _) {
            // the volume was deleted: nothing reads it any more
        }
    }

    /// Blocks that a record is about.
    private record Range(String volume, long firstBlock, long blockCount) {
        Damage damage(String file, long fileOffsetBytes, String what) {
            return new Damage(
                    volume,
                    firstBlock * Blocks.BLOCK_BYTES,
                    blockCount * Blocks.BLOCK_BYTES,
                    file,
                    fileOffsetBytes,
                    what);
        }
    }

    private Optional<Range> indexed(Segment segment, long offset) throws IOException {
        var found = new ArrayList<Range>();
        core.segments
                .index(segment)
                .visit(
                        Long.MIN_VALUE,
                        Long.MAX_VALUE,
                        new SegmentIndex.Visitor() {
                            @Override
                            public void extent(
                                    int volume, long sequence, long first, int count, long at) {
                                if (at == offset) {
                                    range(volume, first, count).ifPresent(found::add);
                                }
                            }

                            @Override
                            public void clear(int volume, long sequence, long first, long count) {
                                // takes no room
                            }
                        });
        return found.stream().reduce((_, last) -> last);
    }

    private Optional<Range> described(StoredSegments.Place place) throws IOException {
        var head = ByteBuffer.allocate(RecordHeader.BYTES);
        place.read(head);
        var header = RecordHeader.decode(head.flip(), place.written());
        return range(header.volume(), header.firstBlock(), header.blockCount());
    }

    /// Empty if the volume was deleted.
    private Optional<Range> range(int volume, long firstBlock, long blockCount) {
        return Optional.ofNullable(core.volumes().get(volume))
                .map(state -> new Range(state.volume().id().text(), firstBlock, blockCount));
    }

    private void scrubMaps() throws IOException {
        files += core.mapFiles.files().size();
        var seen = new HashSet<Long>();
        var maps = openMaps();
        try {
            for (var map : maps.entrySet()) {
                scrubMap(map.getValue(), map.getKey(), seen);
            }
        } finally {
            maps.keySet().forEach(core::viewClosed);
        }
    }

    /// Checks the objects that tell where maps are, and opens these, so that reclaim keeps their
    /// pages until they were read.
    ///
    /// @return whose they are
    private Map<VolumeMap, VolumeState> openMaps() throws IOException {
        var kept = new ArrayList<Roots>();
        core.checkpoints.lock.lock(); // nothing is stored or deleted meanwhile
        try {
            for (var entry : core.storage.list(Checkpoint.FOLDER)) {
                var path = Checkpoint.FOLDER + "/" + entry.name();
                check(path, () -> kept.add(Checkpoint.decode(core.storage.get(path)).roots()));
            }
            for (var entry : core.storage.list(KeptSnapshot.FOLDER)) {
                var path = KeptSnapshot.FOLDER + "/" + entry.name();
                check(path, () -> KeptSnapshot.decode(core.storage.get(path)));
            }
            core.points.snapshots().forEach(snapshot -> kept.add(snapshot.roots()));
            return open(kept);
        } finally {
            core.checkpoints.lock.unlock();
        }
    }

    /// Most roots are in many checkpoints.
    private Map<VolumeMap, VolumeState> open(List<Roots> kept) {
        var known = new HashSet<Roots.Root>();
        var maps = new LinkedHashMap<VolumeMap, VolumeState>();
        for (var roots : kept) {
            for (var root : roots.byVolume().entrySet()) {
                var state = core.volumes().get(root.getKey());
                if (state != null && known.add(root.getValue())) { // else deleted
                    var map =
                            core.maps.load(
                                    root.getValue().reference(), root.getValue().mappedBlocks());
                    core.viewOpened(map);
                    maps.put(map, state);
                }
            }
        }
        return maps;
    }

    private void scrubMap(VolumeState state, VolumeMap map, Set<Long> seen) throws IOException {
        map.mark(
                new Marker() {
                    @Override
                    public void damaged(long reference, BlockRun blocks, DamagedDataException why) {
                        var damage = why.damage();
                        report(
                                new Damage(
                                        state.volume().id().text(),
                                        blocks.firstBlock() * Blocks.BLOCK_BYTES,
                                        blocks.blockCount() * Blocks.BLOCK_BYTES,
                                        damage.file(),
                                        damage.fileOffsetBytes(),
                                        damage.what()));
                    }

                    @Override
                    public boolean page(long reference) throws IOException {
                        if (!seen.add(reference)) {
                            return false;
                        }
                        bytes += MapFiles.frameBytesOf(reference);
                        core.mapFiles.read(reference); // past every cache
                        return true;
                    }

                    @Override
                    public void run(long firstBlock, int blockCount, long location) {
                        nameDamage(state.volume(), firstBlock, blockCount, location);
                    }
                });
    }

    /// Reports a damaged record that nothing but this map tells about.
    private void nameDamage(Volume volume, long firstBlock, int blockCount, long location) {
        var record = location - BlockLocation.skip(location);
        var damage = unnamed.get(record);
        if (damage != null) {
            var range = new Range(volume.id().text(), firstBlock, blockCount);
            var named = range.damage(damage.file(), damage.fileOffsetBytes(), damage.what());
            if (namings.computeIfAbsent(record, _ -> new HashSet<>()).add(named)) {
                report(named);
            }
        }
    }

    private void scrubSmallObjects() throws IOException {
        for (var copy : Catalogue.copies()) {
            check(copy, () -> Catalogue.check(core.storage, copy));
        }
        for (var state : core.volumes().values()) {
            files++;
            keyFaults(state.volume().id()).forEach(this::report);
        }
        check("master key", core.master::check);
    }

    private List<Damage> keyFaults(VolumeId volume) throws IOException {
        core.catalogueLock.lock(); // else one that is being destroyed or wrapped anew looks damaged
        try {
            return core.lookup(volume).isPresent() ? core.keys.faults(volume) : List.of();
        } finally {
            core.catalogueLock.unlock();
        }
    }

    /// Something that throws if it is damaged.
    @FunctionalInterface
    private interface Check {
        void run() throws IOException;
    }

    private void check(String path, Check check) throws IOException {
        files++;
        try {
            check.run();
        } catch (DamagedFormatException e) {
            report("-", path, String.valueOf(e.getMessage()));
        }
    }

    private void report(String volume, String file, String what) {
        report(new Damage(volume, -1, 0, file, 0, what));
    }

    private void report(Damage damage) {
        damaged++;
        found.accept(damage);
    }
}
