package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.RefusalException;
import holdfast.format.BatchHeader;
import holdfast.format.SegmentHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// One changed byte anywhere in a staging area: never a wrong byte at any point, never silence, and
/// no harm to volumes whose data it is not.
///
/// A usual run changes a seeded sample of all stored bytes; `-Dtest.bytes=all` each of them, one
/// after the other.
class StoreDamageTest {
    private static final boolean ALL = "all".equals(System.getProperty("test.bytes"));
    private static final int SAMPLE = 24;
    private static final Set<String> STORED_TWICE =
            Set.of(KeyRing.FOLDER, Checkpoint.FOLDER, KeptSnapshot.FOLDER);
    private static final long SEED = Long.getLong("test.seed", 1);

    private DamageableStore built = new DamageableStore(SEED);
    private TreeMap<Path, byte[]> pristine = new TreeMap<>();

    /// Bytes of map files whose change nothing told of: these must be pages that nothing needs.
    private final Set<Integer> unnoticedMapBytes = new HashSet<>();

    private final Set<Integer> noticedMapBytes = new HashSet<>();

    /// What was tried.
    private record Change(Path file, int offset, int mask) {
        String name() {
            return file.getFileName().toString();
        }

        @Override
        public String toString() {
            return file + ", byte " + offset + " ^ " + mask + ", seed " + SEED;
        }
    }

    /// What became of it.
    private static final class Outcome {
        final Set<VolumeId> unreadable = new HashSet<>();
        final List<String> said = new ArrayList<>();
    }

    @ParameterizedTest(name = "after a power cut: {0}")
    @ValueSource(booleans = {false, true})
    void aChangedByteIsNamedOrHealedAndNeverServed(boolean powerCut) throws Exception {
        built = new DamageableStore(SEED);
        pristine = new TreeMap<>(built.build(powerCut));
        assertHasEverything();
        var random = new SplittableRandom(SEED);
        for (var file : pristine.entrySet()) {
            for (var offset = 0; offset < file.getValue().length; offset++) {
                var mask = 1 + random.nextInt(255);
                if (ALL || random.nextInt(SAMPLE) == 0) {
                    change(new Change(file.getKey(), offset, mask));
                }
            }
        }
        checkUnnoticedMapBytes();
    }

    /// A store that has nothing of a kind would prove nothing for it.
    private void assertHasEverything() {
        var files = pristine.keySet().stream().map(Path::toString).toList();
        for (var kind :
                List.of(
                        "/catalogue/a",
                        "/catalogue/b",
                        "/checkpoints/",
                        "/snapshots/",
                        "/keys/vol-",
                        "/keys/br-",
                        ".map",
                        "-0000.seg",
                        "-0001.seg",
                        "master.key")) {
            assertThat(files).as(kind).anyMatch(file -> file.contains(kind));
        }
        assertThat(pristine.keySet())
                .as("one object in the place of several segments")
                .anyMatch(file ->
                        MergedSegment.parse(
                                        new StagingStorage.Entry(file.getFileName().toString(), 0))
                                .filter(merged -> merged.firstNumber() < merged.lastNumber())
                                .isPresent());
    }

    private void change(Change change) throws Exception {
        var files = FaultyFilesystem.of(pristine, SEED);
        files.flip(change.file(), change.offset(), change.mask());
        var outcome = new Outcome();
        VolumeStore store;
        try {
            store = built.open(files);
        } catch (IOException | RefusalException e) {
            // only without this one nothing can be served
            assertThat(change.name()).as("%s: %s", change, e).isEqualTo("master.key");
            assertThat(e.getMessage()).contains(change.name());
            return;
        }
        try {
            readPoints(store, change, outcome);
            readHeads(store, change, outcome);
            store.scrub(damage -> outcome.said.add(damage.toString()));
            check(files, change, outcome);
            if (change.offset() % 16 == 0) {
                othersGoOn(store, change, outcome);
            }
        } finally {
            files.crash();
            DamageableStore.abandon(store);
        }
    }

    private void readPoints(VolumeStore store, Change change, Outcome outcome) throws IOException {
        for (var point : built.points.entrySet()) {
            var sequence = point.getKey();
            if (store.point(built.owners.get(sequence), sequence).isEmpty()) {
                outcome.unreadable.add(point.getValue().keySet().iterator().next());
                continue; // not offered; that something was said of it is checked with the rest
            }
            for (var volume : point.getValue().entrySet()) {
                var id = volume.getKey();
                var expected = List.of(built.expected(id, volume.getValue()));
                read(() -> store.view(id, sequence), id, expected, change, outcome);
            }
        }
    }

    private void readHeads(VolumeStore store, Change change, Outcome outcome) {
        for (var head : built.heads.entrySet()) {
            var id = head.getKey();
            var expected = new ArrayList<ByteBuffer>();
            expected.add(built.expected(id, head.getValue()));
            if (isInLastBatch(change)) {
                expected.add(built.expected(id, built.headsBeforeLast.get(id)));
            }
            read(() -> store.head(id), id, expected, change, outcome);
        }
    }

    /// Whether the byte was written last before the power was cut. Nobody can tell damage there
    /// from a write that was torn, and never acknowledged.
    private boolean isInLastBatch(Change change) {
        var segments = pristine.keySet().stream().filter(file -> file.toString().endsWith(".seg"));
        var last = segments.reduce((_, file) -> file).orElseThrow();
        if (built.headsBeforeLast.isEmpty() || !change.file().equals(last)) {
            return false;
        }
        var bytes = ByteBuffer.wrap(pristine.get(last));
        var at = bytes.limit() - bytes.limit() % 8 - Integer.BYTES * 2;
        while (bytes.getInt(at) != BatchHeader.MAGIC) {
            at -= 8;
        }
        return change.offset() >= at;
    }

    private interface Opened {
        VolumeView open() throws IOException;
    }

    private void read(
            Opened opened, VolumeId id, List<ByteBuffer> expected, Change change, Outcome outcome) {
        try (var view = opened.open()) {
            var data = ByteBuffer.allocate((int) view.sizeBytes());
            view.read(data, 0);
            assertThat(expected.contains(data.flip()))
                    .as("%s: %s at %d reads as it was", change, id, view.sequence())
                    .isTrue();
        } catch (IOException e) {
            // a branch reads its parent's data, and says so
            assertThat(e.getMessage())
                    .as(change.toString())
                    .containsAnyOf(id.text(), built.families.get(id).text());
            outcome.unreadable.add(id);
            outcome.said.add(e.getMessage());
        }
    }

    private void check(FaultyFilesystem files, Change change, Outcome outcome) {
        var families = outcome.unreadable.stream().map(built.families::get).distinct();
        assertThat(families).as("%s: replicas that suffer", change).hasSizeLessThanOrEqualTo(1);
        var named = outcome.said.stream().anyMatch(text -> text.contains(change.name()));
        if (STORED_TWICE.contains(change.file().getParent().getFileName().toString())) {
            var now = files.contents().get(change.file());
            assertThat(now == null || Arrays.equals(now, pristine.get(change.file())))
                    .as("%s is stored again", change)
                    .isTrue();
        }
        if (change.name().endsWith(".map")) {
            (named ? noticedMapBytes : unnoticedMapBytes).add(change.offset());
        } else if (!named) {
            assertThat(outcome.unreadable).as("%s: said %s", change, outcome.said).isEmpty();
            var now = files.contents().get(change.file());
            var healed =
                    now == null
                            || now.length <= change.offset()
                            || now[change.offset()] == pristine.get(change.file())[change.offset()]
                            || hasNewHeader(change, now);
            assertThat(healed || isInLastBatch(change))
                    .as("%s is named or healed", change)
                    .isTrue();
        }
    }

    /// Whether the change is in a header that an opening wrote again, with the time of then.
    private static boolean hasNewHeader(Change change, byte[] now) {
        if (!change.name().endsWith(".seg") || change.offset() >= SegmentHeader.BYTES) {
            return false;
        }
        try {
            SegmentHeader.decode(ByteBuffer.wrap(now));
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    /// A volume that is whole takes writes, and makes them durable.
    private void othersGoOn(VolumeStore store, Change change, Outcome outcome) throws Exception {
        for (var volume : store.volumes()) {
            var id = volume.id();
            var hit = outcome.said.stream().anyMatch(text -> text.contains(id.text()));
            if (volume.origin().isEmpty() && !hit) {
                built.append(store, id, 3, 2, 1_000);
                var versions = built.heads.get(id).clone();
                versions[3] = 1_000;
                versions[4] = 1_000;
                var expected = List.of(built.expected(id, versions));
                if (!isInLastBatch(change)) {
                    read(() -> store.head(id), id, expected, change, outcome);
                }
                return;
            }
        }
        throw new AssertionError(change + ": no volume goes on");
    }

    /// Either a page is checked from its first byte to its last, or nothing reaches it.
    private void checkUnnoticedMapBytes() {
        var map =
                pristine.entrySet().stream()
                        .filter(file -> file.getKey().toString().endsWith(".map"))
                        .toList();
        assertThat(map).hasSize(1);
        var bytes = ByteBuffer.wrap(map.getFirst().getValue());
        var reached = 0;
        for (var at = 0; at < bytes.limit(); ) {
            var end = at + (8 + bytes.getInt(at) + 7 & -8);
            var from = at;
            var noticed = noticedMapBytes.stream().anyMatch(i -> i >= from && i < end);
            var unnoticed = unnoticedMapBytes.stream().anyMatch(i -> i >= from && i < end);
            assertThat(noticed && unnoticed).as("map page at %d is half checked", at).isFalse();
            reached += noticed ? 1 : 0;
            at = end;
        }
        assertThat(reached).isPositive();
    }
}
