package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/// What opening after a crash reads depends on the journal's tail: not on how large the volumes
/// are, nor on how much was journalled before the last checkpoint.
class OpeningCostTest {
    private static final long GIB = 1L << 30;
    private static final int WRITES = 1500;

    /// @param openBytes read to open the store
    /// @param recoverBytes read to branch a point and read a block of it
    private record Cost(long openBytes, long recoverBytes) {}

    /// A store with writes spread over the volume, a checkpoint after so many, and a crash.
    private static Cost cost(long sizeBytes, int writes, int behindCheckpoint) throws Exception {
        var test = new TestStore(7);
        var s = test.settings;
        test.settings =
                new StoreSettings(
                        s.journalWindow(),
                        Optional.empty(),
                        1 << 20,
                        s.reserveBytes(),
                        s.waitingBytesMax(),
                        s.extentCacheBytes(),
                        1 << 20,
                        1L << 40); // checkpoints only where the test asks for one
        var store = test.open();
        var id = store.create("s", "disk", sizeBytes).id();
        var blocks = sizeBytes / 4096;
        for (var i = 0; i < writes; i++) {
            if (i == writes - behindCheckpoint) {
                store.append(id, List.of()).get();
                store.close();
                store = test.open();
            }
            var block = Math.floorMod(i * 0x9E3779B97F4A7C15L >>> 8, blocks);
            // each is known to be durable when the next is written: only what is not is written
            // again
            store.append(id, List.of(test.extent(id, block, 1, i + 1))).get();
        }
        var point = store.appendPoint(new NewPoint("s", test.time.now(), 0, 1, false)).get();
        test.files.crash();
        DamageableStore.abandon(store);

        var before = test.files.bytesRead();
        store = test.open();
        var opened = test.files.bytesRead();
        var branch = store.branch(id, point.sequence(), "i", "disk");
        var last = Math.floorMod((writes - 1) * 0x9E3779B97F4A7C15L >>> 8, blocks);
        var data = ByteBuffer.allocate(4096);
        try (var open = store.openBranch(branch.id())) {
            open.read(data, last * 4096);
        }
        assertThat(data.array()).isEqualTo(TestStore.block(id, last, writes));
        var recovered = test.files.bytesRead();
        test.files.crash();
        DamageableStore.abandon(store);
        return new Cost(opened - before, recovered - opened);
    }

    @Test
    void aTebibyteCostsWhatAGibibyteCosts() throws Exception {
        var small = cost(GIB, WRITES, 200);
        var large = cost(1024 * GIB, WRITES, 200);
        assertThat(large.openBytes()).isCloseTo(small.openBytes(), Percentage.withPercentage(2));
        // pages of the map: a larger volume has one level more at most
        assertThat(large.recoverBytes()).isLessThan(small.recoverBytes() + (8 << 10));
    }

    @Test
    void whatWasCheckpointedIsNotReadAgain() throws Exception {
        var few = cost(GIB, 500, 200);
        var many = cost(GIB, 3000, 200);
        // the map's pages on the way to the tail's blocks may be others; the journal's bytes are
        // not
        assertThat(many.openBytes()).isLessThan(few.openBytes() + (64 << 10));
        assertThat(many.recoverBytes()).isLessThan(few.recoverBytes() + (8 << 10));
    }

    @Test
    void theTailIsReadOnce() throws Exception {
        var tail = 400 * 4200L;
        var cost = cost(GIB, 800, 400);
        // ended segments of the tail are known from their indexes, only the open one is read whole
        assertThat(cost.openBytes()).isLessThan(tail + (1 << 20));
    }
}
