package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.format.DamagedFormatException;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Syncs that fail, and lose what they were to make durable, while the next sync of the same file
/// succeeds: nothing is acknowledged on the strength of it.
class FailingSyncTest {
    private static final int FOR_EVER = Integer.MAX_VALUE;

    static Stream<Long> seeds() {
        var one = Long.getLong("test.seed");
        return one != null
                ? Stream.of(one)
                : LongStream.range(0, Long.getLong("test.seeds", 30)).boxed();
    }

    /// A process was killed with records that were not synced, and a sync fails while the store is
    /// opened again: the trailer that it writes must not outlast what it vouches for.
    @ParameterizedTest(name = "seed {0}") // repeat one with -Dtest.seed=N
    @MethodSource("seeds")
    void aSyncThatFailsInAnOpeningLeavesNothingVouchedForThatIsNotThere(long seed)
            throws Exception {
        var model = new StoreModel(seed);
        var files = model.test.files;
        var id = killedBeforeASync(model);

        files.failSyncsAfter((int) (seed % 3), 1);
        try {
            model.test.open().close();
        } catch (IOException _) {
            // it is opened again
        }
        files.failSyncs(0);
        var store = model.test.open();
        try (var head = store.head(id)) {
            assertThat(TestStore.versions(head, id)).containsOnly(0, 1);
        }
        store.close();
    }

    /// A sync failed and the process was killed: the kernel shows what it has in memory, and takes
    /// it for written.
    @ParameterizedTest(name = "seed {0}") // repeat one with -Dtest.seed=N
    @MethodSource("seeds")
    void whatAnOpeningFindsIsDurable(long seed) throws Exception {
        var model = new StoreModel(seed);
        var files = model.test.files;
        var id = killedBeforeASync(model);
        files.takeForWritten(newestSegment(files));

        var store = model.test.open();
        long[] found;
        try (var head = store.head(id)) {
            found = TestStore.versions(head, id);
        }
        files.crash();
        DamageableStore.abandon(store);
        store = model.test.open();
        try (var head = store.head(id)) {
            assertThat(TestStore.versions(head, id)).isEqualTo(found);
        }
        store.close();
    }

    /// What its process had written last is in the kernel's memory only.
    ///
    /// @return its only volume
    private static VolumeId killedBeforeASync(StoreModel model) throws Exception {
        var files = model.test.files;
        var store = model.test.open();
        var id = model.create(store, "s", "a");
        store.append(id, List.of(model.test.extent(id, 0, 1, 1))).get();
        var syncedBytes = (int) files.mount().sizeBytes(newestSegment(files));
        store.append(id, List.of(model.test.extent(id, 1, 8, 1))).get();
        files.crash();
        DamageableStore.abandon(store);
        writeAgain(files, syncedBytes);
        return id;
    }

    private static Path newestSegment(FaultyFilesystem files) throws IOException {
        var folder = TestStore.DIRECTORY.resolve(Segment.FOLDER);
        return folder.resolve(files.mount().list(folder).getLast());
    }

    /// So that what follows is in the kernel's memory only.
    private static void writeAgain(FaultyFilesystem files, int syncedBytes) throws IOException {
        try (var file = files.mount().openForWriting(newestSegment(files))) {
            var all = ByteBuffer.allocate((int) file.sizeBytes());
            file.read(all, 0);
            file.truncate(syncedBytes);
            file.sync();
            file.write(all.slice(syncedBytes, all.capacity() - syncedBytes), syncedBytes);
        }
    }

    @ParameterizedTest(name = "seed {0}") // repeat one with -Dtest.seed=N
    @MethodSource("seeds")
    void whatIsAcknowledgedIsThereWhicheverSyncsFailed(long seed) throws Exception {
        var model = new StoreModel(seed);
        var random = model.random;
        var files = model.test.files;
        var store = model.test.open();
        var ids =
                List.of(
                        model.create(store, "s", "a"),
                        model.create(store, "s", "b"),
                        model.create(store, "s", "c"));
        for (var life = 0; life < 4; life++) {
            for (var step = 0; step < 60; step++) {
                switch (random.nextInt(12)) {
                    case 0 -> files.failSyncs(1 + random.nextInt(3));
                    case 1 -> files.failWrites(1 + random.nextInt(3));
                    case 2, 3 -> model.point(store, "s");
                    case 4 -> model.acknowledged();
                    case 5 -> {
                        if (random.nextInt(3) == 0) {
                            model.acknowledgeAll();
                            model.checkHeads(store);
                        }
                    }
                    default -> model.write(store, ids.get(random.nextInt(ids.size())));
                }
            }
            if (random.nextBoolean()) {
                model.acknowledgeAll();
                model.checkPoints(store);
            }
            files.crash();
            model.acknowledged();
            DamageableStore.abandon(store);
            files.failSyncs(0);
            files.failWrites(0);
            store = model.test.open();
            model.settle(store);
            model.checkPoints(store);
            var found = new ArrayList<Damage>();
            store.scrub(found::add);
            assertThat(found).as("life %d", life).isEmpty();
        }
        store.close();
        store = model.test.open();
        model.settle(store);
        model.checkPoints(store);
        store.close();
    }

    /// As every caller expects it: another kind of failure would end its thread.
    @Test
    void aVolumeOfANewOwnerIsRefusedWithWhatTheDiskSaid() throws Exception {
        var model = new StoreModel(1);
        var store = model.test.open();
        model.test.files.failSyncs(FOR_EVER);

        assertThatThrownBy(() -> store.create("new", "a", 1 << 20))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Input/output error");

        model.test.files.failSyncs(0);
        assertThat(store.create("new", "a", 1 << 20).owner()).isEqualTo("new");
        store.close();
    }

    @Test
    void aDiskThatNeverSyncsAgainStopsTheJournalAndSaysSo() throws Exception {
        var model = new StoreModel(1);
        var store = model.test.open();
        var id = model.create(store, "s", "a");
        model.write(store, id);
        model.point(store, "s");
        model.acknowledgeAll();

        model.test.files.failSyncs(FOR_EVER);
        var lost = model.write(store, id);
        var opened = store;
        StoreModel.await("FAILING", () -> opened.status().state() == StoreStatus.State.FAILING);

        assertThat(store.status().reason()).contains("syncing the journal", "Input/output error");
        for (var i = 0; i < 100; i++) {
            assertThat(store.status().state()).isEqualTo(StoreStatus.State.FAILING);
            Thread.sleep(1);
        }
        assertThat(lost).isNotDone();
        // each attempt needs a segment of its own, and none is left behind
        assertThat(store.status().segmentCount()).isLessThan(6);
        model.checkPoints(store);
        DamageableStore.abandon(store);
        assertThat(lost).isCompletedExceptionally();

        model.test.files.crash();
        model.test.files.failSyncs(0);
        store = model.test.open();
        model.settle(store);
        model.checkPoints(store);
        assertThat(store.status().state()).isEqualTo(StoreStatus.State.WRITING);
        store.close();
    }

    /// What a failed sync lost is written again, and a branch reads nothing else meanwhile.
    @Test
    void aBranchReadsWhatItWroteWhicheverSyncsFail() throws Exception {
        var model = new StoreModel(1);
        model.test.makeNoCheckpoints(); // no checkpoint, whose own sync would fail
        var store = model.test.open();
        var parent = model.create(store, "s", "a");
        model.write(store, parent);
        var point = model.point(store, "s").get().sequence();
        model.acknowledgeAll();
        var id = model.branch(store, parent, point);
        try (var branch = store.openBranch(id)) {
            for (var version = 1; version <= 200; version++) {
                var block = version % StoreModel.BLOCKS;
                var data = TestStore.block(parent, block, version);
                model.test.files.failSyncs(1);
                branch.write(ByteBuffer.wrap(data), block * 4096L, false);
                var found = ByteBuffer.allocate(4096);
                branch.read(found, block * 4096L);
                assertThat(found.array()).as("version %d", version).isEqualTo(data);
            }
            model.test.files.failSyncs(0);
            branch.flush();
        }
        store.close();
    }

    /// The journal goes on elsewhere after a sync that failed. An opening does not look at segments
    /// that a checkpoint is behind, and a scrub takes those without an end for damaged ones.
    @Test
    void aSegmentThatWasLeftIsEndedBeforeTheNextCheckpoint() throws Exception {
        var model = new StoreModel(1);
        var files = model.test.files;
        var refusals = new ArrayList<String>();
        var store =
                VolumeStores.open(
                        model.test.settings,
                        HookedFilesystem.of(
                                files.mount(),
                                (call, path) -> {
                                    if (call.equals("openForWriting")
                                            && path.toString().endsWith(".seg")
                                            && !refusals.isEmpty()) {
                                        throw new IOException(refusals.removeLast());
                                    }
                                }),
                        TestStore.DIRECTORY,
                        model.test.time,
                        bytes -> model.random.nextBytes(bytes));
        var id = model.create(store, "s", "a");
        model.write(store, id);
        model.acknowledgeAll();
        var left = newestSegment(files);
        files.failSyncs(1);
        model.write(store, id);
        model.acknowledgeAll();
        assertThat(newestSegment(files)).isNotEqualTo(left);
        assertThatThrownBy(() -> trailer(files, left)).isInstanceOf(DamagedFormatException.class);
        refusals.add("once");
        assertThatThrownBy(store::reclaim).hasMessage("once");
        store.reclaim(); // makes the checkpoint
        model.write(store, id);
        model.acknowledgeAll();

        files.crash();
        DamageableStore.abandon(store);
        store = model.test.open();
        var found = new ArrayList<Damage>();
        store.scrub(found::add);
        assertThat(found).isEmpty();
        assertThat(trailer(files, left).lastSequence()).isPositive();
        model.checkHeads(store);
        store.close();
    }

    /// A process that is killed leaves the end of its last segment to the kernel. The next one
    /// takes it for sound, and goes on for long before the power is cut.
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {0, 1, 2, 3, 4, 5})
    void anEndThatWasNeverSyncedIsThereWhenThePowerIsCutLater(long seed) throws Exception {
        var model = new StoreModel(seed);
        var files = model.test.files;
        var killed = new KilledAtItsEnd();
        var store =
                VolumeStores.open(
                        model.test.settings,
                        HookedFilesystem.withOpenFiles(files.mount(), killed::before),
                        TestStore.DIRECTORY,
                        model.test.time,
                        bytes -> model.random.nextBytes(bytes));
        var id = model.create(store, "s", "a");
        model.write(store, id);
        model.acknowledgeAll();
        var ended = newestSegment(files);
        killed.closing = true;
        assertThatThrownBy(store::close).hasMessage("killed");
        assertThat(trailer(files, ended).lastSequence()).isPositive();

        store = model.test.open();
        model.write(store, id);
        model.acknowledgeAll();
        store.reclaim(); // makes a checkpoint, behind which no opening looks

        files.crash();
        DamageableStore.abandon(store);
        store = model.test.open();
        var found = new ArrayList<Damage>();
        store.scrub(found::add);
        assertThat(found).isEmpty();
        model.checkHeads(store);
        store.close();
    }

    /// The segment's end is written, and then nothing more is done to the disk.
    private static final class KilledAtItsEnd {
        private boolean closing;
        private boolean recordsAreSynced;
        private boolean endIsWritten;

        private void before(String call, Path path) throws IOException {
            if (closing && path.toString().endsWith(".seg")) {
                endIsWritten |= recordsAreSynced && call.equals("write");
                recordsAreSynced |= call.equals("sync");
                if (endIsWritten && call.equals("sync")) {
                    throw new IOException("killed");
                }
            }
        }
    }

    private static SegmentIndex.Trailer trailer(FaultyFilesystem files, Path segment)
            throws DamagedFormatException {
        var bytes = ByteBuffer.wrap(files.contents().get(segment));
        return SegmentIndex.Trailer.decode(
                bytes.slice(
                        bytes.limit() - SegmentIndex.TRAILER_BYTES, SegmentIndex.TRAILER_BYTES));
    }

    /// Closing is no reason to acknowledge what a failed sync left in doubt.
    @Test
    void closingAcknowledgesNothingThatMayBeLost() throws Exception {
        for (var seed = 0L; seed < 20; seed++) {
            var model = new StoreModel(seed);
            var store = model.test.open();
            var id = model.create(store, "s", "a");
            model.write(store, id).get();
            model.test.files.failSyncs(FOR_EVER);
            var inDoubt = model.write(store, id);
            var open = store;
            StoreModel.await("FAILING", () -> open.status().state() == StoreStatus.State.FAILING);
            model.test.files.failWrites(FOR_EVER);
            StoreModel.await(
                    "no new segment", () -> open.status().reason().contains("writing to the"));
            DamageableStore.abandon(store);
            assertThat(inDoubt).as("seed %d", seed).isCompletedExceptionally();

            model.test.files.crash();
            model.test.files.failSyncs(0);
            model.test.files.failWrites(0);
            store = model.test.open();
            model.settle(store);
            store.close();
        }
    }

    /// The second sync of the same file would succeed, and mean nothing.
    @Test
    void afterAFailedSyncTheDataGoesToAnotherSegment() throws Exception {
        for (var seed = 0L; seed < 20; seed++) {
            var model = new StoreModel(seed);
            var store = model.test.open();
            var id = model.create(store, "s", "a");
            model.write(store, id).get();
            var segments = store.status().segmentCount();

            model.test.files.failSyncs(1);
            model.write(store, id).get();
            model.point(store, "s").get();
            model.acknowledged();

            assertThat(store.status().segmentCount()).as("seed %d", seed).isGreaterThan(segments);
            assertThat(store.status().state()).isEqualTo(StoreStatus.State.WRITING);
            model.test.files.crash();
            DamageableStore.abandon(store);
            store = model.test.open();
            model.settle(store);
            model.checkPoints(store);
            store.close();
        }
    }
}
