package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A branch can be followed: from point to point exactly the blocks that changed are named,
/// whatever the store did meanwhile.
class BranchChangesTest {
    private static final int BLOCKS = 256;

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void whatDiffersFromPointToPointIsNamed(long seed) throws Exception {
        var test = new TestStore(seed);
        var random = new SplittableRandom(seed);
        var store = test.open();
        var parent = store.create("s-1", "/dev/sda", (long) BLOCKS * Blocks.BLOCK_BYTES);
        store.append(parent.id(), List.of(test.extent(parent.id(), 0, 64, 1))).get();
        var origin = store.appendPoint(new NewPoint("s-1", Instant.EPOCH, 0, 1, false)).get();
        var branch = store.branch(parent.id(), origin.sequence(), "i-1", "/dev/sda").id();
        var points = new ArrayList<ConsistencyPoint>();
        var contents = new ArrayList<byte[]>();
        for (var round = 0; round < 25; round++) {
            try (var open = store.openBranch(branch)) {
                for (var i = random.nextInt(8); i > 0; i--) {
                    var first = random.nextInt(BLOCKS - 8);
                    var data = new byte[(1 + random.nextInt(8)) * Blocks.BLOCK_BYTES];
                    if (random.nextInt(4) == 0) {
                        open.zero((long) first * Blocks.BLOCK_BYTES, data.length, false);
                    } else {
                        random.nextBytes(data);
                        open.write(ByteBuffer.wrap(data), (long) first * Blocks.BLOCK_BYTES, false);
                    }
                }
            }
            points.add(store.branchPoint("i-1"));
            contents.add(content(store, branch, points.getLast()));
            if (round % 7 == 3) {
                store.reclaim();
            }
            if (round % 10 == 9) {
                store.close();
                store = test.open();
            }
            var since = random.nextInt(points.size());
            assertThat(changes(store, branch, points.get(since), points.getLast()))
                    .containsAll(differing(contents.get(since), contents.getLast()))
                    .isSubsetOf(written(since, contents));
            assertThat(content(store, branch, points.get(since))).isEqualTo(contents.get(since));
        }
        store.close();
    }

    /// A million blocks are mapped, three change: a handful of pages is read.
    @Test
    void theCostIsThatOfWhatChanged() throws Exception {
        var kept = new KeptPages();
        try (var maps = new VolumeMaps(kept, 1 << 20);
                var map = maps.empty()) {
            for (var block = 0L; block < 1 << 20; block++) {
                map.put(block, 1, BlockLocation.of(1, (block * 2_654_435_761L & 0x3ffffff) * 8, 0));
            }
            map.persist();
            try (var before = map.snapshot()) {
                for (var block : List.of(5L, 700_000L, 700_001L)) {
                    map.put(block, 1, BlockLocation.of(2, block * 8, 0));
                }
                var reads = kept.reads.get();

                var changed = map.difference(before, 0, 100);

                assertThat(changed).containsExactly(new BlockRun(5, 1), new BlockRun(700_000, 2));
                assertThat(kept.reads.get() - reads).isLessThan(40);
            }
        }
    }

    private static TreeSet<Long> changes(
            VolumeStore store, VolumeId branch, ConsistencyPoint from, ConsistencyPoint to)
            throws Exception {
        var blocks = new TreeSet<Long>();
        try (var older = store.view(branch, from.sequence());
                var newer = store.view(branch, to.sequence())) {
            var at = 0L;
            List<BlockRun> runs;
            do {
                runs = store.changes(older, newer, at, 3);
                for (var run : runs) {
                    for (var block = run.firstBlock(); block < run.endBlock(); block++) {
                        blocks.add(block);
                    }
                    at = run.endBlock();
                }
            } while (runs.size() == 3);
        }
        return blocks;
    }

    private static TreeSet<Long> differing(byte[] one, byte[] other) {
        var blocks = new TreeSet<Long>();
        for (var block = 0; block < BLOCKS; block++) {
            var from = block * Blocks.BLOCK_BYTES;
            var to = from + Blocks.BLOCK_BYTES;
            if (!Arrays.equals(one, from, to, other, from, to)) {
                blocks.add((long) block);
            }
        }
        return blocks;
    }

    /// Blocks that changed in any step since, also those that changed back.
    private static TreeSet<Long> written(int since, List<byte[]> contents) {
        var blocks = new TreeSet<Long>();
        for (var i = since; i + 1 < contents.size(); i++) {
            blocks.addAll(differing(contents.get(i), contents.get(i + 1)));
        }
        return blocks;
    }

    private static byte[] content(VolumeStore store, VolumeId branch, ConsistencyPoint point)
            throws Exception {
        var data = new byte[BLOCKS * Blocks.BLOCK_BYTES];
        try (var view = store.view(branch, point.sequence())) {
            view.read(ByteBuffer.wrap(data), 0);
        }
        return data;
    }
}
