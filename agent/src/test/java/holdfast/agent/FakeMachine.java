package holdfast.agent;

import holdfast.base.BlockSet;
import holdfast.base.Blocks;
import holdfast.tracking.Flip;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.Tracker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/// A machine with disks in memory, writers that never issue a write before their last one
/// completed, and a tracker whose state outlives the agent.
///
/// A block's content is named by a number: its eight bytes, repeated; zero is a block of zeros. A
/// write is issued, reaches the device block by block, and completes, each a step of its own; the
/// steps are taken whenever the agent does something, as the seed says.
final class FakeMachine {
    final long[][] device;
    final BlockSet[] pending;
    final List<Writer> writers = new ArrayList<>();
    final SplittableRandom random;

    /// Called at everything that the agent does; may throw to kill it there.
    Runnable whenActed = () -> {};

    /// One in so many actions of the agent lets a writer take a step; the rest of the writing is
    /// done while the agent sleeps.
    int actionsPerStep = 12;

    /// Index of a disk that can no longer be read; -1 for none.
    int goneDisk = -1;

    /// One in so many writes goes unnoticed by the tracker, which knows that it missed something. 0
    /// for none.
    int missedOneIn;

    long bytesRead;
    long extraBytes;
    private final FakeTime time;
    private final BlockSet[] completed;
    private final BlockSet[] issued;
    private final BlockSet[] changed;
    private final String[] distrust;
    private byte[] memo = {};
    private Cut lastFlip;

    /// What a power cut at a flip's instant could have left.
    ///
    /// @param settled content of each block by its last completed write
    /// @param inFlight writes issued and not completed
    record Cut(long[][] settled, List<Write> inFlight) {
        boolean allows(int disk, int block, long content) {
            return settled[disk][block] == content
                    || inFlight.stream()
                            .anyMatch(write ->
                                    write.disk == disk
                                            && write.first <= block
                                            && block < write.first + write.contents.length
                                            && write.contents[block - write.first] == content);
        }
    }

    record Write(int disk, int first, long[] contents) {}

    FakeMachine(FakeTime time, SplittableRandom random, int... blockCounts) {
        this.time = time;
        this.random = random;
        device = new long[blockCounts.length][];
        pending = new BlockSet[blockCounts.length];
        completed = new BlockSet[blockCounts.length];
        issued = new BlockSet[blockCounts.length];
        changed = new BlockSet[blockCounts.length];
        distrust = new String[blockCounts.length];
        for (var disk = 0; disk < blockCounts.length; disk++) {
            device[disk] = new long[blockCounts[disk]];
            pending[disk] = new BlockSet(blockCounts[disk]);
            completed[disk] = new BlockSet(blockCounts[disk]);
            issued[disk] = new BlockSet(blockCounts[disk]);
            changed[disk] = new BlockSet(blockCounts[disk]);
        }
        time.whenSlept = () -> write(random.nextInt(40));
        forget();
        lastFlip = cut();
    }

    /// As after a reboot: the tracker has to start anew.
    synchronized void forget() {
        memo = new byte[0];
        for (var disk = 0; disk < device.length; disk++) {
            pending[disk].clear();
            completed[disk].clear();
            distrust[disk] = "the tracker is new";
        }
    }

    synchronized void lose(int disk, String why) {
        distrust[disk] = why;
    }

    /// Writes at once, outside of any writer.
    synchronized void put(int disk, int block, long content) {
        device[disk][block] = content;
        issued[disk].add(block, block + 1);
        completed[disk].add(block, block + 1);
    }

    /// The agent did something; meanwhile a writer may have, too.
    synchronized void act() {
        whenActed.run();
        if (random.nextInt(actionsPerStep) == 0) {
            write(1);
        }
    }

    private synchronized void write(int steps) {
        for (var i = 0; i < steps && !writers.isEmpty(); i++) {
            writers.get(random.nextInt(writers.size())).step();
        }
    }

    synchronized void quiesce() {
        writers.forEach(Writer::finish);
        writers.clear();
    }

    Cut lastFlip() {
        return lastFlip;
    }

    List<TrackedDisk> disks() {
        var disks = new ArrayList<TrackedDisk>();
        for (var disk = 0; disk < device.length; disk++) {
            disks.add(
                    new TrackedDisk(
                            Path.of("/dev/fake" + disk),
                            true,
                            250,
                            disk,
                            (long) device[disk].length * Blocks.BLOCK_BYTES));
        }
        return disks;
    }

    SourceDisk source(int disk) {
        return new Source(disk);
    }

    Tracker tracker() {
        return new FakeTracker();
    }

    private synchronized void flipAll() {
        for (var disk = 0; disk < device.length; disk++) {
            changed[disk] = completed[disk].copy();
            pending[disk].addAll(completed[disk]);
            completed[disk].clear();
            issued[disk].clear();
        }
        lastFlip = cut();
    }

    private synchronized long changedNotPending(int disk) {
        var changed = completed[disk].copy();
        changed.removeAll(pending[disk]);
        return changed.size();
    }

    private synchronized BitSet issuedAmong(int disk, long firstBlock, int blockCount) {
        var found = new BitSet();
        for (var i = 0; i < blockCount; i++) {
            found.set(i, issued[disk].contains(firstBlock + i));
        }
        return found;
    }

    private synchronized long content(int disk, int block) {
        return device[disk][block];
    }

    private synchronized void countRead(int bytes) {
        bytesRead += bytes;
    }

    synchronized int nextInt(int bound) {
        return random.nextInt(bound);
    }

    private synchronized Cut cut() {
        var settled = new long[device.length][];
        for (var disk = 0; disk < device.length; disk++) {
            settled[disk] = device[disk].clone();
        }
        var inFlight = new ArrayList<Write>();
        for (var writer : writers) {
            writer.current.ifPresent(write -> {
                inFlight.add(write);
                System.arraycopy(
                        writer.before, 0, settled[write.disk], write.first, write.contents.length);
            });
        }
        return new Cut(settled, inFlight);
    }

    static void fill(byte[] target, int offset, long content) {
        var out = ByteBuffer.wrap(target, offset, Blocks.BLOCK_BYTES);
        while (out.hasRemaining()) {
            out.putLong(content);
        }
    }

    static long contentOf(byte[] data, int offset) {
        var in = ByteBuffer.wrap(data, offset, Blocks.BLOCK_BYTES);
        var content = in.getLong();
        while (in.hasRemaining()) {
            if (in.getLong() != content) {
                throw new AssertionError("a block of mixed content");
            }
        }
        return content;
    }

    /// One chain of writes, over blocks that are its own.
    final class Writer {
        /// Every write so far, the one under way included.
        final List<Write> history = new ArrayList<>();

        final List<int[]> ranges;
        private final long[][] start;
        private Optional<Write> current = Optional.empty();
        private long[] before = {};
        private int reached;
        private long next;
        private boolean missed;

        /// @param ranges `{disk, first, end}` each
        Writer(long contentFrom, List<int[]> ranges) {
            this.ranges = ranges;
            this.next = contentFrom;
            this.start = new long[device.length][];
            for (var disk = 0; disk < device.length; disk++) {
                start[disk] = device[disk].clone();
            }
        }

        void step() {
            if (current.isEmpty()) {
                issue();
            } else if (reached < current.get().contents.length) {
                var write = current.get();
                device[write.disk][write.first + reached] = write.contents[reached];
                reached++;
            } else {
                var write = current.get();
                if (missed) {
                    lose(write.disk, "events were lost");
                } else {
                    completed[write.disk].add(write.first, write.first + write.contents.length);
                }
                current = Optional.empty();
            }
        }

        void finish() {
            while (current.isPresent()) {
                step();
            }
        }

        /// Some blocks are far hotter than others; some writes bring nothing new, or zeros.
        private void issue() {
            var range = ranges.get(random.nextInt(ranges.size()));
            var room = range[2] - range[1];
            var first = range[1] + (random.nextInt(3) > 0 ? 0 : random.nextInt(room));
            var contents = new long[Math.min(1 + random.nextInt(3), range[2] - first)];
            for (var i = 0; i < contents.length; i++) {
                contents[i] =
                        switch (random.nextInt(8)) {
                            case 0 -> 0;
                            case 1 -> device[range[0]][first + i];
                            default -> next++;
                        };
            }
            var write = new Write(range[0], first, contents);
            missed = missedOneIn > 0 && random.nextInt(missedOneIn) == 0;
            if (missed) {
                lose(write.disk, "events were lost");
            } else {
                issued[write.disk].add(first, first + contents.length);
            }
            before = new long[contents.length];
            System.arraycopy(device[write.disk], first, before, 0, contents.length);
            reached = 0;
            history.add(write);
            current = Optional.of(write);
        }

        /// Whether the content of this writer's blocks is that after some number of its writes, the
        /// next of which may have reached the disk in part.
        boolean isPrefix(long[][] image) {
            var state = new long[device.length][];
            for (var disk = 0; disk < device.length; disk++) {
                state[disk] = start[disk].clone();
            }
            var wrong = 0;
            for (var range : ranges) {
                for (var block = range[1]; block < range[2]; block++) {
                    wrong += state[range[0]][block] == image[range[0]][block] ? 0 : 1;
                }
            }
            for (var write : history) {
                var excused = 0;
                for (var i = 0; i < write.contents.length; i++) {
                    var seen = image[write.disk][write.first + i];
                    var differs = seen != state[write.disk][write.first + i];
                    excused += differs && seen == write.contents[i] ? 1 : 0;
                }
                if (wrong == excused) {
                    return true;
                }
                for (var i = 0; i < write.contents.length; i++) {
                    var seen = image[write.disk][write.first + i];
                    wrong -= state[write.disk][write.first + i] == seen ? 0 : 1;
                    state[write.disk][write.first + i] = write.contents[i];
                    wrong += write.contents[i] == seen ? 0 : 1;
                }
            }
            return wrong == 0;
        }
    }

    private final class Source implements SourceDisk {
        private final int disk;

        Source(int disk) {
            this.disk = disk;
        }

        @Override
        public long sizeBytes() {
            return (long) device[disk].length * Blocks.BLOCK_BYTES + extraBytes;
        }

        @Override
        public void read(long firstBlock, int blockCount, byte[] target) throws IOException {
            if (disk == goneDisk) {
                throw new IOException("/dev/fake" + disk + ": no such device");
            }
            for (var i = 0; i < blockCount; i++) {
                act();
                fill(target, i * Blocks.BLOCK_BYTES, content(disk, (int) firstBlock + i));
            }
            act();
            countRead(target.length);
        }

        @Override
        public void close() {}
    }

    private final class FakeTracker implements Tracker {
        @Override
        public Kind kind() {
            return Kind.EBPF;
        }

        @Override
        public String explanation() {
            return "a fake";
        }

        @Override
        public List<TrackedDisk> disks() {
            return FakeMachine.this.disks();
        }

        @Override
        public BlockSet pending(int disk) {
            act();
            return pending[disk];
        }

        @Override
        public BlockSet changed(int disk) {
            return changed[disk];
        }

        @Override
        public long changedSinceFlip(int disk) {
            return changedNotPending(disk);
        }

        @Override
        public Optional<String> distrust(int disk) {
            return Optional.ofNullable(distrust[disk]);
        }

        @Override
        @SuppressWarnings("NullAway") // null is the fake's own mark of trust
        public void trust(int disk) {
            act();
            distrust[disk] = null;
        }

        @Override
        public byte[] memo() {
            return memo.clone();
        }

        @Override
        public void memo(byte[] note) {
            act();
            memo = note.clone();
        }

        @Override
        public Flip flip() {
            act();
            flipAll();
            var instant = time.now();
            var nanos = time.nanoTime();
            act();
            return new Flip() {
                @Override
                public Instant instant() {
                    return instant;
                }

                @Override
                public long nanoTime() {
                    return nanos;
                }

                @Override
                public BitSet writtenSince(int disk, long firstBlock, int blockCount) {
                    return issuedAmong(disk, firstBlock, blockCount);
                }

                @Override
                public boolean isProven(int disk) {
                    return distrust[disk] == null;
                }
            };
        }

        @Override
        public void discard() {
            forget();
        }

        @Override
        public void close() {}
    }
}
