package holdfast.base.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory mapped by mmap(2). The arena that comes in owns the mapping: closing it unmaps.
public final class LinuxMemory {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;

    /// Private, anonymous, and no memory set aside for what may never be written.
    private static final int MAP_SPARSE = 0x02 | 0x20 | 0x4000;

    private LinuxMemory() {}

    /// Maps the first `sizeBytes` of what the descriptor stands for, shared, readable and writable.
    public static MemorySegment shared(LinuxFile file, long sizeBytes, Arena arena)
            throws LinuxException {
        return map("mmap of " + file, file.descriptor(), sizeBytes, MAP_SHARED, arena);
    }

    /// Zeros that take up memory only where they are written: for large, sparsely used sets.
    public static MemorySegment sparse(long sizeBytes, Arena arena) throws LinuxException {
        return map("mmap of " + sizeBytes + " bytes", -1, sizeBytes, MAP_SPARSE, arena);
    }

    @SuppressWarnings("restricted") // the kernel has just said that this range is ours
    private static MemorySegment map(
            String what, int descriptor, long sizeBytes, int flags, Arena arena)
            throws LinuxException {
        var address =
                SystemCall.MMAP.invokeOrThrow(
                        what, 0, sizeBytes, PROT_READ_WRITE, flags, descriptor, 0);
        return MemorySegment.ofAddress(address)
                .reinterpret(
                        sizeBytes,
                        arena,
                        mapped -> SystemCall.MUNMAP.invoke(mapped.address(), sizeBytes));
    }
}
