package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/// Readers, a writer, checkpoints and eviction on one map at once. Pages that are freed too early
/// are found by their mark or their closed slab, and reused ones by what the readers check.
class VolumeMapConcurrencyTest {
    private static final int SLOTS = 600;
    private static final int PUTS = 15_000;

    /// Slots of 64 blocks; apart, so that they do not join, and one of them over the end of a
    /// region, where one put changes two leaves.
    private static long slot(int number) {
        return (1L << 26) - 32 + (number - SLOTS / 2) * 1_000L;
    }

    private final AtomicBoolean done = new AtomicBoolean();

    @Test
    void readersSeeEveryPutWholeOrNotAtAll() throws Exception {
        try (var maps = new VolumeMaps(new KeptPages(), 8_000)) {
            try (var map = maps.empty();
                    var threads =
                            Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
                for (var i = 0; i < SLOTS; i++) {
                    map.put(slot(i), 64, BlockLocation.of(0, 0, 0));
                }
                var running = new ArrayList<Future<Long>>();
                for (Callable<Long> each :
                        List.<Callable<Long>>of(
                                () -> readSlots(map, 1),
                                () -> readSlots(map, 2),
                                () -> readAll(map),
                                () -> checkpoint(map))) {
                    running.add(threads.submit(each));
                }
                try {
                    write(map);
                } finally {
                    done.set(true);
                }
                for (var each : running) {
                    assertThat(each.get()).isPositive();
                }
                assertThat(map.mappedBlocks()).isEqualTo(SLOTS * 64L);
            }
            assertThat(maps.usedBytes()).isLessThanOrEqualTo(8_000);
        }
    }

    /// Puts whole slots, sometimes by way of pieces that it covers again: pages split and merge.
    private static void write(VolumeMap map) throws IOException {
        var random = new SplittableRandom(5);
        for (var i = 1; i <= PUTS; i++) {
            var slot = random.nextInt(SLOTS);
            try (var scratch = map.snapshot()) { // shares its pages and goes away changed
                for (var piece = 0; piece < random.nextInt(40); piece++) {
                    scratch.put(slot(slot) + 64 + 2 * piece, 1, BlockLocation.of(9, 8, 0));
                }
                scratch.clear(slot(slot), random.nextInt(10_000));
            }
            map.put(slot(slot), 64, BlockLocation.of(i, 0, 0));
        }
    }

    private long readSlots(VolumeMap map, long seed) throws IOException {
        var random = new SplittableRandom(seed);
        var reads = 0L;
        while (!done.get() || reads == 0) {
            var first = slot(random.nextInt(SLOTS));
            var runs = new ArrayList<Long>();
            map.lookup(
                    first,
                    first + 64,
                    (block, count, location) -> {
                        assertThat(block - first).isEqualTo(BlockLocation.skip(location));
                        runs.add((long) BlockLocation.segment(location));
                        return true;
                    });
            // A region's end cuts a run in the tree, but readers see it whole.
            assertThat(runs).hasSize(1);
            reads++;
        }
        return reads;
    }

    private long readAll(VolumeMap map) throws IOException {
        var reads = 0L;
        while (!done.get() || reads == 0) {
            var blocks = new long[1];
            map.lookup(
                    0,
                    VolumeMap.BLOCKS_END,
                    (_, count, _) -> {
                        blocks[0] += count;
                        return true;
                    });
            assertThat(blocks[0]).isEqualTo(SLOTS * 64L);
            reads++;
        }
        return reads;
    }

    private long checkpoint(VolumeMap map) throws IOException {
        var written = 0L;
        while (!done.get() || written == 0) {
            try (var snapshot = map.snapshot()) {
                assertThat(written % 2 == 0 ? snapshot.persist() : map.persist()).isPositive();
                assertThat(snapshot.mappedBlocks()).isEqualTo(SLOTS * 64L);
            }
            written++;
        }
        return written;
    }
}
