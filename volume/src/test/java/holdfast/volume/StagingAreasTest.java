package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Several staging areas are seen as one: each owner's in one of them, with all that it has.
class StagingAreasTest {
    private static final long BYTES = TwoAreas.BLOCKS * 4096L;

    private final TwoAreas areas = new TwoAreas(1);

    static LongStream seeds() {
        var one = Long.getLong("test.seed");
        return one != null ? LongStream.of(one) : LongStream.range(0, 8);
    }

    @ParameterizedTest(name = "seed {0}") // repeat one with -Dtest.seed=N
    @MethodSource("seeds")
    void whatWasAcknowledgedInEitherOutlivesAPowerCut(long seed) throws Exception {
        var two = new TwoAreas(seed);
        var store = two.open();
        var here = store.create("s-1", "a", BYTES, "GP3"); // has no area of its own
        var there = store.create("s-2", "a", BYTES, "ST1");
        var points = new ArrayList<ConsistencyPoint>();
        for (var life = 1; life <= 3; life++) {
            two.write(store, here, life);
            two.write(store, there, 10 + life);
            points.add(two.point(store, "s-1"));
            points.add(two.point(store, "s-2"));
            two.write(store, here, 20 + life);
            two.write(store, there, 30 + life);
            two.crash(store);
            store = two.open();
            assertThat(TwoAreas.version(store.head(here.id()), here)).isEqualTo(20 + life);
            assertThat(TwoAreas.version(store.head(there.id()), there)).isEqualTo(30 + life);
        }
        for (var i = 0; i < points.size(); i++) {
            var point = points.get(i);
            var volume = i % 2 == 0 ? here : there;
            assertThat(store.point(volume.owner(), point.sequence())).isPresent();
            assertThat(TwoAreas.version(store.view(volume.id(), point.sequence()), volume))
                    .isEqualTo(i / 2 + 1 + i % 2 * 10);
        }
        assertThat(store.newestPoint("s-2")).contains(points.getLast());
        assertThat(store.pointAt("s-1", points.getFirst().instant())).contains(points.getFirst());
        assertThat(store.points("s-1", Instant.EPOCH, Instant.MAX, 9)).hasSize(3);
        store.close();
    }

    /// Told before the owner has a volume, which may then be made in any of them.
    @Test
    void anEncryptionKeyWrapsWhatItsOwnerHasInWhicheverArea() throws Exception {
        var key = areas.keys.create(areas.source);
        var file = areas.keys.file(key);
        var store = areas.open();
        store.encryptionKey("s-2", Optional.of(key));
        var here = store.create("s-1", "a", BYTES);
        var there = store.create("s-2", "a", BYTES, "ST1");
        areas.write(store, here, 1);
        areas.write(store, there, 2);
        assertThat(areas.keys.uses()).isEqualTo(Map.of(key, Set.of(there.id())));
        assertThatThrownBy(() -> areas.keys.destroy(key)).isInstanceOf(RefusalException.class);
        areas.crash(store);

        var files = areas.test.files.mount();
        files.rename(file, file.resolveSibling("away"));
        store = areas.open();
        assertThat(store.keyFault(here.id())).isEmpty();
        assertThat(store.keyFault(there.id()).orElseThrow()).contains("put " + file + " back");
        assertThat(TwoAreas.version(store.head(here.id()), here)).isEqualTo(1);
        areas.crash(store);

        files = areas.test.files.mount();
        files.rename(file.resolveSibling("away"), file);
        store = areas.open();
        store.encryptionKey("s-2", Optional.empty());
        assertThat(areas.keys.uses()).isEmpty();
        areas.keys.destroy(key);
        assertThat(TwoAreas.version(store.head(there.id()), there)).isEqualTo(2);
        store.close();
    }

    @Test
    void eachIsKeptWhereItBelongsWithAllThatBecomesOfIt() throws Exception {
        var store = areas.open();
        var here = store.create("s-1", "a", BYTES);
        var there = store.create("s-2", "a", BYTES, "ST1");
        var second = store.create("s-2", "b", BYTES, "STANDARD"); // goes where the first one is
        assertThat(store.storageClass("s-1")).contains("STANDARD");
        assertThat(store.storageClass("s-2")).contains("ST1");
        assertThat(store.storageClass("s-3")).isEmpty();
        assertThat(store.volumes()).containsExactlyInAnyOrder(here, there, second);
        assertThat(areas.disks.names())
                .contains(TwoAreas.DISKS.resolve("keys/" + there.id() + ".key"))
                .contains(TwoAreas.DISKS.resolve("keys/" + second.id() + ".key"))
                .doesNotContain(TwoAreas.DISKS.resolve("keys/" + here.id() + ".key"))
                .as("one key wraps all")
                .doesNotContain(TwoAreas.DISKS.resolve("master.key"));

        areas.write(store, there, 1);
        var point = areas.point(store, "s-2");
        var branch = store.branch(there.id(), point.sequence(), "i-1", "a");
        assertThat(store.storageClass("i-1")).contains("ST1");
        try (var open = store.openBranch(branch.id())) {
            open.write(ByteBuffer.wrap(TestStore.block(there.id(), 3, 7)), 3 * 4096L, true);
        }
        var later = store.branchPoint("i-1");
        try (var older = store.view(branch.id(), point.sequence());
                var newer = store.view(branch.id(), later.sequence())) {
            var changes = store.changes(older, newer, 0, 9);
            assertThat(changes).hasSize(1);
            assertThat(changes.getFirst().firstBlock()).isEqualTo(3);
        }
        areas.write(store, here, 1);
        var other = areas.point(store, "s-1").sequence();
        assertThatThrownBy(() -> store.branch(here.id(), other, "i-1", "b"))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("i-1 has volumes in the staging area of storage class ST1");

        var daily = new SnapshotPolicy(List.of());
        store.snapshotPolicy("s-2", daily);
        assertThat(store.snapshotPolicy("s-2")).isEqualTo(daily);
        assertThat(store.snapshotPolicy("s-1")).isEqualTo(SnapshotPolicy.DEFAULT);
        assertThat(store.grow(second.id(), 2 * BYTES).sizeBytes()).isEqualTo(2 * BYTES);
        store.delete(branch.id());
        store.delete(there.id());
        store.delete(second.id());
        assertThat(store.storageClass("s-2")).isEmpty();
        assertThat(store.find(there.id())).isEmpty();
        assertThatThrownBy(() -> store.head(there.id())).isInstanceOf(RefusalException.class);
        assertThat(areas.disks.names()).noneMatch(file -> file.toString().endsWith(".key"));
        assertThat(store.create("s-2", "a", BYTES).owner()).isEqualTo("s-2");
        assertThat(store.storageClass("s-2")).as("anew").contains("STANDARD");
        store.close();
    }

    @Test
    void roomIsReclaimedInEach() throws Exception {
        var store = areas.open();
        var others = new ArrayList<Volume>();
        for (var owner : List.of("s-1", "s-2")) {
            var area = owner.equals("s-1") ? "GP2" : "ST1";
            others.add(store.create(owner, "b", BYTES, area));
            var volume = store.create(owner, "a", BYTES, area);
            for (var version = 1; version <= 20; version++) {
                areas.write(store, volume, version);
            }
            store.delete(volume.id());
        }
        store.reclaim(); // makes checkpoints; the store's own may lag behind the writes
        areas.test.time.advance(Duration.ofDays(8));
        var before = store.areas().stream().mapToLong(area -> area.store().status().usedBytes());
        assertThat(before.min().getAsLong()).isGreaterThan(20 * BYTES);
        for (var version = 1; version <= 5; version++) {
            for (var other : others) {
                areas.write(store, other, version);
            }
            store.reclaim();
        }
        for (var area : store.areas()) {
            assertThat(area.store().status().usedBytes())
                    .as(area.storageClass())
                    .isLessThan(6 * BYTES);
        }
        store.close();
    }

    @Test
    void aFullOneHoldsUpItsOwnOnly() throws Exception {
        var store = areas.open();
        var here = store.create("s-1", "a", BYTES);
        var there = store.create("s-2", "a", BYTES, "ST1");
        areas.disks.capacity(areas.disks.usedBytes());
        var waiting = store.append(there.id(), List.of(areas.test.extent(there.id(), 0, 16, 1)));
        StoreModel.await("FULL", () -> store.condition("s-2").state() == StoreStatus.State.FULL);
        assertThat(store.condition("s-2").reason()).contains("the staging area is full");
        assertThat(store.condition("s-1").state()).isEqualTo(StoreStatus.State.WRITING);
        areas.write(store, here, 1);
        assertThat(store.newestPoint("s-1")).isEmpty();
        areas.point(store, "s-1");
        assertThat(store.create("s-1", "b", BYTES).name()).isEqualTo("b");
        store.areas().getFirst().store().reclaim();
        assertThat(waiting).isNotDone();
        areas.disks.capacity(1L << 40);
        waiting.get();
        assertThat(TwoAreas.version(store.head(there.id()), there)).isEqualTo(1);
        store.close();
    }

    @Test
    void damageInEitherIsNamedWithItsStorageClass() throws Exception {
        var store = areas.open();
        var here = store.create("s-1", "a", BYTES);
        var there = store.create("s-2", "a", BYTES, "ST1");
        areas.write(store, here, 1);
        areas.write(store, there, 1);
        store.close();
        var again = areas.open();
        var found = new ArrayList<Damage>();
        var whole = again.scrub(found::add);
        assertThat(found).isEmpty();
        for (var directory : List.of(TestStore.DIRECTORY, TwoAreas.DISKS)) {
            var files = directory == TwoAreas.DISKS ? areas.disks : areas.test.files;
            files.flip(segment(files, directory), 500, 1);
        }
        assertThat(again.scrub(found::add).filesRead()).isEqualTo(whole.filesRead());
        assertThat(found).extracting(Damage::volume).contains(here.id().text(), there.id().text());
        assertThat(found)
                .allSatisfy(place ->
                        assertThat(place.file())
                                .startsWith(
                                        place.volume().equals(there.id().text())
                                                ? "ST1:00000001-"
                                                : "00000001-"));
        assertThatThrownBy(() -> TwoAreas.version(again.head(there.id()), there))
                .isInstanceOf(DamagedDataException.class);
        again.close();
    }

    private static Path segment(FaultyFilesystem files, Path directory) {
        return files.names().stream()
                .filter(file -> file.startsWith(directory.resolve("segments")))
                .max(Comparator.comparingInt(file -> files.contents(file).length))
                .orElseThrow();
    }

    /// An agent compares its disks when it meets another identity, and only then.
    @Test
    void anAreaThatIsAddedChangesNoIdentityOfAnother() throws Exception {
        var alone = areas.open(Map.of());
        alone.create("s-1", "a", BYTES);
        var before = alone.identity("s-1");
        alone.close();
        var store = areas.open();
        store.create("s-2", "a", BYTES, "ST1");
        assertThat(store.identity("s-1")).isEqualTo(before);
        assertThat(store.identity("s-2")).isNotEqualTo(before);
        assertThat(store.derivedKey("audit")).isNotEqualTo(store.derivedKey("access"));
        var key = store.derivedKey("audit");
        store.close();
        var again = areas.open();
        assertThat(again.derivedKey("audit")).isEqualTo(key);
        again.close();
    }
}
