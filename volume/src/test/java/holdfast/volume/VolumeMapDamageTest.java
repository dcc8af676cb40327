package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Damage of map pages is named with its range and changes nothing else.
class VolumeMapDamageTest {
    private static final int RUNS = 5_000;

    private final KeptPages store = new KeptPages();
    private final MapModel model = new MapModel();
    private long root;

    @BeforeEach
    void persist() throws IOException {
        try (var maps = new VolumeMaps(store, 0);
                var map = maps.empty()) {
            for (var i = 0; i < RUNS; i++) {
                var location = BlockLocation.of(i >>> 10, (i & 1023) * 4096L, 0);
                map.put(2L * i, 1, location);
                model.put(2L * i, 1, location);
            }
            root = map.persist();
        }
    }

    @Test
    void aFlippedBitIsNamedAndContained() throws Exception {
        damageEachPage(page -> {
            var flipped = page.clone();
            flipped[page.length / 2] ^= 1;
            return flipped;
        });
    }

    @Test
    void aCutPageIsNamedAndContained() throws Exception {
        damageEachPage(page -> Arrays.copyOf(page, page.length - 12));
        damageEachPage(_ -> new byte[0]);
    }

    /// Sound pages, but not those that belong there.
    @Test
    void aPageInAnothersPlaceIsNamedAndContained() throws Exception {
        var pages = new TreeMap<>(store.pages);
        var leaf = pages.firstEntry().getValue();
        var nextLeaf = pages.higherEntry(pages.firstKey()).getValue();
        damageEachPage(page -> page == leaf ? nextLeaf : leaf, root);
        damageEachPage(_ -> pages.get(root), root);
    }

    /// What the page store says of the place stays, and the range is added.
    @Test
    void damageThatThePageStoreFindsIsGivenItsRange() throws Exception {
        var leaf = new TreeMap<>(store.pages).firstKey();
        store.unreadable = leaf;
        assertThat(rangesServed(leaf)).isBetween(85, 99);
    }

    private void damageEachPage(UnaryOperator<byte[]> damage) throws IOException {
        damageEachPage(damage, 0);
    }

    private void damageEachPage(UnaryOperator<byte[]> damage, long sparedPage) throws IOException {
        for (var page : new TreeMap<>(store.pages).entrySet()) {
            if (page.getKey() != sparedPage) {
                store.pages.put(page.getKey(), damage.apply(page.getValue()));
                var served = rangesServed(page.getKey());
                if (page.getKey() == root) {
                    assertThat(served).isZero();
                } else {
                    assertThat(served).isBetween(85, 99);
                }
                store.pages.put(page.getKey(), page.getValue());
            }
        }
    }

    /// Of a hundred ranges, those that are read as they should; the others must name the damage.
    private int rangesServed(long damagedPage) throws IOException {
        var served = 0;
        try (var maps = new VolumeMaps(store, 1 << 20);
                var map = maps.load(root, RUNS)) {
            for (var block = 0L; block < 2 * RUNS; block += 100) {
                try {
                    model.check(map, block, block + 100);
                    served++;
                } catch (DamagedDataException e) {
                    var found = e.damage();
                    assertThat(found.fileOffsetBytes()).isEqualTo(damagedPage);
                    assertThat(found.offsetBytes()).isLessThan((block + 100) * Blocks.BLOCK_BYTES);
                    assertThat(found.offsetBytes() + found.lengthBytes())
                            .isGreaterThan(block * Blocks.BLOCK_BYTES);
                }
            }
        }
        return served;
    }

    @Test
    void aChangeThatCannotReadLeavesTheMapAsItWas() throws Exception {
        var refused = 0;
        for (var page : new TreeMap<>(store.pages).entrySet()) {
            var expected = model.copy();
            var random = new SplittableRandom(page.getKey());
            try (var maps = new VolumeMaps(store, 0);
                    var map = maps.load(root, RUNS)) {
                store.pages.put(page.getKey(), new byte[3]);
                for (var i = 0; i < 100; i++) {
                    var at = random.nextLong(2 * RUNS);
                    var length = random.nextInt(2_000);
                    try {
                        if (i % 2 == 0) {
                            map.put(at, 64, BlockLocation.of(i, 0, 0));
                            expected.put(at, 64, BlockLocation.of(i, 0, 0));
                        } else {
                            map.clear(at, length);
                            expected.clear(at, length);
                        }
                    } catch (DamagedDataException e) {
                        refused++;
                    }
                }
                store.pages.put(page.getKey(), page.getValue());
                expected.check(map, 0, VolumeMap.BLOCKS_END);
                // nobody knows how much a damaged page had that was cleared as a whole
                assertThat(map.mappedBlocks()).isGreaterThanOrEqualTo(expected.size());
            }
        }
        assertThat(refused).as("changes refused").isGreaterThan(store.pages.size());
    }

    @Test
    void clearingAsAWholeNeedsNothingOfADamagedPage() throws Exception {
        for (var page : new TreeMap<>(store.pages).entrySet()) {
            store.pages.put(page.getKey(), new byte[3]);
            try (var maps = new VolumeMaps(store, 0);
                    var map = maps.load(root, RUNS)) {
                var lost = damagedRange(map);
                map.clear(lost.firstBlock(), lost.blockCount());
                var expected = model.copy();
                expected.clear(lost.firstBlock(), lost.blockCount());
                expected.check(map, 0, VolumeMap.BLOCKS_END);
                map.put(lost.firstBlock(), 1, BlockLocation.of(9, 0, 0));
                expected.put(lost.firstBlock(), 1, BlockLocation.of(9, 0, 0));
                expected.check(map, 0, VolumeMap.BLOCKS_END);
                map.clear(0, VolumeMap.BLOCKS_END);
                assertThat(map.mappedBlocks()).isZero();
            }
            store.pages.put(page.getKey(), page.getValue());
        }
    }

    private static BlockRun damagedRange(VolumeMap map) throws IOException {
        try {
            map.lookup(0, VolumeMap.BLOCKS_END, (_, _, _) -> true);
        } catch (DamagedDataException e) {
            return new BlockRun(
                    e.damage().offsetBytes() / Blocks.BLOCK_BYTES,
                    e.damage().lengthBytes() / Blocks.BLOCK_BYTES);
        }
        throw new AssertionError("nothing is damaged");
    }

    /// A run over the end of a region goes to two leaves: both or none.
    @Test
    void aRunThatOneLeafCannotTakeIsNotPutHalf() throws Exception {
        var regionEnd = 1L << 26;
        var mapped = new MapModel();
        try (var maps = new VolumeMaps(store, 0);
                var map = maps.empty()) {
            for (var first : new long[] {regionEnd - 20, regionEnd + 20}) {
                map.put(first, 8, BlockLocation.of(1, 0, 0));
                mapped.put(first, 8, BlockLocation.of(1, 0, 0));
            }
            map.persist();
            var leaves = new TreeMap<>(store.pages).descendingMap().keySet().stream().skip(1);
            for (var leaf : leaves.limit(2).toList()) {
                store.unreadable = leaf;
                assertThatThrownBy(() -> map.put(regionEnd - 32, 64, BlockLocation.of(2, 0, 0)))
                        .isInstanceOf(DamagedDataException.class);
                store.unreadable = 0;
                mapped.check(map);
            }
            map.put(regionEnd - 32, 64, BlockLocation.of(2, 0, 0));
            mapped.put(regionEnd - 32, 64, BlockLocation.of(2, 0, 0));
            mapped.check(map);
        }
    }
}
