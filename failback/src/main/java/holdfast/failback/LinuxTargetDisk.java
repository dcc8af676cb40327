package holdfast.failback;

import holdfast.base.Blocks;
import holdfast.base.linux.Errno;
import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.format.PackedExtent;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// A disk of this machine. A block device is read and written past the page cache and opened
/// exclusively, so that nothing mounts it meanwhile.
final class LinuxTargetDisk implements TargetDisk {
    private static final int BUFFER_BYTES = PackedExtent.BLOCKS_MAX * Blocks.BLOCK_BYTES;

    private final MappedDisk mapped;
    private final LinuxFile file;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, Blocks.BLOCK_BYTES);

    private LinuxTargetDisk(MappedDisk mapped, LinuxFile file) {
        this.mapped = mapped;
        this.file = file;
    }

    /// @param writable otherwise it can only be read
    static LinuxTargetDisk open(MappedDisk mapped, boolean writable) throws IOException {
        var disk = mapped.local().disk();
        var mode =
                disk.blockDevice()
                        ? (writable ? LinuxFile.Mode.WRITE_DEVICE : LinuxFile.Mode.READ_DIRECT)
                        : (writable ? LinuxFile.Mode.WRITE : LinuxFile.Mode.READ);
        try {
            return new LinuxTargetDisk(mapped, LinuxFile.open(disk.path(), mode));
        } catch (LinuxException e) {
            if (e.is(Errno.EACCES) || e.is(Errno.EPERM)) {
                throw new IOException(e.getMessage() + ": the failback client must run as root", e);
            }
            throw new IOException(
                    e.getMessage() + ": something uses the disk; unmount it, or end what holds it",
                    e);
        }
    }

    @Override
    public MappedDisk mapped() {
        return mapped;
    }

    @Override
    public void read(long firstBlock, int blockCount, byte[] target) throws IOException {
        var length = blockCount * Blocks.BLOCK_BYTES;
        var offset = firstBlock * Blocks.BLOCK_BYTES;
        var wanted = (int) Math.min(length, mapped.bytes() - offset);
        for (var done = 0; done < wanted; ) {
            var part = Math.min(length - done, BUFFER_BYTES);
            var read = (int) file.read(buffer.asSlice(0, part), offset + done);
            var useful = Math.min(read, wanted - done);
            MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, target, done, useful);
            done += useful;
            if (useful == 0) {
                throw new IOException(
                        mapped.local().path() + ": a read stopped at byte " + (offset + done));
            }
        }
        Arrays.fill(target, wanted, length, (byte) 0);
    }

    @Override
    public void write(long firstBlock, byte[] data, int blockCount) throws IOException {
        var length = blockCount * Blocks.BLOCK_BYTES;
        var offset = firstBlock * Blocks.BLOCK_BYTES;
        var wanted = (int) Math.min(length, mapped.bytes() - offset);
        for (var i = wanted; i < length; i++) {
            if (data[i] != 0) {
                throw TargetDisk.tooSmall(mapped);
            }
        }
        for (var done = 0; done < wanted; ) {
            var part = Math.min(wanted - done, BUFFER_BYTES);
            MemorySegment.copy(data, done, buffer, ValueLayout.JAVA_BYTE, 0, part);
            file.write(buffer.asSlice(0, part), offset + done);
            done += part;
        }
    }

    @Override
    public void sync() throws IOException {
        file.sync();
    }

    @Override
    public void close() {
        file.close();
        arena.close();
    }
}
