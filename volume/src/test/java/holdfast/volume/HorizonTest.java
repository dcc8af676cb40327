package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Somebody branches off a point while reclaim gives it up.
class HorizonTest {
    private static final Duration WINDOW = Duration.ofHours(1);
    private static final SnapshotPolicy POLICY =
            new SnapshotPolicy(
                    List.of(
                            new SnapshotPolicy.Rule(
                                    Duration.ofMinutes(10), Duration.ofMinutes(590))));

    private final StoreModel model = new StoreModel(7);

    /// Has reclaim wait where it begins to delete, until the branch is refused or about to be made,
    /// and the branch until reclaim is over.
    private final CompletableFuture<VolumeId> branch = new CompletableFuture<>();

    private final CountDownLatch branchIsNearlyMade = new CountDownLatch(1);
    private final CountDownLatch reclaimIsOver = new CountDownLatch(1);
    private volatile Runnable branching = () -> {};
    private volatile String deleted = "nothing yet";

    /// The point leaves the window, or the snapshots that are kept.
    @ParameterizedTest(name = "in {0}")
    @ValueSource(strings = {Checkpoint.FOLDER, KeptSnapshot.FOLDER})
    @Timeout(60)
    void aBranchIsWholeOrRefused(String folder) throws Exception {
        var s = model.test.settings;
        var settings = // no checkpoints but those of reclaim
                new StoreSettings(
                        WINDOW,
                        s.masterKey(),
                        s.segmentBytes(),
                        s.reserveBytes(),
                        s.waitingBytesMax(),
                        s.extentCacheBytes(),
                        s.mapCacheBytes(),
                        1L << 40);
        var store =
                VolumeStores.open(
                        settings,
                        HookedFilesystem.of(model.test.files.mount(), this::before),
                        TestStore.DIRECTORY,
                        model.test.time,
                        bytes -> model.random.nextBytes(bytes));
        var id = model.create(store, "s", "a");
        var hours = 1;
        if (folder.equals(KeptSnapshot.FOLDER)) {
            store.snapshotPolicy("s", POLICY);
            hours = 9;
        }
        write(store, id);
        var point = model.point(store, "s").get().sequence();
        write(store, id); // so that no checkpoint is of the point itself
        model.test.time.advance(Duration.ofMinutes(15));
        for (var hour = 0; hour < hours; hour++) {
            store.reclaim();
            write(store, id);
            model.point(store, "s");
            model.acknowledgeAll();
            model.test.time.advance(WINDOW.plusMinutes(5));
            assertThat(store.point("s", point)).as("after %d h", hour + 1).isPresent();
        }

        branching =
                () -> {
                    try {
                        branch.complete(store.branch(id, point, "i", "disk").id());
                    } catch (Throwable e) {
                        branch.completeExceptionally(e);
                    } finally {
                        branchIsNearlyMade.countDown();
                    }
                };
        deleted = folder;
        store.reclaim();
        reclaimIsOver.countDown();
        assertThat(branchIsNearlyMade.getCount()).as("reclaim gave the point up").isZero();

        assertThat(store.point("s", point)).isEmpty();
        assertThatThrownBy(branch::get)
                .isInstanceOf(ExecutionException.class)
                .hasRootCauseInstanceOf(StoreException.class)
                .hasMessageContaining("before the journal window");
        assertThat(store.volumes()).hasSize(1);
        store.close();
    }

    private void write(VolumeStore store, VolumeId id) throws Exception {
        for (var i = 0; i < 40; i++) {
            model.write(store, id);
        }
        model.acknowledgeAll();
    }

    private void before(String call, Path path) throws InterruptedException {
        if (call.equals("delete") && path.getParent().endsWith(deleted)) {
            deleted = "nothing more";
            Thread.ofVirtual().name("branching").start(branching);
            branchIsNearlyMade.await();
        } else if (Thread.currentThread().getName().equals("branching")
                && path.getParent().endsWith(KeyRing.FOLDER)) {
            branchIsNearlyMade.countDown();
            reclaimIsOver.await();
        }
    }
}
