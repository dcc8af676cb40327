package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Random changes of maps and their snapshots, held against [MapModel].
class VolumeMapModelTest {
    /// Where the blocks are that a seed works on: dense ones split and join runs all the time,
    /// sparse ones make tall trees, and the last kind crosses the regions of leaves.
    private enum Spread {
        DENSE(3_000),
        WIDE(200_000),
        REGIONS(3L << 26);

        final long blocks;

        Spread(long blocks) {
            this.blocks = blocks;
        }
    }

    private record Pair(VolumeMap map, MapModel model) {}

    static List<Long> seeds() {
        var only = Long.getLong("test.seed");
        if (only != null) {
            return List.of(only);
        }
        var seeds = new ArrayList<Long>();
        for (var seed = 1L; seed <= 60; seed++) {
            seeds.add(seed);
        }
        return seeds;
    }

    /// Every map equals its model after every sequence of changes, and nothing is left behind.
    @ParameterizedTest(name = "seed {0}") // repeat one with -Dtest.seed=N
    @MethodSource("seeds")
    void mapsHoldWhatWasPut(long seed) throws Exception {
        var random = new SplittableRandom(seed);
        var spread = Spread.values()[random.nextInt(3)];
        var cacheBytes = random.nextBoolean() ? 3_000 : 1 << 20;
        var store = new KeptPages();
        try (var maps = new VolumeMaps(store, cacheBytes)) {
            var pairs = new ArrayList<Pair>();
            pairs.add(new Pair(maps.empty(), new MapModel()));
            for (var turn = 0; turn < 150; turn++) {
                var pair = pairs.get(random.nextInt(pairs.size()));
                change(pair, random, spread.blocks);
                if (random.nextInt(10) == 0 && pairs.size() < 6) {
                    pairs.add(new Pair(pair.map.snapshot(), pair.model.copy()));
                }
                if (random.nextInt(8) == 0) {
                    var root = pair.map.persist();
                    if (random.nextBoolean()) {
                        var mapped = pair.map.mappedBlocks();
                        pair.map.close();
                        pairs.remove(pair);
                        pairs.add(new Pair(maps.load(root, mapped), pair.model));
                    }
                }
                if (random.nextInt(20) == 0 && pairs.size() > 1) {
                    pairs.remove(random.nextInt(pairs.size())).map.close();
                }
                var other = pairs.get(random.nextInt(pairs.size()));
                if (pairs.contains(pair)) {
                    other.model.checkDifference(other.map, pair.map, pair.model);
                }
                for (var each : turn % 30 == 0 ? pairs : List.of(pair)) {
                    if (pairs.contains(each)) {
                        each.model.check(each.map);
                    }
                }
            }
            for (var pair : pairs) {
                pair.model.check(pair.map);
                pair.map.close();
            }
            assertThat(maps.usedBytes()).isLessThanOrEqualTo(cacheBytes);
        }
    }

    private static void change(Pair pair, SplittableRandom random, long blocks) throws IOException {
        var ordered = random.nextInt(3) == 0;
        var at = random.nextLong(blocks);
        for (var i = random.nextInt(100); i > 0; i--) {
            var count = random.nextBoolean() ? 1 : 1 + random.nextInt(64);
            if (ordered) {
                at += count + (random.nextInt(4) == 0 ? random.nextInt(3) : 0);
            } else {
                at = random.nextLong(blocks);
            }
            if (random.nextInt(12) == 0) {
                var length = random.nextInt(4) == 0 ? random.nextLong(blocks) : random.nextInt(200);
                pair.map.clear(at, length);
                pair.model.clear(at, length);
            } else {
                var location = location(random, count);
                pair.map.put(at, count, location);
                pair.model.put(at, count, location);
            }
        }
        var from = random.nextLong(blocks);
        pair.model.check(pair.map, from, from + random.nextInt(500));
    }

    private static long location(SplittableRandom random, int count) {
        var offset = random.nextLong(BlockLocation.OFFSET_BYTES_END / 8) * 8;
        return BlockLocation.of(random.nextInt(), offset, random.nextInt(65 - count));
    }
}
