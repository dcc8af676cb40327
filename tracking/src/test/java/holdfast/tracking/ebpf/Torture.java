package holdfast.tracking.ebpf;

import holdfast.base.BlockSet;
import holdfast.base.Blocks;
import holdfast.base.linux.LinuxFile;
import holdfast.tracking.Flip;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import holdfast.tracking.device.RawWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Writers on several raw disks with one clock among them, and a replica that follows by rounds.
///
/// Write A happened before write B if A had ended, by the clock, when B began. A point is right if
/// it is a downward-closed cut of that order: whenever any sector of B is in the image, all of A
/// is. That is what a power cut guarantees, and all that software which survives one may assume.
/// Besides, it must hold whatever had ended when the round's flip began: it is a point of that
/// instant and not of an earlier one.
final class Torture implements AutoCloseable {
    /// How the writers write.
    enum Writing {
        /// Past the page cache; done when the disk says so.
        DIRECT,
        /// Through the page cache; done when flushed.
        BUFFERED
    }

    /// @param points rounds without conflicts, each checked
    /// @param losses how often the tracker said that it had lost something
    /// @param violation the first point that is no cut, if any
    record Result(long writes, int rounds, int points, int losses, @Nullable String violation) {}

    private static final int WRITERS = 4;
    private static final int WRITES_MAX = 400_000;
    private static final int WRITE_SECTORS_MAX = 64;
    private static final int SECTORS_PER_BLOCK = Blocks.BLOCK_BYTES / Blocks.SECTOR_BYTES;
    private static final int RUN_BLOCKS_MAX = 256;
    private static final int FLIPS_MAX = 4;
    private static final long FIRST_POINT_NANOS = 120_000_000_000L;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final Arena arena = Arena.ofShared();
    private final Tracker tracker;
    private final LinuxFile.Mode reading;
    private final Writing writing;
    private final long magic;
    private final AtomicLong clock = new AtomicLong(1);
    private final List<Writer> writers = new ArrayList<>();
    private final List<LinuxFile> sources = new ArrayList<>();
    private final List<MemorySegment> images = new ArrayList<>();
    private volatile boolean stop;
    private int losses;

    /// The clock when the last flip began.
    private long flipped;

    Torture(Tracker tracker, Writing writing, LinuxFile.Mode reading, long seed)
            throws IOException {
        this.tracker = tracker;
        this.writing = writing;
        this.reading = reading;
        this.magic = new SplittableRandom(seed).nextLong();
        for (var disk : tracker.disks()) {
            sources.add(LinuxFile.open(disk.path(), reading));
            images.add(arena.allocate(disk.sizeBytes(), Blocks.BLOCK_BYTES));
        }
        for (var id = 0; id < WRITERS; id++) {
            writers.add(new Writer(id, seed));
        }
    }

    /// Runs rounds until the time is over or a point is wrong; for longer where that is too short
    /// for a single point.
    Result run(long nanos) throws Exception {
        for (var disk = 0; disk < images.size(); disk++) {
            tracker.pending(disk).add(0, tracker.pending(disk).blockCount());
            tracker.trust(disk);
        }
        writers.forEach(writer -> writer.thread.start());
        var end = System.nanoTime() + nanos;
        var rounds = 0;
        var points = 0;
        String violation = null;
        while (violation == null
                && (System.nanoTime() < end
                        || points == 0 && System.nanoTime() < end + FIRST_POINT_NANOS)) {
            rounds++;
            pause(); // to have something to read
            if (round()) {
                points++;
                violation = check();
            }
        }
        stop = true;
        for (var writer : writers) {
            writer.thread.join();
        }
        if (violation == null) {
            round();
            violation = round() ? compare() : "a quiet disk had a conflict";
        }
        var writes = writers.stream().mapToLong(writer -> writer.begun).sum();
        return new Result(writes, rounds, points, losses, violation);
    }

    /// Writes through the page cache take their time.
    private void pause() {
        switch (writing) {
            case DIRECT -> {}
            case BUFFERED -> LockSupport.parkNanos(3_000_000);
        }
    }

    /// One round of an agent, with as many flips as it takes; whether it reached a point.
    private boolean round() throws Exception {
        flipped = clock.getAndIncrement();
        var flip = tracker.flip();
        pause(); // as if there were much to read
        for (var disk = 0; disk < images.size(); disk++) {
            if (tracker.distrust(disk).isPresent()) {
                System.out.println(tracker.distrust(disk).get());
                tracker.pending(disk).add(0, tracker.pending(disk).blockCount());
                tracker.trust(disk);
                losses++;
            }
        }
        var read = new ArrayList<BlockSet>();
        for (var disk = 0; disk < images.size(); disk++) {
            read.add(tracker.pending(disk).copy());
        }
        var conflicts = read(flip, read);
        for (var flips = 1; flips < FLIPS_MAX && !isPoint(flip, conflicts); flips++) {
            flipped = clock.getAndIncrement();
            flip = tracker.flip();
            if (tracker.distrust(0).or(() -> tracker.distrust(1)).isPresent()) {
                return false; // nothing leaves pending: the next round begins anew
            }
            var changed = new ArrayList<BlockSet>();
            for (var disk = 0; disk < images.size(); disk++) {
                changed.add(tracker.changed(disk).copy());
                read.get(disk).addAll(changed.get(disk));
            }
            conflicts = read(flip, changed);
        }
        for (var disk = 0; disk < images.size(); disk++) {
            if (flip.isProven(disk)) {
                read.get(disk).removeAll(conflicts.get(disk));
                tracker.pending(disk).removeAll(read.get(disk));
            }
        }
        return isPoint(flip, conflicts);
    }

    private boolean isPoint(Flip flip, List<BlockSet> conflicts) throws TrackerException {
        var point = true;
        for (var disk = 0; disk < images.size(); disk++) {
            point &= conflicts.get(disk).isEmpty() && flip.isProven(disk);
        }
        return point;
    }

    /// Reads into the images.
    ///
    /// @return what was not read as it was at the flip
    private List<BlockSet> read(Flip flip, List<BlockSet> blocks) throws IOException {
        var conflicts = new ArrayList<BlockSet>();
        for (var disk = 0; disk < images.size(); disk++) {
            var index = disk;
            var image = images.get(disk);
            var found = new BlockSet(blocks.get(disk).blockCount());
            conflicts.add(found);
            blocks.get(disk)
                    .forEachRun(
                            RUN_BLOCKS_MAX,
                            (first, count) -> {
                                var at = first << Blocks.BLOCK_SHIFT;
                                var length =
                                        Math.min(
                                                (long) count << Blocks.BLOCK_SHIFT,
                                                image.byteSize() - at);
                                sources.get(index).read(image.asSlice(at, length), at);
                                flip.writtenSince(index, first, count).stream()
                                        .mapToLong(block -> first + block)
                                        .forEach(block -> found.add(block, block + 1));
                            });
        }
        return conflicts;
    }

    /// Whether the images are a cut; if not, why.
    private @Nullable String check() {
        var newestBegin = flipped;
        for (var disk = 0; disk < images.size(); disk++) {
            var image = images.get(disk);
            for (var sector = 0L; sector < image.byteSize() / Blocks.SECTOR_BYTES; sector++) {
                var at = sector * Blocks.SECTOR_BYTES;
                if (image.get(LONG, at) != magic) {
                    continue;
                }
                var writer = writers.get((int) image.get(LONG, at + 8));
                var number = (int) image.get(LONG, at + 16);
                if (image.get(LONG, at + 24) != sector
                        || writer.disk != disk
                        || number >= writer.begun) {
                    return "sector %d of disk %d holds what was never written there"
                            .formatted(sector, disk);
                }
                newestBegin = Math.max(newestBegin, writer.begin.get(number));
            }
        }
        for (var writer : writers) {
            var missing = writer.missing(newestBegin);
            if (missing != null) {
                return missing;
            }
        }
        return null;
    }

    private @Nullable String compare() throws IOException {
        for (var disk = 0; disk < images.size(); disk++) {
            var image = images.get(disk);
            var now = arena.allocate(image.byteSize(), Blocks.BLOCK_BYTES);
            try (var source =
                    LinuxFile.open(tracker.disks().get(disk).path(), LinuxFile.Mode.READ_DIRECT)) {
                source.read(now, 0);
            }
            var at = now.mismatch(image);
            if (at >= 0) {
                return "replica of quiet disk %d differs at byte %d".formatted(disk, at);
            }
        }
        return null;
    }

    @Override
    public void close() {
        sources.forEach(LinuxFile::close);
        arena.close();
    }

    private final class Writer {
        private final int id;
        private final int disk;
        private final long firstSector;
        private final int sectors;
        private final SplittableRandom random;
        private final AtomicLongArray begin = new AtomicLongArray(WRITES_MAX);
        private final AtomicLongArray end = new AtomicLongArray(WRITES_MAX);
        private final int[] at = new int[WRITES_MAX];
        private final int[] length = new int[WRITES_MAX];
        private final Thread thread;
        private volatile int begun;

        /// Per sector, one more than the number of the last write that must be in the image.
        private final int[] required;

        private int requiredWrites;

        Writer(int id, long seed) {
            this.id = id;
            this.disk = id % images.size();
            var perDisk = WRITERS / images.size();
            this.sectors = (int) (images.get(disk).byteSize() / Blocks.SECTOR_BYTES / perDisk);
            this.firstSector = (long) id / images.size() * sectors;
            this.random = new SplittableRandom(seed + id);
            this.required = new int[sectors];
            this.thread = Thread.ofPlatform().name("torture-writer-" + id).unstarted(this::write);
        }

        private void write() {
            var direct =
                    switch (writing) {
                        case DIRECT -> true;
                        case BUFFERED -> false;
                    };
            try (var arena = Arena.ofConfined();
                    var out = new RawWriter(tracker.disks().get(disk).path(), direct)) {
                var bytes = WRITE_SECTORS_MAX * Blocks.SECTOR_BYTES;
                var buffer = arena.allocate(bytes, Blocks.BLOCK_BYTES);
                for (var number = 0; number < WRITES_MAX && !stop; number++) {
                    write(out, buffer, number);
                    if (random.nextBoolean()) {
                        LockSupport.parkNanos(random.nextInt(2_000_000));
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void write(RawWriter out, MemorySegment buffer, int number) throws IOException {
            // a block mostly, sometimes any sectors; half of all go to one hot place
            var block = random.nextInt(4) != 0;
            var count = block ? SECTORS_PER_BLOCK : 1 + random.nextInt(WRITE_SECTORS_MAX);
            var span = (random.nextBoolean() ? sectors / 64 : sectors) - count;
            var sector = block ? random.nextInt(span / 8) * 8 : random.nextInt(span);
            for (var i = 0; i < count; i++) {
                var stamp = (long) i * Blocks.SECTOR_BYTES;
                buffer.set(LONG, stamp, magic);
                buffer.set(LONG, stamp + 8, id);
                buffer.set(LONG, stamp + 16, number);
                buffer.set(LONG, stamp + 24, firstSector + sector + i);
            }
            at[number] = sector;
            length[number] = count;
            end.set(number, Long.MAX_VALUE);
            begin.set(number, clock.getAndIncrement());
            begun = number + 1; // publishes the above
            out.write(
                    buffer.asSlice(0, (long) count * Blocks.SECTOR_BYTES),
                    (firstSector + sector) * Blocks.SECTOR_BYTES);
            switch (writing) {
                case DIRECT -> {}
                case BUFFERED -> {
                    // for a while only the page cache has it
                    LockSupport.parkNanos(random.nextInt(4_000_000));
                    out.flush();
                }
            }
            end.set(number, clock.getAndIncrement());
        }

        /// A write that had ended when the newest one in the image began, and is not in it.
        private @Nullable String missing(long newestBegin) {
            while (requiredWrites < begun && end.get(requiredWrites) < newestBegin) {
                for (var i = 0; i < length[requiredWrites]; i++) {
                    required[at[requiredWrites] + i] = requiredWrites + 1;
                }
                requiredWrites++;
            }
            var image = images.get(disk);
            for (var sector = 0; sector < sectors; sector++) {
                var from = (firstSector + sector) * Blocks.SECTOR_BYTES;
                var held = image.get(LONG, from) == magic ? image.get(LONG, from + 16) + 1 : 0;
                if (held < required[sector]) {
                    return ("writer %d: sector %d of disk %d holds write %d, but write %d had"
                                    + " ended by then, or when a write in the image began")
                            .formatted(
                                    id, firstSector + sector, disk, held - 1, required[sector] - 1);
                }
            }
            return null;
        }
    }
}
