package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.AbstractOwnableSynchronizer;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/// Others go on while a scrub reads: what they take away is no damage. Found by the simulation,
/// where scrubs called records damaged that reclaim had just dropped, and keys that were being
/// destroyed.
class ScrubTest {
    private static final Duration WINDOW = Duration.ofHours(1);
    private static final int SEGMENT_BYTES = 32 << 10;
    private static final int BLOCKS = 8;
    private static final SnapshotPolicy POLICY =
            new SnapshotPolicy(
                    List.of(new SnapshotPolicy.Rule(Duration.ofMinutes(30), Duration.ofHours(5))));

    /// The store that is scrubbed: the next reclaim has something of each kind to take away.
    private final class Staging {
        private final TestStore test = new TestStore(1);
        HookedFilesystem.Before before = (_, _) -> {};
        private final SplittableRandom random = new SplittableRandom(1);
        VolumeStore store;
        private final Volume replica;
        private final VolumeId branch;

        Staging() throws Exception {
            var s = test.settings;
            test.settings =
                    new StoreSettings(
                            WINDOW,
                            Optional.empty(),
                            SEGMENT_BYTES,
                            s.reserveBytes(),
                            s.waitingBytesMax(),
                            s.extentCacheBytes(),
                            s.mapCacheBytes(),
                            s.checkpointBytes());
            store = open();
            replica = store.create("s", "a", BLOCKS * 4096L);
            store.snapshotPolicy("s", POLICY);
            write(0, BLOCKS, 1);
            age();
            write(0, 4, 2);
            age(); // merges the first segment, of which blocks 4 to 6 are left
            branch = store.branch(replica.id(), point(), "i", "a").id();
            age(); // the point becomes a kept snapshot
            store.close(); // another map file is begun
            store = open();
            for (var version = 3; version <= 4; version++) {
                write(0, 4, version);
                write(5, BLOCKS - 1, version); // block 4 alone is left of what was merged
                store.reclaim();
            }
            point();
            test.time.advance(WINDOW.multipliedBy(6));
            write(0, 1, 5);
        }

        private VolumeStore open() throws Exception {
            return VolumeStores.open(
                    test.settings,
                    HookedFilesystem.withOpenFiles(
                            test.files.mount(), (call, path) -> before.call(call, path)),
                    TestStore.DIRECTORY,
                    test.time,
                    bytes -> random.nextBytes(bytes));
        }

        private void write(int from, int to, long version) throws Exception {
            for (var block = from; block < to; block++) {
                var extent = test.extent(replica.id(), block, 1, version);
                store.append(replica.id(), List.of(extent)).get();
            }
        }

        private long point() throws Exception {
            var point = new NewPoint("s", test.time.now(), 0, 1, false);
            return store.appendPoint(point).get().sequence();
        }

        private void age() throws Exception {
            store.reclaim();
            test.time.advance(WINDOW.plusMinutes(1));
            write(BLOCKS - 1, BLOCKS, test.time.now().getEpochSecond());
            store.reclaim();
            store.reclaim();
        }

        private TreeSet<String> names() {
            var names = new TreeSet<String>();
            for (var path : test.files.names()) {
                names.add(TestStore.DIRECTORY.relativize(path).toString());
            }
            return names;
        }

        /// Takes away what there is to take.
        Void reclaim() throws Exception {
            store.delete(branch);
            store.reclaim();
            store.reclaim(); // what only checkpoints reached that the first one gave up
            return null;
        }
    }

    @Test
    void whatIsTakenAwayBeforeWhicheverReadIsNoDamage() throws Exception {
        var taken = new TreeSet<String>();
        var merged = false;
        var reads = 0;
        for (var goesOn = true; goesOn; reads++) {
            var staging = new Staging();
            var names = staging.names();
            var found = new ArrayList<Damage>();
            var other = new FutureTask<>(staging::reclaim);
            var beside = Thread.ofPlatform().unstarted(other);
            var scrubbing = Thread.currentThread();
            var left = new int[] {reads};
            staging.before =
                    (call, _) -> {
                        if (Thread.currentThread().equals(scrubbing)
                                && !call.equals("close")
                                && left[0]-- == 0) {
                            beside.start();
                            awaitEndOrLock(beside);
                        }
                    };
            staging.store.scrub(found::add);
            goesOn = beside.getState() != Thread.State.NEW;
            assertThat(found).as("read %d", reads).isEmpty();
            if (goesOn) {
                other.get();
                names.removeAll(staging.names());
                names.forEach(name -> taken.add(Path.of(name).getParent().toString()));
                merged |= names.stream().anyMatch(ScrubTest::isMerged);
            }
            staging.store.close();
        }
        assertThat(taken).containsExactly("checkpoints", "keys", "maps", "segments", "snapshots");
        assertThat(merged).isTrue();
        assertThat(reads).isGreaterThan(100);
    }

    private static boolean isMerged(String name) {
        return name.startsWith(Segment.FOLDER) && !name.endsWith("-0000.seg");
    }

    /// Until a thread has ended, or waits for a lock: one that this thread holds, but for moments.
    private static void awaitEndOrLock(Thread other) throws InterruptedException {
        StoreModel.await(
                "the other",
                () ->
                        other.getState() == Thread.State.TERMINATED
                                || LockSupport.getBlocker(other)
                                        instanceof AbstractOwnableSynchronizer);
    }
}
