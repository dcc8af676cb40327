package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.BlockSet;
import holdfast.tracking.Flip;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Writers, a link that dies, an agent that is killed: whatever is called a point is one.
class ReplicationTortureTest {
    private static final int POINTS = 12;

    static LongStream seeds() {
        return Long.getLong("test.seed") != null
                ? LongStream.of(Long.getLong("test.seed"))
                : LongStream.range(0, 60);
    }

    @ParameterizedTest(name = "seed {0}") // repeat one with -Dtest.seed=N
    @MethodSource("seeds")
    void everyPointIsOneInstant(long seed) throws Exception {
        var rig = new Rig(seed, 300, 200);
        rig.startWriters(3);
        rig.replicator.deathPerMille = seed % 3 == 0 ? 0 : 5;
        rig.replicator.whenPoint =
                () -> assertThat(Points.violations(rig)).as("seed %d", seed).isEmpty();
        torture(rig, seed % 2 == 0 ? 0 : 2000);
        assertQuietDiskIsHeld(rig);
    }

    /// The same with the check left out: then the torture must notice, or it proves nothing.
    @Test
    void withoutAskingForConflictsSomePointIsWrong() throws Exception {
        var wrong = new AtomicInteger();
        for (var seed = 0L; seed < 20; seed++) {
            var rig = new Rig(seed, 300, 200);
            rig.startWriters(3);
            rig.trackerChange = Blind::new;
            rig.replicator.whenPoint =
                    () -> {
                        if (!Points.violations(rig).isEmpty()) {
                            wrong.incrementAndGet();
                        }
                    };
            torture(rig, 0);
        }
        assertThat(wrong).hasPositiveValue();
    }

    /// A tracker that misses a write now and then costs comparisons, never a wrong point.
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aTrackerThatMissesWritesCostsNoPointItsTruth(long seed) throws Exception {
        var rig = new Rig(seed, 200);
        rig.startWriters(2);
        rig.replicator.deathPerMille = 2;
        rig.replicator.whenPoint =
                () -> assertThat(Points.violations(rig)).as("seed %d", seed).isEmpty();
        rig.machine.missedOneIn = 40;
        torture(rig, 0);
        assertQuietDiskIsHeld(rig);
    }

    /// @param killOneIn actions of the agent on average, from which it does not return; 0 for never
    private static void torture(Rig rig, int killOneIn) throws InterruptedException {
        var points = new int[1];
        var check = rig.replicator.whenPoint;
        rig.replicator.whenPoint =
                () -> {
                    check.run();
                    if (++points[0] >= POINTS) {
                        throw new Rig.Halt();
                    }
                };
        rig.machine.whenActed =
                () -> {
                    if (killOneIn > 0 && rig.machine.random.nextInt(killOneIn) == 0) {
                        throw new Rig.Halt();
                    }
                };
        while (points[0] < POINTS) {
            try {
                rig.session();
            } catch (Rig.Halt _) {
                // killed; the next session is another agent's
            }
        }
        rig.replicator.whenPoint = check;
        rig.machine.whenActed = () -> {};
    }

    private static void assertQuietDiskIsHeld(Rig rig) throws InterruptedException {
        rig.machine.quiesce();
        rig.replicator.deathPerMille = 0;
        rig.untilPoints(1);
        assertThat(rig.replicator.stable).isDeepEqualTo(rig.machine.device);
    }

    /// Sees no conflicts.
    private record Blind(Tracker tracker) implements Tracker {
        @Override
        public Kind kind() {
            return tracker.kind();
        }

        @Override
        public String explanation() {
            return tracker.explanation();
        }

        @Override
        public List<TrackedDisk> disks() {
            return tracker.disks();
        }

        @Override
        public BlockSet pending(int disk) {
            return tracker.pending(disk);
        }

        @Override
        public BlockSet changed(int disk) {
            return tracker.changed(disk);
        }

        @Override
        public long changedSinceFlip(int disk) {
            return tracker.changedSinceFlip(disk);
        }

        @Override
        public Optional<String> distrust(int disk) {
            return tracker.distrust(disk);
        }

        @Override
        public void trust(int disk) {
            tracker.trust(disk);
        }

        @Override
        public byte[] memo() {
            return tracker.memo();
        }

        @Override
        public void memo(byte[] note) {
            tracker.memo(note);
        }

        @Override
        public Flip flip() throws TrackerException {
            var flip = tracker.flip();
            return new Flip() {
                @Override
                public Instant instant() {
                    return flip.instant();
                }

                @Override
                public long nanoTime() {
                    return flip.nanoTime();
                }

                @Override
                public BitSet writtenSince(int disk, long firstBlock, int blockCount) {
                    return new BitSet();
                }

                @Override
                public boolean isProven(int disk) {
                    return true;
                }
            };
        }

        @Override
        public void discard() {
            tracker.discard();
        }

        @Override
        public void close() {
            tracker.close();
        }
    }
}
