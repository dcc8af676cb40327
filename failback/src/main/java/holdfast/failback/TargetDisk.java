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

/// A local disk as far as it is to equal a disk of a recovery instance. A block device is read and
/// written past the page cache and opened exclusively, so that nothing mounts it meanwhile. Not
/// safe for concurrent use; whoever opened it closes it.
final class TargetDisk implements AutoCloseable {
    private static final int BUFFER_BYTES = PackedExtent.BLOCKS_MAX * Blocks.BLOCK_BYTES;

    private final MappedDisk mapped;
    private final LinuxFile file;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, Blocks.BLOCK_BYTES);

    private TargetDisk(MappedDisk mapped, LinuxFile file) {
        this.mapped = mapped;
        this.file = file;
    }

    /// @param writable otherwise it can only be read
    static TargetDisk open(MappedDisk mapped, boolean writable) throws IOException {
        var disk = mapped.local().disk();
        var mode =
                disk.blockDevice()
                        ? (writable ? LinuxFile.Mode.WRITE_DEVICE : LinuxFile.Mode.READ_DIRECT)
                        : (writable ? LinuxFile.Mode.WRITE : LinuxFile.Mode.READ);
        try {
            return new TargetDisk(mapped, LinuxFile.open(disk.path(), mode));
        } catch (LinuxException e) {
            if (e.is(Errno.EACCES) || e.is(Errno.EPERM)) {
                throw new IOException(e.getMessage() + ": the failback client must run as root", e);
            }
            throw new IOException(
                    e.getMessage() + ": something uses the disk; unmount it, or end what holds it",
                    e);
        }
    }

    /// Blocks that the local disk and the recovery instance's have in common.
    long blockCount() {
        return Blocks.count(mapped.bytes());
    }

    /// Reads whole blocks; what lies past the end reads as zeros.
    void read(long firstBlock, int blockCount, byte[] target) throws IOException {
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

    /// Writes whole blocks; durable after [#sync].
    ///
    /// @throws IOException also if there is something in what lies past the end of the disk
    void write(long firstBlock, byte[] data, int blockCount) throws IOException {
        var length = blockCount * Blocks.BLOCK_BYTES;
        var offset = firstBlock * Blocks.BLOCK_BYTES;
        var wanted = (int) Math.min(length, mapped.bytes() - offset);
        for (var i = wanted; i < length; i++) {
            if (data[i] != 0) {
                throw tooSmall(mapped);
            }
        }
        for (var done = 0; done < wanted; ) {
            var part = Math.min(wanted - done, BUFFER_BYTES);
            MemorySegment.copy(data, done, buffer, ValueLayout.JAVA_BYTE, 0, part);
            file.write(buffer.asSlice(0, part), offset + done);
            done += part;
        }
    }

    static IOException tooSmall(MappedDisk mapped) {
        return new IOException(
                mapped.recovery().name()
                        + " of the recovery instance holds data behind the end of "
                        + mapped.local().path()
                        + ", which is smaller: map it to a disk of at least "
                        + mapped.recovery().sizeBytes()
                        + " bytes");
    }

    /// Returns once everything written is on stable storage.
    void sync() throws IOException {
        file.sync();
    }

    @Override
    public void close() {
        file.close();
        arena.close();
    }
}
