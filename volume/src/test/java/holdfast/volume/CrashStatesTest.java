package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Opens a store from every state that a power cut may leave of its files, and holds it to what it
/// had acknowledged.
class CrashStatesTest {
    private static final int BLOCKS = 6;

    /// A cut in the middle of making a staging area may leave one that nothing was stored in yet.
    private int opened;

    /// States with a merged segment beside one that it was made of.
    private int halfMerged;

    @Test
    void aStoreKeepsItsPromisesFromEveryCrashState() throws Exception {
        for (var seed = 1L; opened < 4_000; seed++) {
            new Life(seed).run(16);
        }
        assertThat(halfMerged).as("cuts in the middle of a merge").isGreaterThan(40);
    }

    @Test
    @Tag("long")
    void aStoreKeepsItsPromisesFromFiftyThousandCrashStates() throws Exception {
        for (var seed = 1_000L; opened < 50_000; seed++) {
            new Life(seed).run(20);
        }
        assertThat(halfMerged).as("cuts in the middle of a merge").isGreaterThan(500);
    }

    private static boolean isHalfMerged(Map<Path, byte[]> contents) {
        var stored = new ArrayList<StoredSegment>();
        for (var file : contents.keySet()) {
            var name = file.getFileName().toString();
            StoredSegment.parse(new StagingStorage.Entry(name, 0)).ifPresent(stored::add);
        }
        return stored.stream()
                .anyMatch(one ->
                        one instanceof MergedSegment
                                && stored.stream()
                                        .anyMatch(s -> !s.equals(one) && one.contains(s)));
    }

    /// What a store had told, as soon as so many operations were done.
    private record Told(int done, Map<VolumeId, long[]> heads, TreeMap<Long, PointModel> points) {}

    private record PointModel(String owner, Map<VolumeId, long[]> volumes) {}

    private final class Life {
        private final long seed;
        private final SplittableRandom random;
        private final TestStore test;
        private final RecordingFilesystem files;
        private final List<Told> told = new ArrayList<>();
        private final Map<VolumeId, long[]> heads = new LinkedHashMap<>();
        private final TreeMap<Long, PointModel> points = new TreeMap<>();
        private final Map<VolumeId, VolumeId> writtenAs = new LinkedHashMap<>();
        private final Map<VolumeId, String> owners = new LinkedHashMap<>();
        private long version;

        Life(long seed) {
            this.seed = seed;
            this.random = new SplittableRandom(seed);
            this.test = new TestStore(seed);
            this.files = new RecordingFilesystem(test.files.mount());
            test.settings =
                    new StoreSettings(
                            Duration.ofMinutes(1),
                            Optional.empty(),
                            64 << 10,
                            0,
                            4 << 20,
                            64 << 10,
                            64 << 10,
                            32 << 10);
        }

        void run(int eachMax) throws Exception {
            try (var store = open(files)) {
                create(store, "s-0");
                create(store, "s-1");
                live(store);
            }
            for (var start = 1; start < 24; start++) { // each leaves a short segment
                try (var store = open(files)) {
                    live(store);
                    age(store);
                }
            }
            new CrashStates(files.operations(), random.split()).visit(eachMax, this::checkOpened);
        }

        private void live(VolumeStore store) throws Exception {
            for (var step = 0; step < 3; step++) {
                step(store);
                tell();
            }
        }

        private VolumeStore open(holdfast.base.Filesystem on) throws IOException {
            var own = random.split();
            return VolumeStores.open(
                    test.settings, on, TestStore.DIRECTORY, test.time, own::nextBytes);
        }

        private void tell() {
            var copy = new LinkedHashMap<VolumeId, long[]>();
            heads.forEach((id, versions) -> copy.put(id, versions.clone()));
            told.add(new Told(files.length(), copy, new TreeMap<>(points)));
        }

        private void create(VolumeStore store, String owner) throws IOException {
            var id = store.create(owner, "disk", BLOCKS * 4096L).id();
            heads.put(id, new long[BLOCKS]);
            writtenAs.put(id, id);
            owners.put(id, owner);
            tell();
        }

        private void step(VolumeStore store) throws Exception {
            var ids = List.copyOf(owners.keySet());
            var id = ids.get(random.nextInt(ids.size()));
            switch (random.nextInt(10)) {
                case 0, 1, 2, 3 -> write(store, id);
                case 4, 5, 6 -> point(store, owners.get(id));
                case 7 -> branch(store);
                case 8 -> writeToBranch(store);
                default -> reclaim(store, Duration.ofSeconds(40));
            }
        }

        /// What was written leaves the window, so that it is merged and merged again.
        private void age(VolumeStore store) throws Exception {
            for (var owner : owners.values()) {
                point(store, owner);
                tell();
            }
            reclaim(store, Duration.ofMinutes(2));
            tell();
        }

        private void reclaim(VolumeStore store, Duration after) throws IOException {
            test.time.advance(after);
            store.reclaim();
            dropReclaimed(store);
        }

        private void write(VolumeStore store, VolumeId id) throws Exception {
            var first = random.nextInt(BLOCKS);
            var count = 1 + random.nextInt(Math.min(3, BLOCKS - first));
            var written = random.nextInt(8) == 0 ? 0 : ++version;
            store.append(id, List.of(test.extent(id, first, count, written))).get();
            Arrays.fill(heads.get(id), first, first + count, written);
        }

        private void point(VolumeStore store, String owner) throws Exception {
            test.time.advance(Duration.ofSeconds(1));
            var made =
                    store.appendPoint(new NewPoint(owner, test.time.now(), 0, version, false))
                            .get();
            var volumes = new LinkedHashMap<VolumeId, long[]>();
            heads.forEach((id, versions) -> {
                if (owner.equals(owners.get(id))) {
                    volumes.put(id, versions.clone());
                }
            });
            points.put(made.sequence(), new PointModel(owner, volumes));
        }

        private void branch(VolumeStore store) throws IOException {
            if (points.isEmpty()) {
                return;
            }
            var point = points.lastEntry();
            var parent = point.getValue().volumes().entrySet().iterator().next();
            var id = store.branch(parent.getKey(), point.getKey(), "i-" + ++version, "disk").id();
            heads.put(id, parent.getValue().clone());
            writtenAs.put(id, parent.getKey());
        }

        private void writeToBranch(VolumeStore store) throws IOException {
            for (var id : heads.keySet()) {
                if (!owners.containsKey(id)) {
                    var block = random.nextInt(BLOCKS);
                    var data = TestStore.block(writtenAs.get(id), block, ++version);
                    try (var branch = store.openBranch(id)) {
                        branch.write(java.nio.ByteBuffer.wrap(data), block * 4096L, true);
                    }
                    heads.get(id)[block] = version;
                    return;
                }
            }
        }

        /// Points that left the window are no longer promised, at the latest from here on.
        private void dropReclaimed(VolumeStore store) throws IOException {
            for (var sequence : List.copyOf(points.keySet())) {
                if (store.point(points.get(sequence).owner(), sequence).isEmpty()) {
                    points.remove(sequence);
                    told.replaceAll(before -> without(before, sequence));
                }
            }
        }

        private static Told without(Told before, long sequence) {
            var left = new TreeMap<>(before.points());
            left.remove(sequence);
            return new Told(before.done(), before.heads(), left);
        }

        private void checkOpened(int done, Map<Path, byte[]> contents) throws Exception {
            var at = -1;
            while (at + 1 < told.size() && told.get(at + 1).done() <= done) {
                at++;
            }
            if (at < 0) {
                return; // nothing was promised yet
            }
            opened++;
            halfMerged += isHalfMerged(contents) ? 1 : 0;
            var description = "seed " + seed + ", power cut after operation " + done;
            try (var store = open(FaultyFilesystem.of(contents, seed).mount())) {
                checkHeads(store, at, description);
                for (var point : told.get(at).points().entrySet()) {
                    checkPoint(store, point.getKey(), point.getValue(), description);
                }
            } catch (IOException | RuntimeException e) {
                throw new AssertionError(description + ": " + e, e);
            }
        }

        /// What was told, or what comes of the step that was under way.
        private void checkHeads(VolumeStore store, int at, String description) throws IOException {
            for (var head : told.get(at).heads().entrySet()) {
                var id = head.getKey();
                assertThat(store.find(id)).as(description).isPresent();
                try (var view = store.head(id)) {
                    var found = TestStore.versions(view, writtenAs.get(id));
                    var next = told.get(Math.min(at + 1, told.size() - 1)).heads().get(id);
                    assertThat(Arrays.equals(found, head.getValue()) || Arrays.equals(found, next))
                            .as("%s: %s holds %s", description, id, Arrays.toString(found))
                            .isTrue();
                }
            }
        }

        private void checkPoint(
                VolumeStore store, long sequence, PointModel model, String description)
                throws IOException {
            assertThat(store.point(model.owner(), sequence)).as(description).isPresent();
            assertThat(store.points(model.owner(), Instant.EPOCH, Instant.MAX, 1_000))
                    .as(description)
                    .anyMatch(point -> point.sequence() == sequence);
            for (var volume : model.volumes().entrySet()) {
                try (var view = store.view(volume.getKey(), sequence)) {
                    assertThat(TestStore.versions(view, writtenAs.get(volume.getKey())))
                            .as("%s: point %d", description, sequence)
                            .isEqualTo(volume.getValue());
                }
            }
        }
    }
}
