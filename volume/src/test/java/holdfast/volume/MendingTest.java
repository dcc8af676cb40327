package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/// A page of a volume's map rots: its blocks are sent again, and nobody else waits.
class MendingTest {
    /// Too many for one page, since each is an extent of its own.
    private static final int BLOCKS = 700;

    private static final int LEAF_ENTRIES_MIN = 50;
    private static final Duration WINDOW = Duration.ofMinutes(10);

    private final TestStore test = new TestStore(1);
    private final long[] versions = new long[BLOCKS];

    MendingTest() {
        test.settings =
                new StoreSettings(
                        WINDOW,
                        Optional.empty(),
                        256 << 10,
                        64 << 10,
                        4 << 20,
                        256 << 10,
                        256 << 10,
                        16 << 20);
    }

    @Test
    void whatADamagedPageLosesIsSentAgain() throws Exception {
        VolumeId id;
        VolumeId other;
        ConsistencyPoint before;
        try (var store = test.open()) {
            id = store.create("s-0", "sda", BLOCKS * 4096L).id();
            other = store.create("s-1", "sda", BLOCKS * 4096L).id();
            writeAll(store, id);
            store.append(other, List.of(test.extent(other, 0, 2, 1))).get();
            before = point(store, "s-0", Optional.empty());
        }
        damage(firstLeaf());
        try (var store = test.open()) {
            var known = store.identity("s-0");
            var otherKnown = store.identity("s-1");
            write(store, id, 1); // the agent does not know yet
            assertRefused(store, known);
            assertThatThrownBy(() -> store.head(id)).isInstanceOf(StoreException.class);

            store.mend("s-0");
            assertThat(store.identity("s-0")).isNotEqualTo(known);
            assertThat(store.identity("s-1")).isEqualTo(otherKnown);
            assertRefused(store, known);
            point(store, "s-1", Optional.of(otherKnown));
            assertThat(store.newestPoint("s-0")).contains(before);

            assertThat(compared(store, id)).isBetween(LEAF_ENTRIES_MIN, BLOCKS / 2);
            var after = point(store, "s-0", Optional.of(store.identity("s-0")));
            assertReads(store, id, after);
            assertThat(store.newestPoint("s-0")).contains(after);
            assertReadsInPart(store, id, before);
        }
        try (var store = test.open()) {
            var after = store.newestPoint("s-0").orElseThrow();
            assertThat(after.sequence()).isGreaterThan(before.sequence());
            assertReads(store, id, after);
            write(store, id, 1);
            assertReads(store, id, point(store, "s-0", Optional.of(store.identity("s-0"))));
            assertThat(found(store)).isNotEmpty();
            test.time.advance(WINDOW.multipliedBy(2));
            for (var pass = 0; pass < 3; pass++) {
                test.time.advance(WINDOW);
                write(store, id, 2);
                point(store, "s-0", Optional.of(store.identity("s-0")));
                store.reclaim();
            }
            assertThat(found(store)).as("damage, when nothing reaches that page").isEmpty();
        }
    }

    /// Whatever is cut off, the agent has to compare before a point counts.
    @Test
    void aPowerCutForgetsNoLoss() throws Exception {
        var id = damagedReplica();
        var known = identityAfterCut(store -> write(store, id, 1));
        var mended = identityAfterCut(store -> store.mend("s-0"));
        assertThat(mended).isNotEqualTo(known);
        var compared =
                identityAfterCut(store -> {
                    store.mend("s-0");
                    compared(store, id);
                });
        assertThat(compared).isNotEqualTo(known);
        try (var store = test.open()) {
            store.mend("s-0");
            assertRefused(store, known);
            compared(store, id);
            assertReads(store, id, point(store, "s-0", Optional.of(store.identity("s-0"))));
        }
    }

    @FunctionalInterface
    private interface Step {
        void take(VolumeStore store) throws Exception;
    }

    private String identityAfterCut(Step step) throws Exception {
        var store = test.open();
        step.take(store);
        cutPower(store);
        try (var again = test.open()) {
            return again.identity("s-0");
        }
    }

    /// Nothing is written to that page's blocks: reclaim meets the damage.
    @Test
    void damageThatNobodyWroteToIsFoundByReclaim() throws Exception {
        var id = damagedReplica();
        try (var store = test.open()) {
            var known = store.identity("s-0");
            store.reclaim();
            store.reclaim();
            assertThat(store.identity("s-0")).isNotEqualTo(known);
            compared(store, id);
            assertReads(store, id, point(store, "s-0", Optional.of(store.identity("s-0"))));
        }
    }

    /// A branch has the same page, and may be looked at before the replica.
    @Test
    void damageThatABranchSharesIsMendedToo() throws Exception {
        VolumeId id;
        try (var store = test.open()) {
            for (var i = 0; i < 6; i++) { // so that a branch comes first in a table of 16 places
                store.delete(store.create("other-" + i, "sda", 4096).id());
            }
            id = store.create("s-0", "sda", BLOCKS * 4096L).id();
            writeAll(store, id);
        }
        try (var store = test.open()) { // from whose checkpoint the branch is made
            var origin = point(store, "s-0", Optional.empty());
            store.branch(id, origin.sequence(), "i-0", "sda");
        }
        damage(firstLeaf());
        try (var store = test.open()) {
            var known = store.identity("s-0");
            store.reclaim();
            store.reclaim();
            assertThat(store.identity("s-0")).isNotEqualTo(known);
        }
    }

    /// The source is lost: its last point is all there is, and others' room is given back.
    @Test
    void reclaimGoesOnBesideADamagedPageOfAKeptPoint() throws Exception {
        VolumeId id;
        VolumeId other;
        ConsistencyPoint last;
        try (var store = test.open()) {
            id = store.create("s-0", "sda", BLOCKS * 4096L).id();
            other = store.create("s-1", "sda", BLOCKS * 4096L).id();
            writeAll(store, id);
            last = point(store, "s-0", Optional.empty());
        }
        damage(firstLeaf());
        try (var store = test.open()) {
            var freed = 0L;
            for (var pass = 0; pass < 12; pass++) {
                for (var i = 0; i < 40; i++) {
                    store.append(other, List.of(test.extent(other, 0, 16, pass))).get();
                }
                point(store, "s-1", Optional.of(store.identity("s-1")));
                test.time.advance(WINDOW);
                freed += store.reclaim().freedBytes();
            }
            assertThat(freed).isGreaterThan(8L * 40 * 16 * Blocks.BLOCK_BYTES);
            assertThat(store.newestPoint("s-0").orElseThrow().sequence())
                    .isEqualTo(last.sequence());
            assertReadsInPart(store, id, last);
        }
    }

    /// With a branch nobody compares: it is given up when a write to it is lost, and not before.
    @Test
    void aBranchThatLostAWriteIsNotUsedAnyMore() throws Exception {
        VolumeId branchId;
        try (var store = test.open()) {
            var id = store.create("s-0", "sda", BLOCKS * 4096L).id();
            store.append(id, List.of(test.extent(id, 0, 1, 1))).get();
            var origin = point(store, "s-0", Optional.empty());
            branchId = store.branch(id, origin.sequence(), "i-0", "sda").id();
            try (var branch = store.openBranch(branchId)) {
                for (var block = 0; block < BLOCKS; block++) {
                    var data = TestStore.block(id, block, 5);
                    branch.write(ByteBuffer.wrap(data), block * 4096L, block == BLOCKS - 1);
                }
            }
        }
        damage(firstLeaf());
        try (var store = test.open()) {
            store.reclaim();
            store.reclaim();
            try (var branch = store.openBranch(branchId)) {
                assertThatThrownBy(() -> branch.read(ByteBuffer.allocate(4096), 4096))
                        .isInstanceOf(DamagedDataException.class);
                branch.read(ByteBuffer.allocate(4096), (BLOCKS - 1) * 4096L);
                branch.write(ByteBuffer.allocate(4096), 4096, false);
                assertThatThrownBy(() -> branch.write(ByteBuffer.allocate(4096), 8192, true))
                        .isInstanceOf(StoreException.class)
                        .hasMessageContaining(branchId.text());
                store.reclaim();
                assertThatThrownBy(() -> branch.read(ByteBuffer.allocate(4096), 4096))
                        .as("the lost blocks are no zeros")
                        .isInstanceOf(StoreException.class);
            }
            assertThatThrownBy(() -> store.openBranch(branchId))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("delete it and branch again");
        }
        try (var store = test.open()) {
            assertThatThrownBy(() -> store.openBranch(branchId)).isInstanceOf(StoreException.class);
            assertThatThrownBy(() -> store.branchPoint("i-0")).isInstanceOf(StoreException.class);
            store.delete(branchId);
        }
    }

    /// Another disk of the server is whole, and what runs from a branch of it goes on: the loss is
    /// no reason not to find where the branch began.
    @Test
    void aBranchOfAnotherDiskOutlivesALoss() throws Exception {
        VolumeId id;
        VolumeId other;
        try (var store = test.open()) {
            id = store.create("s-0", "sda", BLOCKS * 4096L).id();
            other = store.create("s-0", "sdb", BLOCKS * 4096L).id();
            writeAll(store, id);
        }
        VolumeId branchId;
        var store = test.open();
        write(store, id, 1);
        store.append(other, List.of(test.extent(other, 0, 2, 7))).get();
        var origin = point(store, "s-0", Optional.empty());
        branchId = store.branch(other, origin.sequence(), "i-0", "sdb").id();
        writeOne(store, branchId, 1, TestStore.block(other, 1, 8));
        cutPower(store);
        damage(firstLeaf());
        store = test.open();
        store.mend("s-0");
        assertThat(store.point("s-0", origin.sequence())).as("hidden").isEmpty();
        cutPower(store); // before a checkpoint has the branch
        for (var opening = 0; opening < 2; opening++) {
            try (var again = test.open();
                    var branch = again.openBranch(branchId)) {
                var versions = TestStore.versions(branch, other);
                assertThat(versions[0]).isEqualTo(7);
                assertThat(versions[1]).isEqualTo(8);
                again.reclaim();
            }
        }
    }

    private void cutPower(VolumeStore store) {
        test.files.crash();
        DamageableStore.abandon(store);
    }

    private static void writeOne(VolumeStore store, VolumeId branchId, int block, byte[] data)
            throws Exception {
        try (var branch = store.openBranch(branchId)) {
            branch.write(ByteBuffer.wrap(data), block * 4096L, true);
        }
    }

    /// A volume with a point, of whose map the first page has rotted since.
    private VolumeId damagedReplica() throws Exception {
        VolumeId id;
        try (var store = test.open()) {
            id = store.create("s-0", "sda", BLOCKS * 4096L).id();
            writeAll(store, id);
            point(store, "s-0", Optional.empty());
        }
        damage(firstLeaf());
        return id;
    }

    private void writeAll(VolumeStore store, VolumeId id) throws Exception {
        for (var block = 0; block < BLOCKS; block++) {
            write(store, id, block);
        }
    }

    private void write(VolumeStore store, VolumeId id, int block) throws Exception {
        store.append(id, List.of(test.extent(id, block, 1, ++versions[block]))).get();
    }

    private ConsistencyPoint point(VolumeStore store, String owner, Optional<String> replica)
            throws Exception {
        test.time.advance(Duration.ofSeconds(1));
        return store.appendPoint(new NewPoint(owner, test.time.now(), 0, 1, false, replica)).get();
    }

    private void assertRefused(VolumeStore store, String known) {
        assertThatThrownBy(() -> point(store, "s-0", Optional.of(known)))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> assertThat(e.code()).isEqualTo(ReplicaStore.REPLICA_DAMAGED));
    }

    /// Sends what differs from the source's disk, as after a comparison.
    ///
    /// @return how many blocks that were
    private int compared(VolumeStore store, VolumeId id) throws Exception {
        var differing = new ArrayList<Integer>();
        try (var head = store.head(id)) {
            var found = TestStore.versions(head, id);
            for (var block = 0; block < BLOCKS; block++) {
                if (found[block] != versions[block]) {
                    assertThat(found[block]).as("block %d is lost as a whole", block).isZero();
                    differing.add(block);
                }
            }
        }
        for (var block : differing) {
            store.append(id, List.of(test.extent(id, block, 1, versions[block]))).get();
        }
        return differing.size();
    }

    private void assertReads(VolumeStore store, VolumeId id, ConsistencyPoint point)
            throws Exception {
        try (var view = store.view(id, point.sequence())) {
            assertThat(TestStore.versions(view, id)).isEqualTo(versions);
        }
    }

    /// All but the blocks of the damaged page, which is the map's first.
    private static void assertReadsInPart(VolumeStore store, VolumeId id, ConsistencyPoint point)
            throws Exception {
        try (var view = store.view(id, point.sequence())) {
            var data = ByteBuffer.allocate(4096);
            view.read(data, (BLOCKS - 1) * 4096L);
            assertThat(data.array()).isEqualTo(TestStore.block(id, BLOCKS - 1, 1));
            assertThatThrownBy(() -> view.read(data.clear(), 0))
                    .isInstanceOf(DamagedDataException.class)
                    .hasMessageContaining(id.text());
        }
    }

    private static List<String> found(VolumeStore store) throws Exception {
        var found = new ArrayList<String>();
        store.scrub(damage -> found.add(damage.toString()));
        return found;
    }

    /// A place in a map file.
    private record Place(Path file, int offset) {}

    /// In the first full leaf of the newest map file: docs/formats/map.md.
    private Place firstLeaf() {
        var file =
                test.files.contents().entrySet().stream()
                        .filter(entry -> entry.getKey().toString().endsWith(".map"))
                        .reduce((_, last) -> last)
                        .orElseThrow();
        var bytes = ByteBuffer.wrap(file.getValue());
        for (var at = 0; at < bytes.limit(); ) {
            var page = at + 8;
            var entries = bytes.getShort(page + 6);
            if (bytes.get(page + 5) == 0 && entries >= LEAF_ENTRIES_MIN) {
                return new Place(file.getKey(), page + 40);
            }
            at = page + (bytes.getInt(at) + 7 & -8);
        }
        throw new AssertionError("no leaf in " + Arrays.toString(file.getValue()));
    }

    private void damage(Place place) {
        test.files.flip(place.file(), place.offset(), 1);
    }
}
