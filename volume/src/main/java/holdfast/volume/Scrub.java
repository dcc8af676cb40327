package holdfast.volume;

import holdfast.base.Blocks;
import holdfast.format.DamagedExtentException;
import holdfast.format.DamagedFormatException;
import holdfast.format.RecordHeader;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// Reads everything that is stored and checks it. Changes nothing.
final class Scrub {
    private final StoreCore core;
    private final Consumer<Damage> found;
    private int files;
    private long bytes;
    private long extents;
    private int damaged;

    Scrub(StoreCore core, Consumer<Damage> found) {
        this.core = core;
        this.found = found;
    }

    ScrubReport run() throws IOException {
        for (var segment : core.segments.all()) {
            files++;
            bytes += segment.sizeBytes();
            try {
                scrub(segment);
            } catch (DamagedFormatException e) {
                report("-", segment.path(), String.valueOf(e.getMessage()));
            }
        }
        scrubMaps();
        scrubSmallObjects();
        return new ScrubReport(files, bytes, extents, damaged);
    }

    private void scrub(Segment segment) throws IOException {
        if (segment.generation().number() > 0) {
            scrubCompacted(segment);
            return;
        }
        var wasSealed = segment.sealed;
        var result = core.segments.scan(segment);
        extents += result.index().recordCount();
        var before = damaged;
        if (!result.damage().isEmpty()) {
            for (var offset : extentOffsets(core.segments.index(segment))) {
                checkRecord(segment, offset);
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

    private void scrubCompacted(Segment segment) throws IOException {
        long[] originals;
        try (var lease = core.objects.use(segment.path())) {
            try {
                CompactedSegment.check(lease.object());
            } catch (DamagedFormatException e) {
                report("-", segment.path(), String.valueOf(e.getMessage()));
            }
            originals = CompactedSegment.read(lease.object()).originals();
        }
        for (var original : originals) {
            extents++;
            checkRecord(segment, original);
        }
    }

    /// Checks one record as a read would, and names the volume and range it belongs to.
    private void checkRecord(Segment segment, long offset) throws IOException {
        var owner = new String[] {"-"};
        var range = new long[] {-1, 0};
        try (var place = core.segments.locate(segment, offset)) {
            name(segment, place, offset, owner, range);
            core.reader.check(place);
        } catch (DamagedFormatException
                | DamagedExtentException
                | GeneralSecurityException
                | IllegalArgumentException e) {
            report(
                    new Damage(
                            owner[0],
                            range[0],
                            range[1],
                            segment.name(),
                            offset,
                            String.valueOf(e.getMessage())));
        } catch (StoreException _) {
            // the volume was deleted: nothing reads it any more
        }
    }

    private void name(
            Segment segment, Segments.Place place, long offset, String[] owner, long[] range)
            throws IOException {
        if (segment.generation().number() > 0) { // the record's own header is all there is
            var head = ByteBuffer.allocate(RecordHeader.BYTES);
            place.read(head);
            var header = RecordHeader.decode(head.flip());
            name(header.volume(), header.firstBlock(), header.blockCount(), owner, range);
            return;
        }
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
                                    name(volume, first, count, owner, range);
                                }
                            }

                            @Override
                            public void clear(int volume, long sequence, long first, long count) {
                                // takes no room
                            }
                        });
    }

    private void name(int volume, long first, int count, String[] owner, long[] range) {
        var state = core.volumes().get(volume);
        if (state != null) {
            owner[0] = state.volume().id().text();
            range[0] = first * Blocks.BLOCK_BYTES;
            range[1] = (long) count * Blocks.BLOCK_BYTES;
        }
    }

    private void scrubMaps() throws IOException {
        files += core.mapFiles.files().size();
        var seen = new HashSet<Long>();
        var kept = new ArrayList<Roots>();
        for (var entry : core.storage.list(Checkpoint.FOLDER)) {
            var path = Checkpoint.FOLDER + "/" + entry.name();
            check(path, () -> kept.add(Checkpoint.decode(core.storage.get(path)).roots()));
        }
        core.points.snapshots().forEach(snapshot -> kept.add(snapshot.roots()));
        for (var roots : kept) {
            for (var root : roots.byVolume().entrySet()) {
                scrubMap(root.getKey(), root.getValue(), seen);
            }
        }
    }

    private void scrubMap(int volume, Roots.Root root, Set<Long> seen) throws IOException {
        var state = core.volumes().get(volume);
        if (state == null) {
            return; // deleted
        }
        try (var map = core.maps.load(root.reference(), root.mappedBlocks())) {
            map.mark(
                    new Marker() {
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
                            // checked with its segment
                        }
                    });
        } catch (DamagedDataException e) {
            var damage = e.damage();
            report(
                    new Damage(
                            state.volume().id().text(),
                            damage.offsetBytes(),
                            damage.lengthBytes(),
                            damage.file(),
                            damage.fileOffsetBytes(),
                            damage.what()));
        }
    }

    private void scrubSmallObjects() throws IOException {
        for (var copy : Catalogue.copies()) {
            check(copy, () -> Catalogue.check(core.storage, copy));
        }
        for (var entry : core.storage.list(KeptSnapshot.FOLDER)) {
            var path = KeptSnapshot.FOLDER + "/" + entry.name();
            check(path, () -> KeptSnapshot.decode(core.storage.get(path)));
        }
        for (var state : core.volumes().values()) {
            var volume = state.volume().id();
            try {
                files++;
                core.keys.check(volume);
            } catch (DamagedDataException e) {
                report(e.damage());
            }
        }
        check("master key", core.keys::checkMaster);
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
