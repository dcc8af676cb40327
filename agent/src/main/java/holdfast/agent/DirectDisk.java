package holdfast.agent;

import holdfast.base.Blocks;
import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.format.PackedExtent;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// A disk read past the page cache, which may be newer or older than what a power cut would leave
/// of a mounted disk. An image file on a file system without direct reads is read through the
/// cache: whoever writes to it writes through the same cache.
///
/// Blocks while reading, and pins the carrier of a virtual thread: read on platform threads.
final class DirectDisk implements SourceDisk {
    /// One read of the kernel's; larger requests are cut.
    private static final int READ_BYTES_MAX = PackedExtent.BLOCKS_MAX * Blocks.BLOCK_BYTES;

    private final TrackedDisk disk;
    private final LinuxFile file;
    private final Arena arena = Arena.ofShared();

    /// As many as there were readers at one time.
    private final ConcurrentLinkedQueue<MemorySegment> buffers = new ConcurrentLinkedQueue<>();

    /// Held by each read, so that the descriptor is not closed, and perhaps given to another file,
    /// under it.
    private final ReentrantReadWriteLock open = new ReentrantReadWriteLock();

    private boolean closed;

    private DirectDisk(TrackedDisk disk, LinuxFile file) {
        this.disk = disk;
        this.file = file;
    }

    static DirectDisk open(TrackedDisk disk) throws IOException {
        try {
            return new DirectDisk(disk, LinuxFile.open(disk.path(), LinuxFile.Mode.READ_DIRECT));
        } catch (LinuxException e) {
            if (disk.blockDevice()) {
                throw e;
            }
            return new DirectDisk(disk, LinuxFile.open(disk.path(), LinuxFile.Mode.READ));
        }
    }

    @Override
    public long sizeBytes() throws IOException {
        return disk.blockDevice() ? file.deviceBytes() : Files.size(disk.path());
    }

    @Override
    public void read(long firstBlock, int blockCount, byte[] target) throws IOException {
        open.readLock().lock();
        try {
            if (closed) {
                throw new IOException(disk.path() + ": closed");
            }
            var pooled = buffers.poll();
            var buffer =
                    pooled == null ? arena.allocate(READ_BYTES_MAX, Blocks.BLOCK_BYTES) : pooled;
            try {
                read(buffer, firstBlock * Blocks.BLOCK_BYTES, blockCount, target);
            } finally {
                buffers.add(buffer);
            }
        } finally {
            open.readLock().unlock();
        }
    }

    private void read(MemorySegment buffer, long offset, int blockCount, byte[] target)
            throws IOException {
        var length = blockCount * Blocks.BLOCK_BYTES;
        for (var done = 0; done < length; ) {
            var part = Math.min(length - done, READ_BYTES_MAX);
            var read = (int) file.read(buffer.asSlice(0, part), offset + done);
            MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, target, done, read);
            done += read;
            if (read < part) {
                endsAt(offset + done);
                Arrays.fill(target, done, length, (byte) 0);
                return;
            }
        }
    }

    /// Reads stop short only at the end of the disk: a short one elsewhere must not pass as zeros.
    private void endsAt(long end) throws IOException {
        var size = sizeBytes();
        if (end < size) {
            throw new IOException(disk.path() + ": a read stopped at byte " + end + " of " + size);
        }
    }

    @Override
    public void close() {
        open.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                file.close();
                arena.close();
            }
        } finally {
            open.writeLock().unlock();
        }
    }
}
