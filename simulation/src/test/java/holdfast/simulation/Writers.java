package holdfast.simulation;

import java.util.Arrays;
import java.util.SplittableRandom;

/// The programs that write to a machine's disks, until they are stopped.
///
/// One writes two series of records, each record of the second only when the same of the first has
/// completed: whoever recovers the disks must never find one of the second without the first. The
/// others write here and there, some blocks again and again, some zeros.
final class Writers {
    /// Blocks of each disk that the two series use, at its beginning.
    static final int SERIES_BLOCKS = 24;

    private final Scheduler scheduler;
    private final SourceMachine machine;
    private final SplittableRandom random;
    private final SimProcess process;
    private boolean stopping;
    private int running;
    private int record;

    Writers(
            Scheduler scheduler,
            SourceMachine machine,
            SplittableRandom random,
            SimProcess process,
            int firstRecord) {
        this.scheduler = scheduler;
        this.machine = machine;
        this.random = random;
        this.process = process;
        this.record = firstRecord;
        start("series", () -> series(firstRecord));
        var others = 1 + random.nextInt(3);
        var room = (machine.blocks() - SERIES_BLOCKS) / others;
        for (var i = 0; i < others; i++) {
            var first = SERIES_BLOCKS + i * room;
            start("writer", () -> write(first, room));
        }
    }

    private void start(String name, Runnable work) {
        running++;
        process.start(
                name,
                () -> {
                    work.run();
                    running--;
                });
    }

    /// What they have begun still completes.
    void stop() {
        stopping = true;
    }

    /// The record that is being written.
    int record() {
        return record;
    }

    boolean haveStopped() {
        return running == 0;
    }

    private void series(int firstRecord) {
        var last = machine.device.length - 1;
        for (record = firstRecord; !stopping; record++) {
            put(0, false, record);
            put(last, true, record);
            pause(60_000_000);
        }
    }

    /// A record's number is its content. A's stand in the first half, B's in the second, so that
    /// both fit on one disk.
    private void put(int disk, boolean isB, int number) {
        var half = SERIES_BLOCKS / 2;

        var block = number % half + (isB ? half : 0);
        var contents = new long[SourceMachine.SECTORS];
        Arrays.fill(contents, -2L - number);
        write(disk, block * SourceMachine.SECTORS, contents);
    }

    private void write(int first, int room) {
        var thinkNanos = 6_000_000L << random.nextInt(6);
        while (!stopping) {
            var hot = random.nextInt(3) > 0;
            var block = first + (hot ? random.nextInt(Math.min(4, room)) : random.nextInt(room));
            var blocks = Math.min(1 + random.nextInt(3), first + room - block);
            var contents = new long[blocks * SourceMachine.SECTORS - random.nextInt(3)];
            var zeros = random.nextInt(6) == 0;
            for (var i = 0; i < contents.length; i++) {
                contents[i] = zeros ? 0 : machine.nextContent();
            }
            var disk = random.nextInt(machine.device.length);
            write(disk, block * SourceMachine.SECTORS, contents);
            pause(thinkNanos);
        }
    }

    private void write(int disk, int firstSector, long[] contents) {
        var write = machine.issue(disk, firstSector, contents);
        pause(30_000);
        var order = new int[contents.length];
        for (var i = 0; i < order.length; i++) {
            var j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (var i = 0; i < order.length; i++) {
            machine.reach(write, order[i]);
            if (random.nextInt(16) == 0) {
                pause(60_000);
            }
        }
        pause(30_000);
        machine.complete(write);
    }

    private void pause(long nanos) {
        scheduler.sleepThroughInterrupts(nanos / 2 + random.nextLong(nanos));
    }
}
