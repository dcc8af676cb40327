package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every point that was ever made reads byte for byte as the volumes were then, whatever happened
/// since: later writes, branches, checkpoints, merging, restarts, power cuts.
class AnySecondTest {
    private static final int ROUNDS = 100;

    private static StoreModel model(long seed) {
        var model = new StoreModel(seed);
        var s = model.test.settings;
        model.test.settings =
                new StoreSettings(
                        Duration.ofDays(1),
                        Optional.empty(),
                        s.segmentBytes(),
                        s.reserveBytes(),
                        s.waitingBytesMax(),
                        s.extentCacheBytes(),
                        s.mapCacheBytes(),
                        s.checkpointBytes());
        return model;
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void everyPointReadsAsItWas(long seed) throws Exception {
        var model = model(seed);
        var random = model.random;
        var store = model.test.open();
        var volumes = new ArrayList<VolumeId>();
        for (var i = 0; i < 5; i++) {
            volumes.add(model.create(store, "s-" + i % 2, "disk-" + i));
        }
        var branches = new ArrayList<VolumeId>();
        for (var round = 1; round <= ROUNDS; round++) {
            for (var i = random.nextInt(6); i >= 0; i--) {
                model.write(store, volumes.get(random.nextInt(5)));
            }
            model.point(store, "s-" + round % 2);
            if (round % 25 == 0) {
                model.acknowledgeAll();
                var point = anyPoint(model);
                var parent = List.copyOf(model.points.get(point).keySet()).getFirst();
                branches.add(model.branch(store, parent, point));
                branches.add(model.branch(store, parent, point)); // a twin
            }
            if (!branches.isEmpty() && round % 3 == 0) {
                model.acknowledgeAll();
                model.writeToBranch(store, branches.get(random.nextInt(branches.size())));
            }
            switch (round % 50) {
                case 20 -> store.reclaim();
                case 35 -> {
                    model.acknowledgeAll();
                    store.close();
                    store = model.test.open();
                }
                case 49 -> {
                    model.test.files.crash();
                    DamageableStore.abandon(store);
                    store = model.test.open();
                    model.settle(store);
                }
                default -> {
                    // on to the next round
                }
            }
            model.acknowledgeAll();
            model.checkPoint(store, anyPoint(model));
        }
        model.checkPoints(store);
        model.checkHeads(store);
        assertEveryPointIsFound(store, model);

        mergeEverythingOld(store, model, volumes);
        store.close();
        store = model.test.open();
        model.settle(store);
        checkRecoverable(store, model);
        store.close();
    }

    private static long anyPoint(StoreModel model) {
        var all = List.copyOf(model.points.keySet());
        return all.get(model.random.nextInt(all.size()));
    }

    private static void assertEveryPointIsFound(VolumeStore store, StoreModel model)
            throws IOException {
        var found = new ArrayList<Long>();
        for (var owner : List.of("s-0", "s-1")) {
            var now = model.test.time.now();
            for (var point : store.points(owner, now.minus(Duration.ofDays(1)), now, 10_000)) {
                found.add(point.sequence());
                assertThat(store.pointAt(owner, point.instant())).contains(point);
                assertThat(store.point(owner, point.sequence())).contains(point);
            }
        }
        assertThat(found)
                .containsAll(model.points.keySet())
                .as("and what a power cut left of those that were not acknowledged")
                .hasSizeLessThanOrEqualTo(model.points.size() + ROUNDS / 50);
    }

    /// Lets the window pass over everything, so that old segments are merged.
    private static void mergeEverythingOld(
            VolumeStore store, StoreModel model, List<VolumeId> volumes) throws Exception {
        var merged = 0;
        for (var day = 0; day < 3; day++) {
            for (var volume : volumes) {
                model.write(store, volume);
            }
            model.point(store, "s-0");
            model.point(store, "s-1");
            model.acknowledgeAll();
            model.test.time.advance(Duration.ofHours(25));
            merged += store.reclaim().segmentsMerged();
        }
        assertThat(merged).isPositive();
        model.checkHeads(store);
        assertThat(checkRecoverable(store, model)).isPositive();
    }

    private static int checkRecoverable(VolumeStore store, StoreModel model) throws IOException {
        var read = 0;
        for (var sequence : model.points.keySet()) {
            if (store.point("s-0", sequence).isPresent()
                    || store.point("s-1", sequence).isPresent()) {
                model.checkPoint(store, sequence);
                read++;
            }
        }
        return read;
    }

    @Test
    void branchesOfOnePointNeverMeet() throws Exception {
        var model = model(1);
        var store = model.test.open();
        var parent = model.create(store, "s", "a");
        for (var i = 0; i < 20; i++) {
            model.write(store, parent);
        }
        var point = model.point(store, "s").get().sequence();
        model.acknowledgeAll();
        var first = model.branch(store, parent, point);
        var second = model.branch(store, parent, point);

        for (var i = 0; i < 20; i++) {
            model.writeToBranch(store, first);
            model.write(store, parent);
            model.acknowledgeAll();
        }
        model.checkHeads(store); // of the parent, and of both branches
        model.checkPoint(store, point);
        try (var branch = store.openBranch(second)) {
            branch.zero(0, StoreModel.BLOCKS * 4096L, true);
            var data = ByteBuffer.allocate(StoreModel.BLOCKS * 4096);
            branch.read(data, 0);
            assertThat(data.flip()).isEqualTo(ByteBuffer.allocate(StoreModel.BLOCKS * 4096));
        }
        model.checkPoint(store, point);

        model.test.files.crash();
        DamageableStore.abandon(store);
        store = model.test.open();
        model.zeroed(second);
        model.acknowledgeAll();
        model.settle(store); // what the branches acknowledged is there
        model.checkPoint(store, point);
        store.close();
    }
}
