package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.BlockRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// How maps and the page store work together: what is read, kept, written, and found damaged.
class VolumeMapPagesTest {
    private static final RunVisitor IGNORE = (_, _, _) -> true;

    private final KeptPages store = new KeptPages();

    @Test
    void aPointOfALoadedMapIsReadByItsPathAlone() throws Exception {
        assertThat(readsOfOneLookup(10_000)).isEqualTo(2);
        assertThat(readsOfOneLookup(1_000_000)).isEqualTo(3);
    }

    /// A map of single blocks, every other one, so that no two are one run.
    private int readsOfOneLookup(int runs) throws IOException {
        try (var maps = new VolumeMaps(store, 1 << 20)) {
            long root;
            try (var map = maps.empty()) {
                for (var i = 0; i < runs; i++) {
                    map.put(2L * i, 1, location(i));
                }
                root = map.persist();
            }
            try (var other = new VolumeMaps(store, 1 << 20)) {
                store.reads.set(0);
                try (var map = other.load(root, runs)) {
                    assertThat(store.reads).hasValue(0);
                    map.lookup(runs, runs + 1, IGNORE);
                    var reads = store.reads.get();
                    map.lookup(runs, runs + 1, IGNORE);
                    assertThat(store.reads).as("cached").hasValue(reads);
                    return reads;
                }
            }
        }
    }

    @Test
    void changesOfALoadedMapReadTheirPathAlone() throws Exception {
        var root = persisted(100_000);
        try (var maps = new VolumeMaps(store, 1 << 20);
                var map = maps.load(root, 100_000)) {
            map.put(100_000, 1, location(1));
            assertThat(store.reads).hasValue(3);
            map.clear(100_000, 1);
            assertThat(store.reads).hasValue(3);
        }
    }

    @Test
    void onlyWhatChangedIsWrittenAgain() throws Exception {
        var root = persisted(100_000);
        var before = store.pages.size();
        try (var maps = new VolumeMaps(store, 1 << 20);
                var map = maps.load(root, 100_000)) {
            assertThat(map.persist()).isEqualTo(root);
            map.put(1_000, 1, location(1));
            var changed = map.persist();
            assertThat(store.pages).hasSize(before + 3);
            try (var snapshot = map.snapshot()) {
                assertThat(snapshot.persist()).isEqualTo(changed);
                map.put(1_000, 1, location(2));
                assertThat(snapshot.persist()).isEqualTo(changed);
                assertThat(map.persist()).isNotEqualTo(changed);
            }
            map.clear(0, 200_000);
            assertThat(map.persist()).isZero();
        }
    }

    /// The usual way of a checkpoint: the map goes on while its snapshot is written.
    @Test
    void memoryOfPersistedPagesIsGivenUpThoughTheMapGoesOn() throws Exception {
        var random = new SplittableRandom(1);
        try (var maps = new VolumeMaps(store, 10_000);
                var map = maps.empty()) {
            for (var i = 0; i < 300_000; i++) {
                map.put(random.nextLong(1L << 28), 1, location(i));
            }
            var full = maps.usedBytes();
            for (var turn = 0; turn < 4; turn++) {
                try (var snapshot = map.snapshot()) {
                    map.put(random.nextLong(1L << 28), 1, location(turn));
                    snapshot.persist();
                }
            }
            assertThat(maps.usedBytes()).isLessThan(full / 10);
            assertThat(maps.memoryBytes()).isLessThan(full / 4);
        }
    }

    @Test
    void aTinyCacheOnlyCostsReads() throws Exception {
        var root = persisted(20_000);
        try (var maps = new VolumeMaps(store, 5_000);
                var map = maps.load(root, 20_000)) {
            for (var pass = 0; pass < 2; pass++) {
                var blocks = new long[1];
                map.lookup(
                        0,
                        VolumeMap.BLOCKS_END,
                        (first, count, location) -> {
                            assertThat(first).isEqualTo(2 * blocks[0]);
                            assertThat(location).isEqualTo(location(blocks[0]));
                            blocks[0] += count;
                            return true;
                        });
                assertThat(blocks[0]).isEqualTo(20_000);
                assertThat(maps.usedBytes()).isLessThanOrEqualTo(5_000);
            }
            assertThat(store.reads.get()).isGreaterThanOrEqualTo(2 * 20_000 / 400);
        }
    }

    @Test
    void marksAllThatIsReachedAndSkipsWhatWasSeen() throws Exception {
        var root = persisted(10_000);
        var reachable = new HashSet<>(store.pages.keySet());
        store.append(ByteBuffer.wrap(new byte[1]));
        try (var maps = new VolumeMaps(store, 1 << 20);
                var map = maps.load(root, 10_000)) {
            var seen = new HashSet<Long>();
            assertThat(blocksMarked(map, seen)).isEqualTo(10_000);
            assertThat(seen).isEqualTo(reachable);
            assertThat(maps.usedBytes()).as("not cached").isZero();
            map.put(0, 1, location(77));
            assertThat(blocksMarked(map, seen)).as("runs of changed pages").isBetween(1, 400);
            assertThat(blocksMarked(map, new HashSet<>())).isEqualTo(10_000);
        }
    }

    private static int blocksMarked(VolumeMap map, Set<Long> seen) throws IOException {
        var blocks = new int[1];
        map.mark(
                new Marker() {
                    @Override
                    public boolean page(long reference) {
                        return seen.add(reference);
                    }

                    @Override
                    public void damaged(long reference, BlockRun blocks, DamagedDataException why)
                            throws DamagedDataException {
                        throw why;
                    }

                    @Override
                    public void run(long firstBlock, int blockCount, long location) {
                        blocks[0] += blockCount;
                    }
                });
        return blocks[0];
    }

    @Test
    void whatIsNoRunOrRangeIsRefused() throws Exception {
        try (var maps = new VolumeMaps(store, 0)) {
            var map = maps.empty();
            var refused = IllegalArgumentException.class;
            assertThatThrownBy(() -> map.put(-1, 1, 0)).isInstanceOf(refused);
            assertThatThrownBy(() -> map.put(0, 0, 0)).isInstanceOf(refused);
            assertThatThrownBy(() -> map.put(0, 65, 0)).isInstanceOf(refused);
            assertThatThrownBy(() -> map.put(0, 64, 1)).isInstanceOf(refused);
            assertThatThrownBy(() -> map.put(VolumeMap.BLOCKS_END, 1, 0)).isInstanceOf(refused);
            assertThatThrownBy(() -> map.clear(1, VolumeMap.BLOCKS_END)).isInstanceOf(refused);
            assertThatThrownBy(() -> map.lookup(2, 1, IGNORE)).isInstanceOf(refused);
            assertThatThrownBy(() -> maps.load(0, 1)).isInstanceOf(refused);
            map.close();
            map.close();
            assertThatThrownBy(() -> map.put(0, 1, 0)).isInstanceOf(IllegalStateException.class);
        }
    }

    private long persisted(int runs) throws IOException {
        try (var maps = new VolumeMaps(store, 0);
                var map = maps.empty()) {
            for (var i = 0; i < runs; i++) {
                map.put(2L * i, 1, location(i));
            }
            return map.persist();
        }
    }

    private static long location(long number) {
        return BlockLocation.of((int) (number >>> 10), (number & 1023) * 4096, 0);
    }
}
