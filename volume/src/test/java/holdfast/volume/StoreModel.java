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
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/// Writes to the volumes of a store without waiting, and knows what may be there afterwards: after
/// a crash one of the states that the journal went through since the last acknowledgement, and
/// every acknowledged point as it was.
final class StoreModel {
    static final int BLOCKS = 64;

    final TestStore test;
    final SplittableRandom random;

    /// Acknowledged points: versions by volume.
    final TreeMap<Long, Map<VolumeId, long[]>> points = new TreeMap<>();

    final Map<VolumeId, VolumeId> writtenAs = new LinkedHashMap<>();

    private final Map<VolumeId, String> owners = new LinkedHashMap<>();
    private final long seed;
    private final Map<VolumeId, long[]> heads = new LinkedHashMap<>();
    private final List<Step> steps = new ArrayList<>();
    private Map<VolumeId, long[]> acknowledged = Map.of();
    private long version;

    /// One request, and what the volumes read as once it is done.
    private record Step(
            CompletableFuture<?> done, Optional<String> pointOf, Map<VolumeId, long[]> after) {}

    StoreModel(long seed) {
        this.seed = seed;
        test = new TestStore(seed);
        random = new SplittableRandom(seed);
    }

    VolumeId create(VolumeStore store, String owner, String name) throws IOException {
        var id = store.create(owner, name, BLOCKS * 4096L).id();
        heads.put(id, new long[BLOCKS]);
        writtenAs.put(id, id);
        owners.put(id, owner);
        acknowledged = copy(heads);
        return id;
    }

    CompletableFuture<?> write(VolumeStore store, VolumeId id) throws InterruptedException {
        var first = random.nextInt(BLOCKS);
        var count = 1 + random.nextInt(Math.min(8, BLOCKS - first));
        var written = random.nextInt(8) == 0 ? 0 : ++version;
        var done = store.append(id, List.of(test.extent(writtenAs.get(id), first, count, written)));
        Arrays.fill(heads.get(id), first, first + count, written);
        steps.add(new Step(done, Optional.empty(), copy(heads)));
        return done;
    }

    CompletableFuture<ConsistencyPoint> point(VolumeStore store, String owner)
            throws InterruptedException {
        test.time.advance(Duration.ofSeconds(1));
        var done = store.appendPoint(new NewPoint(owner, test.time.now(), 0, version, false));
        steps.add(new Step(done, Optional.of(owner), copy(heads)));
        return done;
    }

    /// Makes a branch; its writes are steps like those of the volumes.
    VolumeId branch(VolumeStore store, VolumeId parent, long point) throws IOException {
        var id = store.branch(parent, point, "i-" + ++version, "disk").id();
        heads.put(id, points.get(point).get(parent).clone());
        writtenAs.put(id, writtenAs.get(parent));
        acknowledged.put(id, heads.get(id).clone());
        return id;
    }

    /// Writes one block of a branch and waits until it is on stable storage.
    void writeToBranch(VolumeStore store, VolumeId id) throws IOException {
        var block = random.nextInt(BLOCKS);
        var data = TestStore.block(writtenAs.get(id), block, ++version);
        try (var branch = store.openBranch(id)) {
            branch.write(ByteBuffer.wrap(data), block * 4096L, true);
        }
        heads.get(id)[block] = version;
        var done = CompletableFuture.completedFuture(0L);
        steps.add(new Step(done, Optional.empty(), copy(heads)));
    }

    /// Notes what is acknowledged by now. Acknowledgements must come in order.
    int acknowledged() {
        var count = 0;
        for (var step : steps) {
            if (!step.done.isDone() || step.done.isCompletedExceptionally()) {
                break;
            }
            count++;
        }
        var last = count;
        for (var i = last; i < steps.size(); i++) {
            var done = steps.get(i).done;
            assertThat(done.isDone() && !done.isCompletedExceptionally() && stillOpen(last))
                    .as("acknowledged before what came before it, seed %d", seed)
                    .isFalse();
        }
        for (var step : steps.subList(0, count)) {
            acknowledged = step.after;
            if (step.pointOf.isPresent()) {
                var made = (ConsistencyPoint) step.done.join();
                var volumes = new LinkedHashMap<>(step.after);
                volumes.keySet().removeIf(id -> !step.pointOf.get().equals(owners.get(id)));
                points.put(made.sequence(), volumes);
            }
        }
        steps.subList(0, count).clear();
        return count;
    }

    /// Whether the first one that was not acknowledged before is not so still.
    private boolean stillOpen(int step) {
        return !steps.get(step).done.isDone();
    }

    void acknowledgeAll() throws Exception {
        for (var step : steps) {
            step.done.get();
        }
        acknowledged();
        assertThat(steps).isEmpty();
    }

    /// All of a volume was zeroed, and that is on stable storage.
    void zeroed(VolumeId id) {
        Arrays.fill(heads.get(id), 0);
        acknowledged = copy(heads);
    }

    /// The volume was deleted.
    void forget(VolumeId id) {
        heads.remove(id);
        acknowledged = copy(heads);
    }

    int unacknowledged() {
        return steps.size();
    }

    /// After a crash: what is there must be what was acknowledged, or a state after it.
    void settle(VolumeStore store) throws IOException {
        acknowledged();
        var found = new LinkedHashMap<VolumeId, long[]>();
        for (var volume : store.volumes()) {
            found.put(volume.id(), head(store, volume.id()));
        }
        var possible = new ArrayList<Map<VolumeId, long[]>>();
        possible.add(acknowledged);
        steps.forEach(step -> possible.add(step.after));
        var match = possible.reversed().stream().filter(state -> same(state, found)).findFirst();
        assertThat(match).as("a state since the last acknowledgement, seed %d", seed).isPresent();
        steps.clear();
        heads.clear();
        heads.putAll(copy(match.get()));
        acknowledged = copy(heads);
    }

    void checkHeads(VolumeStore store) throws IOException {
        for (var id : heads.keySet()) {
            assertThat(head(store, id))
                    .as("head of %s, seed %d", id, seed)
                    .isEqualTo(heads.get(id));
        }
    }

    /// What was acknowledged reads so while more is waiting, for volumes nobody writes to since.
    void checkPoints(VolumeStore store) throws IOException {
        for (var point : points.entrySet()) {
            checkPoint(store, point.getKey());
        }
    }

    void checkPoint(VolumeStore store, long sequence) throws IOException {
        for (var volume : points.get(sequence).entrySet()) {
            if (store.find(volume.getKey()).isEmpty()) {
                continue; // deleted since
            }
            try (var view = store.view(volume.getKey(), sequence)) {
                assertThat(TestStore.versions(view, writtenAs.get(volume.getKey())))
                        .as("point %d of %s, seed %d", sequence, volume.getKey(), seed)
                        .isEqualTo(volume.getValue());
            }
        }
    }

    private long[] head(VolumeStore store, VolumeId id) throws IOException {
        try (var view = store.head(id)) {
            return TestStore.versions(view, writtenAs.get(id));
        }
    }

    /// Waits for what another thread is about to do.
    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        var deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited in vain: " + what);
            }
            Thread.sleep(1);
        }
    }

    private static boolean same(Map<VolumeId, long[]> a, Map<VolumeId, long[]> b) {
        return a.keySet().equals(b.keySet())
                && a.keySet().stream().allMatch(id -> Arrays.equals(a.get(id), b.get(id)));
    }

    private static Map<VolumeId, long[]> copy(Map<VolumeId, long[]> model) {
        var copy = new LinkedHashMap<VolumeId, long[]>();
        model.forEach((id, versions) -> copy.put(id, versions.clone()));
        return copy;
    }
}
