package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A store under a seeded workload that ends in a power cut, over and over. What was acknowledged
/// is there, points never change, branches stay apart, and whatever comes of what was not
/// acknowledged, the journal's order holds across all volumes.
class StoreCrashTest {
    private static final int BLOCKS = 48;
    private static final int LIVES = 6;
    private static final int STEPS = 60;

    static Stream<Long> seeds() {
        var one = Long.getLong("test.seed");
        return one != null
                ? Stream.of(one)
                : LongStream.range(0, Long.getLong("test.seeds", 60)).boxed();
    }

    private long seed;
    private SplittableRandom random = new SplittableRandom(0);
    private TestStore test = new TestStore(0);

    /// Versions of the blocks of every volume and branch, as of the last step.
    private final Map<VolumeId, long[]> model = new LinkedHashMap<>();

    /// Models after each step that is not acknowledged yet, the last acknowledged one first.
    private final List<Map<VolumeId, long[]>> possible = new ArrayList<>();

    private final Map<Long, PointModel> points = new LinkedHashMap<>();
    private final Map<VolumeId, VolumeId> writtenAs = new LinkedHashMap<>();
    private final List<CompletableFuture<?>> pending = new ArrayList<>();
    private long version;

    /// A branch that was written to last, and not flushed.
    private Optional<VolumeId> unflushed = Optional.empty();

    private record PointModel(String owner, Map<VolumeId, long[]> volumes) {}

    @ParameterizedTest(name = "seed {0}") // repeat one with -Dtest.seed=N
    @MethodSource("seeds")
    void acknowledgedIsDurableAndPointsNeverChange(long seed) throws Exception {
        this.seed = seed;
        random = new SplittableRandom(seed);
        test = new TestStore(seed);
        var store = test.open();
        for (var i = 0; i < 2; i++) {
            create(store, "s-" + i, "/dev/sda");
            create(store, "s-" + i, "/dev/sdb");
        }
        for (var life = 0; life < LIVES; life++) {
            for (var step = 0; step < STEPS; step++) {
                step(store);
            }
            if (random.nextInt(4) == 0) {
                acknowledgeAll(store);
                store.close();
            } else {
                test.files.crash();
                abandon(store);
            }
            store = test.open();
            settle(store);
            checkPoints(store);
        }
        acknowledgeAll(store);
        store.close();
    }

    private void create(VolumeStore store, String owner, String name) throws IOException {
        var volume = store.create(owner, name, BLOCKS * 4096L);
        model.put(volume.id(), new long[BLOCKS]);
        writtenAs.put(volume.id(), volume.id());
        acknowledged();
    }

    private void step(VolumeStore store) throws Exception {
        switch (random.nextInt(14)) {
            case 0, 1, 2, 3, 4, 5 -> append(store);
            case 6 -> acknowledgeAll(store);
            case 7, 8 -> point(store);
            case 9 -> branch(store);
            case 10, 11 -> writeToBranch(store);
            case 12 -> reclaim(store);
            default -> checkHeads(store);
        }
    }

    private void append(VolumeStore store) throws InterruptedException {
        var replicas = replicas(store);
        var volume = replicas.get(random.nextInt(replicas.size()));
        for (var i = random.nextInt(3); i >= 0; i--) {
            var first = random.nextInt(BLOCKS);
            var count = 1 + random.nextInt(Math.min(8, BLOCKS - first));
            var newVersion = random.nextInt(8) == 0 ? 0 : ++version;
            var extent = test.extent(volume.id(), first, count, newVersion);
            pending.add(store.append(volume.id(), List.of(extent)));
            Arrays.fill(versions(volume.id()), first, first + count, newVersion);
            possible.add(copy(model));
        }
    }

    private void point(VolumeStore store) throws Exception {
        var owner = "s-" + random.nextInt(2);
        test.time.advance(Duration.ofSeconds(random.nextInt(300)));
        acknowledgeAll(store);
        var made = store.appendPoint(new NewPoint(owner, test.time.now(), 0, version, false)).get();
        var volumes = new LinkedHashMap<VolumeId, long[]>();
        for (var volume : replicas(store)) {
            if (volume.owner().equals(owner)) {
                volumes.put(volume.id(), versions(volume.id()).clone());
            }
        }
        points.put(made.sequence(), new PointModel(owner, volumes));
    }

    private void branch(VolumeStore store) throws Exception {
        var sequence = anyPoint(store);
        if (sequence < 0) {
            return;
        }
        acknowledgeAll(store);
        var point = points.get(sequence);
        var parents = List.copyOf(point.volumes().keySet());
        var parent = parents.get(random.nextInt(parents.size()));
        var branch = store.branch(parent, sequence, "i-" + ++version, "/dev/sda");
        model.put(branch.id(), point.volumes().get(parent).clone());
        writtenAs.put(branch.id(), parent);
        acknowledged();
    }

    private void writeToBranch(VolumeStore store) throws IOException {
        var branches =
                store.volumes().stream().filter(volume -> volume.origin().isPresent()).toList();
        if (branches.isEmpty()) {
            return;
        }
        var volume = branches.get(random.nextInt(branches.size()));
        var block = random.nextInt(BLOCKS);
        var as = writtenAs.get(volume.id());
        try (var branch = store.openBranch(volume.id())) {
            if (random.nextInt(4) == 0) {
                var count = 1 + random.nextInt(BLOCKS - block);
                branch.zero(block * 4096L, count * 4096L, false);
                unflushed = Optional.of(volume.id());
                Arrays.fill(versions(volume.id()), block, block + count, 0);
                possible.add(copy(model));
            } else {
                // in two unaligned parts: what is between them must not get lost
                var bytes = TestStore.block(as, block, ++version);
                var cut = 1 + random.nextInt(4094);
                branch.write(ByteBuffer.wrap(bytes, 0, cut), block * 4096L, false);
                branch.write(ByteBuffer.wrap(bytes, cut, 4096 - cut), block * 4096L + cut, true);
                versions(volume.id())[block] = version;
                possible.add(copy(model));
                acknowledged();
            }
            if (random.nextBoolean()) {
                branch.flush();
                acknowledged();
            }
        }
    }

    private void reclaim(VolumeStore store) throws Exception {
        acknowledgeAll(store);
        test.time.advance(Duration.ofMinutes(random.nextInt(60)));
        store.reclaim();
    }

    private void checkHeads(VolumeStore store) throws Exception {
        acknowledgeAll(store);
        for (var volume : store.volumes()) {
            assertThat(head(store, volume))
                    .as("%s, seed %d", volume, seed)
                    .isEqualTo(versions(volume.id()));
        }
    }

    private static long[] head(VolumeStore store, VolumeId id, VolumeId as) throws IOException {
        try (var view = store.head(id)) {
            return TestStore.versions(view, as);
        }
    }

    private long[] head(VolumeStore store, Volume volume) throws IOException {
        return head(store, volume.id(), writtenAs.get(volume.id()));
    }

    /// After a crash the store must be in one of the states that its journal went through since the
    /// last acknowledgement: the same one for all volumes.
    private void settle(VolumeStore store) throws IOException {
        pending.clear();
        var found = new LinkedHashMap<VolumeId, long[]>();
        for (var volume : store.volumes()) {
            found.put(volume.id(), head(store, volume));
        }
        var match = possible.reversed().stream().filter(state -> same(state, found)).findFirst();
        assertThat(match).as("a state since the last acknowledgement, seed %d", seed).isPresent();
        model.clear();
        model.putAll(copy(match.get()));
        acknowledged();
    }

    private static boolean same(Map<VolumeId, long[]> a, Map<VolumeId, long[]> b) {
        return a.keySet().equals(b.keySet())
                && a.keySet().stream().allMatch(id -> Arrays.equals(a.get(id), b.get(id)));
    }

    private void checkPoints(VolumeStore store) throws IOException {
        for (var point : points.entrySet()) {
            var owner = point.getValue().owner();
            if (store.point(owner, point.getKey()).isEmpty()) {
                continue; // it left the window, which reclaimed() checks
            }
            for (var volume : point.getValue().volumes().entrySet()) {
                try (var view = store.view(volume.getKey(), point.getKey())) {
                    assertThat(TestStore.versions(view, volume.getKey()))
                            .as("point %d of %s, seed %d", point.getKey(), volume.getKey(), seed)
                            .isEqualTo(volume.getValue());
                }
            }
        }
        for (var owner : List.of("s-0", "s-1")) {
            var newest =
                    points.entrySet().stream()
                            .filter(point -> point.getValue().owner().equals(owner))
                            .mapToLong(Map.Entry::getKey)
                            .max();
            newest.ifPresent(sequence ->
                    assertThat(store.newestPoint(owner).map(ConsistencyPoint::sequence))
                            .as("newest point of %s, seed %d", owner, seed)
                            .contains(sequence));
        }
    }

    private long anyPoint(VolumeStore store) throws IOException {
        var recoverable = new ArrayList<Long>();
        for (var point : points.entrySet()) {
            if (store.point(point.getValue().owner(), point.getKey()).isPresent()) {
                recoverable.add(point.getKey());
            }
        }
        return recoverable.isEmpty() ? -1 : recoverable.get(random.nextInt(recoverable.size()));
    }

    private static List<Volume> replicas(VolumeStore store) {
        return store.volumes().stream().filter(volume -> volume.origin().isEmpty()).toList();
    }

    private void acknowledgeAll(VolumeStore store) throws Exception {
        for (var future : pending) {
            future.get();
        }
        if (unflushed.isPresent()) { // no future tells of it
            try (var branch = store.openBranch(unflushed.get())) {
                branch.flush();
            }
        }
        pending.clear();
        acknowledged();
    }

    private void acknowledged() {
        unflushed = Optional.empty();
        possible.clear();
        possible.add(copy(model));
    }

    private long[] versions(VolumeId id) {
        return model.get(id);
    }

    private static Map<VolumeId, long[]> copy(Map<VolumeId, long[]> model) {
        var copy = new LinkedHashMap<VolumeId, long[]>();
        model.forEach((id, versions) -> copy.put(id, versions.clone()));
        return copy;
    }

    /// A store whose disk is gone cannot be closed in order; its threads end all the same.
    private static void abandon(VolumeStore store) {
        try {
            store.close();
        } catch (IOException | IllegalStateException _) {
            // the power was cut
        }
    }
}
