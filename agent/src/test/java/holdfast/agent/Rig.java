package holdfast.agent;

import holdfast.tracking.Tracker;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.UnaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;

/// An agent's replication between a fake machine and a fake replicator, all in one thread, so that
/// a seed repeats everything.
final class Rig {
    final FakeTime time = new FakeTime();
    final FakeMachine machine;
    final FakeReplicator replicator;
    final StatusBoard board = new StatusBoard(time, Duration.ofSeconds(60));
    UnaryOperator<Tracker> trackerChange = UnaryOperator.identity();
    Optional<Freezer> freezer = Optional.empty();
    LastRound lastRound =
            new LastRound(
                    (_, _) -> {
                        throw new IOException("nothing to freeze");
                    },
                    AgentSettings.Ending.LEAVE,
                    Path.of("/nonexistent"),
                    LastRound.BUDGET);
    Executor readers = Runnable::run;
    Executor packers = Runnable::run;
    long heldBytesMax = 1 << 20;

    /// Whether a last round was made and recorded.
    boolean finished;

    /// Ends a run from within; stands for a killed agent, too.
    static final class Halt extends Error {
        private static final long serialVersionUID = 1L;

        Halt() {
            super("halt", null, false, false);
        }
    }

    /// Each session says where it goes on; thousands of them say too much. Held here, since the
    /// loggers' registry holds them weakly.
    private static final Logger QUIET = Logger.getLogger("holdfast.agent");

    static {
        beQuiet();
    }

    static void beQuiet() {
        QUIET.setLevel(Level.OFF);
    }

    Rig(long seed, int... blockCounts) {
        machine = new FakeMachine(time, new SplittableRandom(seed), blockCounts);
        replicator = new FakeReplicator(machine);
    }

    static void halt() {
        throw new Halt();
    }

    /// One session: until the link dies.
    ///
    /// @throws Halt if something called for it
    void session() throws InterruptedException {
        try (var link = replicator.open();
                var tracker = trackerChange.apply(machine.tracker());
                var arena = Arena.ofConfined()) {
            var disks = new ArrayList<ReplicatedDisk>();
            for (var disk : tracker.disks()) {
                disks.add(
                        new ReplicatedDisk(
                                disks.size(),
                                disk.path().toString(),
                                disk.sizeBytes(),
                                machine.source(disks.size()),
                                arena));
            }
            var reports = new Reports(link, tracker, disks, board, time);
            var with =
                    new Equipment(
                            link,
                            disks,
                            new Workers(readers, packers),
                            new LinkedBlockingQueue<>(),
                            new SentDigests(1 << 10),
                            new Heat(),
                            new CompressionChoice(),
                            heldBytesMax,
                            time,
                            board,
                            reports);
            var pace = Pace.of(tracker.kind(), AgentSettings.Pacing.USUAL);
            var lastResort =
                    new LastResort(
                            freezer,
                            Duration.ofMillis(100),
                            Duration.ofSeconds(60),
                            heldBytesMax,
                            board,
                            time);
            new Replication(tracker, with, pace, lastResort, lastRound).run();
        } catch (FinishedException _) {
            finished = true;
        } catch (IOException e) {
            if (!"the link died".equals(e.getMessage())) {
                throw new AssertionError(e);
            }
        }
    }

    /// Sessions until the replicator has made so many more points.
    void untilPoints(int count) throws InterruptedException {
        var left = new int[] {count};
        var before = replicator.whenPoint;
        replicator.whenPoint =
                () -> {
                    before.run();
                    if (--left[0] <= 0) {
                        throw new Halt();
                    }
                };
        try {
            while (left[0] > 0) {
                session();
            }
        } catch (Halt _) {
            // the last point; its acknowledgement did not arrive any more
        } finally {
            replicator.whenPoint = before;
        }
    }

    /// The first copy, up to its first point.
    void synced() throws InterruptedException {
        untilPoints(1);
    }

    /// Writes contents that no other block has.
    void write(int disk, int first, int count, long content) {
        for (var block = first; block < first + count; block++) {
            machine.put(disk, block, content << 32 | block + 1);
        }
    }

    /// Writers that share no block; each alternates between disks as it likes.
    void startWriters(int count) {
        for (var w = 0; w < count; w++) {
            var ranges = new ArrayList<int[]>();
            for (var disk = 0; disk < machine.device.length; disk++) {
                var width = machine.device[disk].length / count;
                ranges.add(new int[] {disk, w * width, (w + 1) * width});
            }
            machine.writers.add(machine.new Writer((w + 1L) << 40, List.copyOf(ranges)));
        }
    }
}
