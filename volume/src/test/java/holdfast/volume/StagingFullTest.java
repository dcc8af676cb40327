package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A staging area without room: it says so, loses nothing, is read all the same, and goes on by
/// itself.
class StagingFullTest {
    private static final long PLENTY = 1L << 40;

    static Stream<Long> seeds() {
        var one = Long.getLong("test.seed");
        return one != null
                ? Stream.of(one)
                : LongStream.range(0, Long.getLong("test.seeds", 16)).boxed();
    }

    @ParameterizedTest(name = "seed {0}") // repeat one with -Dtest.seed=N
    @MethodSource("seeds")
    void itStopsWithAReasonAndResumesByItself(long seed) throws Exception {
        var model = new StoreModel(seed);
        // a checkpoint that waits would seem to be a write that does
        model.test.makeNoCheckpoints();
        var files = model.test.files;
        var store = model.test.open();
        var ids = List.of(model.create(store, "s", "a"), model.create(store, "s", "b"));
        for (var life = 0; life < 4; life++) {
            for (var i = model.random.nextInt(20); i >= 0; i--) {
                model.write(store, ids.get(i % 2));
                model.point(store, "s");
            }
            model.acknowledgeAll();
            var branch = model.branch(store, ids.getFirst(), model.points.lastKey());
            model.writeToBranch(store, branch);
            var fill = model.random.nextInt(4);
            var free = model.test.settings.reserveBytes() + (8 << 20);
            files.capacity(files.usedBytes() + (fill == 0 ? 0 : free + fill * 20_000L));
            var waiting = fillUp(store, model, ids);

            checkFull(store, model, branch, waiting);
            if (model.random.nextBoolean()) {
                files.crash();
                DamageableStore.abandon(store);
                files.capacity(files.usedBytes() + (1 << 20)); // still full, but for the reserve
                store = model.test.open();
                model.settle(store);
                model.checkPoints(store);
                files.capacity(PLENTY);
            } else {
                files.capacity(PLENTY);
                model.acknowledgeAll();
                assertThat(waiting).isCompleted();
            }
            model.write(store, ids.getLast()).get();
            var opened = store;
            StoreModel.await("WRITING", () -> opened.status().reason().isEmpty());
            assertThat(store.status().state()).isEqualTo(StoreStatus.State.WRITING);
            model.acknowledgeAll();
            model.checkHeads(store);
            model.checkPoints(store);
        }
        store.close();
        store = model.test.open();
        model.settle(store);
        model.checkPoints(store);
        store.close();
    }

    /// Writes until nothing is acknowledged any more.
    private static CompletableFuture<?> fillUp(
            VolumeStore store, StoreModel model, List<VolumeId> ids) throws InterruptedException {
        while (true) {
            var done = model.write(store, ids.get(model.random.nextInt(2)));
            StoreModel.await(
                    "acknowledged or full",
                    () -> done.isDone() || store.status().state() == StoreStatus.State.FULL);
            if (!done.isDone()) {
                return done;
            }
        }
    }

    private static void checkFull(
            VolumeStore store, StoreModel model, VolumeId branch, CompletableFuture<?> waiting)
            throws Exception {
        assertThat(store.status().state()).isEqualTo(StoreStatus.State.FULL);
        assertThat(store.status().reason()).contains("the staging area is full", "MiB must stay");
        assertThat(waiting).isNotDone();
        var point = model.point(store, "s");
        assertThat(point).isNotDone();
        model.acknowledged();
        model.checkPoints(store);
        try (var open = store.openBranch(branch)) {
            assertThatThrownBy(() -> open.write(ByteBuffer.allocate(4096), 0, true))
                    .isInstanceOf(NoRoomException.class)
                    .hasMessageContaining("full");
            open.read(ByteBuffer.allocate(4096), 0);
        }
        assertThat(model.unacknowledged()).isEqualTo(2);
    }

    /// The room is gone between looking and writing: also in the middle of a batch, and for the
    /// segment that is to be begun instead.
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void writesThatFailHalfWayLoseNothing(long seed) throws Exception {
        var model = new StoreModel(seed);
        var store = model.test.open();
        var ids = List.of(model.create(store, "s", "a"), model.create(store, "s", "b"));
        for (var life = 0; life < 4; life++) {
            for (var i = 0; i < 40; i++) {
                if (model.random.nextInt(4) == 0) {
                    model.test.files.failWrites(1 + model.random.nextInt(6));
                }
                model.write(store, ids.get(model.random.nextInt(2)));
                if (model.random.nextInt(3) == 0) {
                    model.point(store, "s");
                }
                if (model.random.nextInt(5) == 0) {
                    model.acknowledgeAll();
                }
            }
            if (model.random.nextBoolean()) {
                model.acknowledgeAll();
            }
            model.test.files.crash();
            model.acknowledged();
            DamageableStore.abandon(store);
            model.test.files.failWrites(0);
            store = model.test.open();
            model.settle(store);
            model.checkPoints(store);
        }
        store.close();
    }

    @Test
    void aVolumeThatCouldNotBeMadeIsNotThereAndCanBeMadeLater() throws Exception {
        for (var failing = 1; failing <= 3; failing++) {
            for (var after = 0; after < 4; after++) {
                var model = new StoreModel(failing);
                var store = model.test.open();
                var kept = model.create(store, "s", "a");
                // keys, then both copies of the catalogue: fails at each of them
                model.test.files.failWritesAfter(after, failing);
                VolumeId made = null;
                try {
                    made = store.create("s", "b", 1 << 20).id();
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("No space left");
                }
                model.test.files.failWrites(0);
                assertThat(store.volumes()).hasSize(made == null ? 1 : 2);
                model.write(store, kept);
                model.point(store, "s");
                model.acknowledgeAll();
                model.test.files.crash();
                DamageableStore.abandon(store);
                store = model.test.open();
                assertThat(store.find(kept)).isPresent();
                model.checkPoints(store);
                if (store.volumes().size() == 1) {
                    store.create("s", "b", 1 << 20);
                }
                var open = store;
                assertThatThrownBy(() -> open.create("s", "b", 1 << 20))
                        .isInstanceOf(RefusalException.class);
                store.close();
            }
        }
    }

    /// One copy of the catalogue says that the volume is gone, and then the room is: the volume
    /// takes more writes, and they must be there after a power cut.
    @Test
    void aVolumeThatCouldNotBeDeletedKeepsWhatItTakesAfterwards() throws Exception {
        for (var after = 0; after < 2; after++) {
            var model = new StoreModel(after);
            var store = model.test.open();
            var id = model.create(store, "s", "a");
            model.write(store, id).get();
            model.test.files.failWritesAfter(after, 1);
            var open = store;
            assertThatThrownBy(() -> open.delete(id)).isInstanceOf(IOException.class);
            model.test.files.failWrites(0);

            model.write(store, id);
            model.point(store, "s");
            model.acknowledgeAll();
            model.test.files.crash();
            DamageableStore.abandon(store);
            store = model.test.open();
            model.settle(store);
            model.checkPoints(store);
            store.close();
        }
    }

    /// Nothing tells any more what could be given back.
    @Test
    void reclaimWithoutASoundCheckpointSaysSo() throws Exception {
        var model = new StoreModel(1);
        var files = model.test.files;
        var store = model.test.open();
        var ids = List.of(model.create(store, "s", "a"), model.create(store, "s", "b"));
        files.capacity(files.usedBytes() + model.test.settings.reserveBytes() + (8 << 20));
        fillUp(store, model, ids);
        assertThat(store.status().state()).isEqualTo(StoreStatus.State.FULL);
        for (var file : files.contents().keySet()) {
            if (file.getParent().endsWith(Checkpoint.FOLDER)) {
                files.flip(file, 20, 1);
            }
        }
        assertThatThrownBy(store::reclaim)
                .isInstanceOf(DamagedDataException.class)
                .hasMessageContaining("no checkpoint is sound");
        DamageableStore.abandon(store);
    }
}
