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

    /// @param process whose end is theirs
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
        var others = 1 + random.nextInt(3);
        running = 1 + others;
        go(this::putRecord);
        var room = (machine.blocks() - SERIES_BLOCKS) / others;
        for (var i = 0; i < others; i++) {
            var blocks = room / 4 + random.nextInt(room - room / 4 + 1);
            var area = new Area(SERIES_BLOCKS + i * room, blocks, 6_000_000L << random.nextInt(6));
            go(() -> writeSomewhere(area));
        }
    }

    /// Where and how often one of them writes.
    private record Area(int firstBlock, int blocks, long thinkNanos) {}

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

    /// The next step of one of them. Steps are timers, since threads would cost several times as
    /// much and most of a world's steps are these.
    private void go(Runnable step) {
        scheduler.after(
                0,
                () -> {
                    if (process.isAlive()) {
                        step.run();
                    }
                });
    }

    private void after(long nanos, Runnable step) {
        scheduler.after(
                nanos / 2 + random.nextLong(nanos),
                () -> {
                    if (process.isAlive()) {
                        step.run();
                    }
                });
    }

    private void putRecord() {
        if (stopping) {
            running--;
            return;
        }
        put(
                0,
                false,
                () ->
                        put(
                                machine.device.length - 1,
                                true,
                                () -> {
                                    record++;
                                    after(60_000_000, this::putRecord);
                                }));
    }

    /// A record's number is its content. A's stand in the first half, B's in the second, so that
    /// both fit on one disk.
    private void put(int disk, boolean isB, Runnable then) {
        var half = SERIES_BLOCKS / 2;
        var block = record % half + (isB ? half : 0);
        var contents = new long[SourceMachine.SECTORS];
        Arrays.fill(contents, -2L - record);
        write(disk, block * SourceMachine.SECTORS, contents, then);
    }

    private void writeSomewhere(Area area) {
        if (stopping) {
            running--;
            return;
        }
        var hot = random.nextInt(3) > 0;
        var offset = random.nextInt(hot ? Math.min(4, area.blocks) : area.blocks);
        var blocks = Math.min(1 + random.nextInt(3), area.blocks - offset);
        var contents = new long[blocks * SourceMachine.SECTORS - random.nextInt(3)];
        var zeros = random.nextInt(6) == 0;
        for (var i = 0; i < contents.length; i++) {
            contents[i] = zeros ? 0 : machine.nextContent();
        }
        var disk = random.nextInt(machine.device.length);
        write(
                disk,
                (area.firstBlock + offset) * SourceMachine.SECTORS,
                contents,
                () -> after(area.thinkNanos, () -> writeSomewhere(area)));
    }

    private void write(int disk, int firstSector, long[] contents, Runnable then) {
        var write = machine.issue(disk, firstSector, contents);
        var order = new int[contents.length];
        for (var i = 0; i < order.length; i++) {
            var j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        after(30_000, () -> reach(write, order, 0, then));
    }

    /// Its sectors reach the disk, some of them later than others.
    private void reach(SourceMachine.Write write, int[] order, int from, Runnable then) {
        for (var i = from; i < order.length; i++) {
            machine.reach(write, order[i]);
            if (random.nextInt(16) == 0) {
                var next = i + 1;
                after(60_000, () -> reach(write, order, next, then));
                return;
            }
        }
        after(
                30_000,
                () -> {
                    machine.complete(write);
                    then.run();
                });
    }
}
