package holdfast.simulation;

import holdfast.agent.SourceDisk;
import holdfast.agent.SourceDisks;
import holdfast.base.BlockSet;
import holdfast.base.Blocks;
import holdfast.tracking.DiskDescription;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// The disks of a protected machine, and the bitmaps of its kernel. A sector's content is named by
/// a number, its eight bytes repeated; zero is a sector of zeros. No number is written twice to the
/// same sector, so a sector tells which write it is of.
///
/// A write is issued, reaches the disk sector by sector in any order, and completes.
final class SourceMachine {
    static final int SECTORS = Blocks.BLOCK_BYTES / Blocks.SECTOR_BYTES;

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final Scheduler scheduler;
    private final SplittableRandom random;
    final SimHost host;
    final String serverId;
    final long[][] device;

    final List<Write> inFlight = new ArrayList<>();

    /// What the kernel keeps; gone with the power.
    KernelBits bits;

    /// States that a power cut at a flip would have left, by the flip's instant in milliseconds.
    final Map<Long, List<Cut>> cuts = new HashMap<>();

    /// Reads take so many times as long.
    long slowness = 1;

    private long lastContent;

    /// A write under way.
    ///
    /// @param before what its sectors held when it was issued
    record Write(int disk, int firstSector, long[] contents, long[] before) {
        int firstBlock() {
            return firstSector / SECTORS;
        }

        int endBlock() {
            return (firstSector + contents.length + SECTORS - 1) / SECTORS;
        }
    }

    /// What a power cut at one instant could have left: each sector as its last completed write
    /// left it, but those that a write was under way to may hold that instead.
    record Cut(long nanos, long[][] settled, List<Write> inFlight) {
        boolean allows(int disk, int sector, long content) {
            if (settled[disk][sector] == content) {
                return true;
            }
            for (var write : inFlight) {
                var at = sector - write.firstSector;
                if (write.disk == disk
                        && at >= 0
                        && at < write.contents.length
                        && write.contents[at] == content) {
                    return true;
                }
            }
            return false;
        }
    }

    /// Which blocks were written to, as the eBPF tracker's maps know it.
    static final class KernelBits {
        final BlockSet[] pending;
        final BlockSet[] completed;
        final BlockSet[] changed;
        final BlockSet[] issued;
        final String[] distrust;
        byte[] memo = {};
        int flips;

        KernelBits(int disks, int blocks) {
            pending = new BlockSet[disks];
            completed = new BlockSet[disks];
            changed = new BlockSet[disks];
            issued = new BlockSet[disks];
            distrust = new String[disks];
            for (var disk = 0; disk < disks; disk++) {
                pending[disk] = new BlockSet(blocks);
                completed[disk] = new BlockSet(blocks);
                changed[disk] = new BlockSet(blocks);
                issued[disk] = new BlockSet(blocks);
                distrust[disk] = "the tracker is new";
            }
        }
    }

    SourceMachine(
            Scheduler scheduler,
            SplittableRandom random,
            SimHost host,
            String serverId,
            int disks,
            int blocks) {
        this.scheduler = scheduler;
        this.random = random;
        this.host = host;
        this.serverId = serverId;
        this.device = new long[disks][blocks * SECTORS];
        this.bits = new KernelBits(disks, blocks);
    }

    int blocks() {
        return device[0].length / SECTORS;
    }

    /// A number that was never written before.
    long nextContent() {
        return ++lastContent;
    }

    Write issue(int disk, int firstSector, long[] contents) {
        var before = new long[contents.length];
        System.arraycopy(device[disk], firstSector, before, 0, contents.length);
        var write = new Write(disk, firstSector, contents, before);
        inFlight.add(write);
        bits.issued[disk].add(write.firstBlock(), write.endBlock());
        return write;
    }

    /// One of its sectors is on the disk.
    void reach(Write write, int index) {
        device[write.disk][write.firstSector + index] = write.contents[index];
    }

    void complete(Write write) {
        inFlight.remove(write);
        bits.completed[write.disk].add(write.firstBlock(), write.endBlock());
    }

    /// The power goes: writes under way stay as far as they came, the kernel forgets.
    void cutPower() {
        inFlight.clear();
        bits = new KernelBits(device.length, blocks());
    }

    /// The kernel lost events of a disk, and knows it.
    void loseEvents(int disk) {
        bits.distrust[disk] = "events were lost";
        bits.completed[disk].clear();
    }

    /// Fixes an instant, as one flip of all bitmaps does.
    Cut flip() {
        for (var disk = 0; disk < device.length; disk++) {
            bits.pending[disk].addAll(bits.completed[disk]);
            bits.changed[disk] = bits.completed[disk].copy();
            bits.completed[disk].clear();
            bits.issued[disk].clear();
        }
        bits.flips++;
        return cut();
    }

    Cut cut() {
        var settled = new long[device.length][];
        for (var disk = 0; disk < device.length; disk++) {
            settled[disk] = device[disk].clone();
        }
        for (var write : inFlight) {
            System.arraycopy(
                    write.before, 0, settled[write.disk], write.firstSector, write.before.length);
        }
        return new Cut(scheduler.nanos(), settled, List.copyOf(inFlight));
    }

    static Path path(int disk) {
        return Path.of("/dev/sim" + (char) ('a' + disk));
    }

    TrackedDisk tracked(int disk) {
        return new TrackedDisk(
                path(disk), true, 250, disk, (long) device[disk].length * Blocks.SECTOR_BYTES);
    }

    SourceDisks disks() {
        return new SourceDisks() {
            @Override
            public TrackedDisk resolve(Path path) {
                return tracked(path.toString().charAt("/dev/sim".length()) - 'a');
            }

            @Override
            public List<DiskDescription> list() {
                return List.of();
            }

            @Override
            public SourceDisk open(TrackedDisk disk) {
                return new Source(disk.minor());
            }
        };
    }

    static void fill(byte[] target, int offset, long content) {
        LONG.set(target, offset, content);
        for (var done = 8; done < Blocks.SECTOR_BYTES; done *= 2) {
            System.arraycopy(target, offset, target, offset + done, done);
        }
    }

    /// The number that a sector holds, or -1 if it is none that was ever written as a whole.
    static long contentOf(byte[] data, int offset) {
        var end = offset + Blocks.SECTOR_BYTES;
        var uniform = Arrays.equals(data, offset, end - 8, data, offset + 8, end);
        return uniform ? (long) LONG.get(data, offset) : -1;
    }

    /// A read takes time, and its blocks are read one after the other meanwhile.
    private final class Source implements SourceDisk {
        private final int disk;

        Source(int disk) {
            this.disk = disk;
        }

        @Override
        public long sizeBytes() {
            return (long) device[disk].length * Blocks.SECTOR_BYTES;
        }

        @Override
        public void read(long firstBlock, int blockCount, byte[] target) throws IOException {
            for (var block = 0; block < blockCount; block++) {
                if (block % 8 == 0) {
                    scheduler.sleepThroughInterrupts((20_000 + random.nextLong(60_000)) * slowness);
                }
                for (var i = 0; i < SECTORS; i++) {
                    var sector = (int) (firstBlock + block) * SECTORS + i;
                    fill(target, (block * SECTORS + i) * Blocks.SECTOR_BYTES, device[disk][sector]);
                }
            }
        }

        @Override
        public void close() {}
    }
}
