package holdfast.base.linux;

import holdfast.base.Blocks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;

/// An open descriptor: a disk or file to read past the page cache, a directory to lock or freeze
/// by, an object of bpf(2). Whoever opened it closes it; reads may run on several threads at once.
public final class LinuxFile implements AutoCloseable {
    /// What the descriptor is opened for.
    public enum Mode {
        /// Reading through the page cache.
        READ(0),
        /// Reading what the disk holds (`O_DIRECT`): offset, length and address must be multiples
        /// of the disk's logical block, 4096 being enough for all.
        READ_DIRECT(SystemCall.aarch64() ? 0200000 : 040000),
        /// Reading and writing what the block device holds (`O_RDWR`, `O_DIRECT`, `O_EXCL`), as the
        /// only one: fails with EBUSY while a file system on it is mounted, or the kernel has made
        /// something else of it. Offsets, lengths and addresses as for [#READ_DIRECT].
        WRITE_DEVICE(2 | 0200 | (SystemCall.aarch64() ? 0200000 : 040000)),
        /// Reading and writing through the page cache.
        WRITE(2),
        /// A directory: to lock by, and to reach its file system.
        DIRECTORY(SystemCall.aarch64() ? 040000 : 0200000);

        private final int flags;

        Mode(int flags) {
            this.flags = flags;
        }
    }

    private static final int AT_FDCWD = -100;
    private static final int O_CLOEXEC = 02000000;
    private static final int LOCK_EXCLUSIVE_NO_WAIT = 2 | 4;
    private static final long BLKGETSIZE64 = 0x80081272L;
    private static final long FIFREEZE = 0xC0045877L;
    private static final long FITHAW = 0xC0045878L;

    private final int descriptor;
    private final String name;
    private final AtomicBoolean closed = new AtomicBoolean();

    private LinuxFile(int descriptor, String name) {
        this.descriptor = descriptor;
        this.name = name;
    }

    /// Opens what exists; closed on exec.
    public static LinuxFile open(Path path, Mode mode) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var descriptor =
                    SystemCall.OPENAT.invokeOrThrow(
                            "open of " + path,
                            AT_FDCWD,
                            arena.allocateFrom(path.toString()).address(),
                            mode.flags | O_CLOEXEC);
            return new LinuxFile((int) descriptor, path.toString());
        }
    }

    /// Takes over a descriptor that a system call returned.
    ///
    /// @param name what error messages call it
    static LinuxFile adopt(int descriptor, String name) {
        return new LinuxFile(descriptor, name);
    }

    /// The number by which the kernel knows it; good until [#close].
    public int descriptor() {
        return descriptor;
    }

    /// Reads into native memory until it is full or the file ends.
    ///
    /// @return bytes read; fewer than asked only at the end of the file
    public long read(MemorySegment target, long offsetBytes) throws LinuxException {
        var done = 0L;
        try {
            while (done < target.byteSize()) {
                var count =
                        SystemCall.PREAD64.invoke(
                                descriptor,
                                target.address() + done,
                                target.byteSize() - done,
                                offsetBytes + done);
                if (count == 0) {
                    break;
                }
                if (count < 0 && count != -Errno.EINTR.number()) {
                    var what =
                            String.format(
                                    Locale.ROOT,
                                    "read of %d bytes at %d of %s",
                                    target.byteSize(),
                                    offsetBytes,
                                    name);
                    throw new LinuxException(what, (int) -count);
                }
                done += Math.max(0, count);
                if (count > 0 && count % Blocks.SECTOR_BYTES != 0) {
                    break; // only the end of a file leaves a part of a sector
                }
            }
            return done;
        } finally {
            Reference.reachabilityFence(target);
        }
    }

    /// Writes all of the native memory; durable after [#sync].
    public void write(MemorySegment source, long offsetBytes) throws LinuxException {
        var done = 0L;
        try {
            while (done < source.byteSize()) {
                var count =
                        SystemCall.PWRITE64.invoke(
                                descriptor,
                                source.address() + done,
                                source.byteSize() - done,
                                offsetBytes + done);
                if (count < 0 && count != -Errno.EINTR.number()) {
                    var what =
                            String.format(
                                    Locale.ROOT,
                                    "write of %d bytes at %d of %s",
                                    source.byteSize(),
                                    offsetBytes,
                                    name);
                    throw new LinuxException(what, (int) -count);
                }
                done += Math.max(0, count);
            }
        } finally {
            Reference.reachabilityFence(source);
        }
    }

    /// Returns once everything written before is on stable storage.
    public void sync() throws LinuxException {
        SystemCall.FDATASYNC.invokeOrThrow("fdatasync of " + name, descriptor);
    }

    /// Size of the block device.
    public long deviceBytes() throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var size = arena.allocate(ValueLayout.JAVA_LONG);
            ioctl("size of " + name, BLKGETSIZE64, size.address());
            return size.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// Locks the file or directory for this process; the lock ends with the descriptor, so also
    /// with the process.
    ///
    /// @return false if another process has it locked
    public boolean tryLock() throws LinuxException {
        var result = SystemCall.FLOCK.invoke(descriptor, LOCK_EXCLUSIVE_NO_WAIT);
        if (result < 0 && result != -Errno.EAGAIN.number()) {
            throw new LinuxException("lock of " + name, (int) -result);
        }
        return result == 0;
    }

    /// Writes out everything that the file system of this file has in memory.
    public void syncFilesystem() throws LinuxException {
        SystemCall.SYNCFS.invokeOrThrow("syncfs of " + name, descriptor);
    }

    /// Brings the file system of this file to rest and holds every writer until [#thawFilesystem],
    /// even past the end of this process.
    public void freezeFilesystem() throws LinuxException {
        ioctl("freeze of " + name, FIFREEZE, 0);
    }

    /// Lets the writers go on.
    public void thawFilesystem() throws LinuxException {
        ioctl("thaw of " + name, FITHAW, 0);
    }

    private void ioctl(String what, long request, long argument) throws LinuxException {
        SystemCall.IOCTL.invokeOrThrow(what, descriptor, request, argument);
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            SystemCall.CLOSE.invoke(descriptor);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
