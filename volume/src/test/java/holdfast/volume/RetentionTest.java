package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is kept, for how long, and that the rest gives its room back.
class RetentionTest {
    private static final Duration WINDOW = Duration.ofHours(6);
    private static final SnapshotPolicy POLICY =
            new SnapshotPolicy(
                    List.of(
                            new SnapshotPolicy.Rule(Duration.ofMinutes(30), Duration.ofHours(12)),
                            new SnapshotPolicy.Rule(Duration.ofHours(1), Duration.ofDays(1)),
                            new SnapshotPolicy.Rule(Duration.ofDays(1), Duration.ofDays(3))));

    private static StoreModel model(long seed, Duration window) {
        return model(seed, window, new TestStore(seed).settings.checkpointBytes());
    }

    private static StoreModel model(long seed, Duration window, long checkpointBytes) {
        var model = new StoreModel(seed);
        var s = model.test.settings;
        model.test.settings =
                new StoreSettings(
                        window,
                        Optional.empty(),
                        64 << 10,
                        s.reserveBytes(),
                        s.waitingBytesMax(),
                        s.extentCacheBytes(),
                        s.mapCacheBytes(),
                        checkpointBytes);
        return model;
    }

    /// Five days of a point every ten minutes, with a reclaim now and then, and power cuts in the
    /// middle of some.
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void theWindowIsWholeAndBeyondItThePolicyDecides(long seed) throws Exception {
        var model = model(seed, WINDOW);
        var store = model.test.open();
        var ids = List.of(model.create(store, "s", "a"), model.create(store, "s", "b"));
        store.snapshotPolicy("s", POLICY);
        var times = new TreeMap<Long, Instant>();
        var mostUsed = 0L;
        for (var step = 1; step <= 5 * 24 * 6; step++) {
            model.test.time.advance(Duration.ofMinutes(10).minusSeconds(1));
            model.write(store, ids.get(step % 2));
            var made = model.point(store, "s").get();
            model.acknowledgeAll();
            times.put(made.sequence(), made.instant());
            if (step % 6 == 0) {
                store.reclaim();
                if (step > 12 * 6) {
                    checkKept(store, model, times);
                }
            }
            if (step % 37 == 0) {
                model.test.files.crashAfter(model.random.nextInt(40));
                try {
                    store.reclaim();
                } catch (IOException _) {
                    // the power was cut in the middle of it
                }
                model.test.files.crash();
                DamageableStore.abandon(store);
                store = model.test.open();
                model.settle(store);
            }
            if (step % 144 == 0) {
                readAllKept(store, model, times.keySet());
                mostUsed = Math.max(mostUsed, store.status().usedBytes());
            }
        }
        // about 12 MiB were written, of which window and snapshots need a part
        assertThat(mostUsed).isLessThan(6 << 20);
        assertThat(store.scrub(damage -> {}).damagedPlaces()).isZero();
        store.close();
    }

    private static void checkKept(VolumeStore store, StoreModel model, TreeMap<Long, Instant> times)
            throws IOException {
        var now = model.test.time.now();
        var all = store.points("s", Instant.EPOCH, now, Integer.MAX_VALUE);
        var found = new HashSet<Long>();
        all.forEach(point -> found.add(point.sequence()));
        var wanted = wanted(times, now);
        for (var point : times.entrySet()) {
            var age = Duration.between(point.getValue(), now);
            if (age.compareTo(WINDOW) < 0) {
                assertThat(found).as("in the window, %s old", age).contains(point.getKey());
            } else if (age.compareTo(WINDOW.plus(Duration.ofHours(2))) > 0) {
                // a checkpoint is made at each reclaim, every hour: the journal lasts a little
                // longer
                assertThat(found.contains(point.getKey()))
                        .as("point of %s, at %s", point.getValue(), now)
                        .isEqualTo(wanted.contains(point.getKey()));
            }
            if (model.random.nextInt(20) == 0) {
                assertThat(store.point("s", point.getKey()).isPresent())
                        .isEqualTo(found.contains(point.getKey()));
            }
        }
    }

    /// The policy in plain words: of each interval the newest point, as long as the rule says.
    private static Set<Long> wanted(TreeMap<Long, Instant> times, Instant now) {
        var wanted = new TreeSet<Long>();
        for (var rule : POLICY.rules()) {
            var newestOf = new TreeMap<Long, Long>();
            times.forEach((sequence, at) ->
                    newestOf.put(at.toEpochMilli() / rule.every().toMillis(), sequence));
            for (var sequence : newestOf.values()) {
                if (Duration.between(times.get(sequence), now).compareTo(rule.keptFor()) <= 0) {
                    wanted.add(sequence);
                }
            }
        }
        return wanted;
    }

    private static void readAllKept(VolumeStore store, StoreModel model, Set<Long> sequences)
            throws IOException {
        var read = 0;
        for (var sequence : sequences) {
            if (store.point("s", sequence).isPresent()) {
                model.checkPoint(store, sequence);
                read++;
            }
        }
        assertThat(read).isGreaterThan(36);
        model.checkHeads(store);
    }

    /// The server was lost, and others go on: its last point stays, however long it takes.
    @Test
    void theNewestPointOfAServerOutlivesTheWindow() throws Exception {
        var model = model(1, WINDOW);
        var store = model.test.open();
        var lost = model.create(store, "lost", "a");
        var other = model.create(store, "other", "a");
        model.write(store, lost);
        var last = model.point(store, "lost").get().sequence();
        for (var day = 0; day < 20; day++) {
            model.write(store, other);
            model.point(store, "other");
            model.acknowledgeAll();
            model.test.time.advance(Duration.ofDays(1));
            store.reclaim();
        }
        assertThat(store.newestPoint("lost").map(ConsistencyPoint::sequence)).contains(last);
        assertThat(store.pointAt("lost", model.test.time.now())).isPresent();
        model.checkPoint(store, last);

        // the server is back: what it sends now takes the old point's place
        model.write(store, lost);
        model.point(store, "lost");
        model.acknowledgeAll();
        for (var day = 0; day < 3; day++) {
            model.test.time.advance(Duration.ofDays(1));
            store.reclaim();
        }
        assertThat(store.point("lost", last)).isEmpty();
        store.close();
    }

    /// A checkpoint made meanwhile is as old by its own time as the clock was set back by, and what
    /// was journalled before it is not.
    @Test
    void aClockThatWasSetBackForAWhileLeavesTheWindowWhole() throws Exception {
        var model = model(1, WINDOW);
        var store = model.test.open();
        var id = model.create(store, "s", "a");
        var times = new TreeMap<Long, Instant>();
        for (var step = 0; step < 100; step++) {
            model.test.time.advance(Duration.ofMinutes(10));
            model.write(store, id);
            var made = model.point(store, "s").get();
            model.acknowledgeAll();
            times.put(made.sequence(), made.instant());
            var setBack = Duration.ofHours(step == 50 ? 5 : 0);
            model.test.time.advance(setBack.negated());
            store.reclaim();
            model.test.time.advance(setBack);
            store.reclaim();
            var now = model.test.time.now();
            times.values().removeIf(at -> Duration.between(at, now).compareTo(WINDOW) >= 0);
            assertThat(sequences(store)).as("at step %d", step).containsAll(times.keySet());
        }
        for (var sequence : times.keySet()) {
            model.checkPoint(store, sequence);
        }
        assertThat(sequences(store)).as("the window has an end").hasSizeLessThan(50);
        store.close();
    }

    /// The power was cut when the later one was stored, and the earlier one not deleted yet.
    @ParameterizedTest(name = "the later one damaged: {0}")
    @ValueSource(booleans = {false, true})
    void ofTwoCheckpointsOfASequenceTheOpeningLeavesOne(boolean damaged) throws Exception {
        var model = model(1, WINDOW);
        var store = model.test.open();
        var id = model.create(store, "s", "a");
        model.write(store, id);
        model.point(store, "s");
        model.acknowledgeAll();
        store.reclaim();
        store.close();
        Checkpoint.Place earlier;
        Checkpoint.Place later;
        try (var storage = checkpoints(model)) {
            earlier = newestPlace(storage);
            var checkpoint = TwoCopies.get(storage, earlier.path(), Checkpoint::decode);
            var again =
                    new Checkpoint(
                            earlier.madeMillis() + 1,
                            checkpoint.nextMapFile(),
                            checkpoint.roots(),
                            checkpoint.newestPoints());
            again.store(storage);
            later = again.place();
        }
        if (damaged) {
            for (var name : TwoCopies.names(later.path())) {
                model.test.files.flip(TestStore.DIRECTORY.resolve(name), 20, 1);
            }
        }
        DamageableStore.abandon(model.test.open());
        model.test.files.crash(); // which frees the staging area
        try (var storage = checkpoints(model)) {
            assertThat(
                            storage.list(Checkpoint.FOLDER).stream()
                                    .flatMap(entry -> Checkpoint.Place.parse(entry.name()).stream())
                                    .filter(place -> place.sequence() == earlier.sequence()))
                    .containsExactly(damaged ? earlier : later);
        }
    }

    private static LocalStorage checkpoints(StoreModel model) throws IOException {
        return new LocalStorage(
                model.test.files.mount(), TestStore.DIRECTORY, List.of(Checkpoint.FOLDER));
    }

    private static Checkpoint.Place newestPlace(StagingStorage storage) throws IOException {
        return storage.list(Checkpoint.FOLDER).stream()
                .flatMap(entry -> Checkpoint.Place.parse(entry.name()).stream())
                .max(
                        Comparator.comparingLong(Checkpoint.Place::sequence)
                                .thenComparingLong(Checkpoint.Place::madeMillis))
                .orElseThrow();
    }

    /// One copy of it may be there all the same: at the next opening the window does not begin
    /// there, where the segments are merged already.
    @ParameterizedTest(name = "copy {0}")
    @ValueSource(ints = {1, 2})
    void aCheckpointThatCouldNotBeStoredIsNoneLater(int copy) throws Exception {
        // none by itself, which the failing sync might meet
        var model = model(1, Duration.ofHours(1), 1L << 40);
        var store = model.test.open();
        var id = model.create(store, "s", "a");
        store.snapshotPolicy("s", POLICY);
        var versions = new TreeMap<Long, Long>();
        for (var step = 0; step < 40; step++) {
            model.test.time.advance(Duration.ofMinutes(10));
            var version = 0L;
            for (var i = 0; i < 40; i++) { // of which the last one is of use
                version = step * 40L + i + 1;
                store.append(id, List.of(model.test.extent(id, 0, 1, version))).get();
            }
            versions.put(model.point(store, "s").get().sequence(), version);
            if (step == 3) { // after the journal's and the map's pages
                model.test.files.failSyncsAfter(1 + copy, 1);
                assertThatThrownBy(store::reclaim).isInstanceOf(IOException.class);
            } else {
                store.reclaim();
            }
        }
        var before = sequences(store);
        store.close();

        store = model.test.open();
        assertThat(sequences(store)).containsAll(before);
        for (var sequence : before) {
            try (var view = store.view(id, sequence)) {
                assertThat(TestStore.versions(view, id)[0]).isEqualTo(versions.get(sequence));
            }
        }
        store.close();
    }

    private static List<Long> sequences(VolumeStore store) throws IOException {
        return store.points("s", Instant.MIN, Instant.MAX, Integer.MAX_VALUE).stream()
                .map(ConsistencyPoint::sequence)
                .toList();
    }

    @Test
    void whatNoRootReachesGivesItsRoomBack() throws Exception {
        var model = model(1, Duration.ofHours(1));
        var store = model.test.open();
        var kept = model.create(store, "s", "kept");
        var deleted = model.create(store, "t", "deleted");
        for (var i = 0; i < 60; i++) {
            model.write(store, kept);
            store.append(deleted, List.of(model.test.extent(deleted, i % 64, 1, i + 1))).get();
            store.append(deleted, List.of(model.test.extent(deleted, (i + 7) % 48, 16, i))).get();
        }
        var point = model.point(store, "s").get().sequence();
        model.acknowledgeAll();
        var view = store.view(kept, point);
        store.delete(deleted);
        var before = model.test.files.usedBytes();
        store.reclaim(); // has a checkpoint made, before time goes on
        for (var i = 0; i < 3; i++) {
            model.test.time.advance(Duration.ofHours(2));
            store.reclaim();
        }
        var after = model.test.files.usedBytes();
        // two thirds of it were the deleted volume's
        assertThat(after).isLessThan(before / 2);
        try (view) {
            assertThat(TestStore.versions(view, kept)).isEqualTo(model.points.get(point).get(kept));
        }
        model.forget(deleted);
        model.checkHeads(store);
        store.close();
        store = model.test.open();
        model.settle(store);
        store.close();
    }

    /// A full staging area that is freed by deleting a volume.
    @Test
    void reclaimMakesRoomInAFullStagingArea() throws Exception {
        var model = model(1, Duration.ofHours(1));
        var store = model.test.open();
        var kept = model.create(store, "s", "kept");
        var deleted = model.create(store, "t", "deleted");
        model.write(store, kept).get();
        for (var i = 0; i < 40; i++) {
            store.append(deleted, List.of(model.test.extent(deleted, 0, 64, i + 1))).get();
        }
        store.reclaim(); // has a checkpoint made, before time goes on
        for (var i = 0; i < 3; i++) {
            model.test.time.advance(Duration.ofHours(2));
            store.reclaim();
        }
        var files = model.test.files;
        files.capacity(files.usedBytes() + model.test.settings.reserveBytes() + (8 << 20) - 1);
        var waiting = model.write(store, kept);
        var open = store;
        StoreModel.await("FULL", () -> open.status().state() == StoreStatus.State.FULL);
        assertThat(waiting).isNotDone();

        store.delete(deleted);
        store.reclaim();
        waiting.get();
        model.forget(deleted);
        model.acknowledgeAll();
        model.checkHeads(store);
        store.close();
    }
}
