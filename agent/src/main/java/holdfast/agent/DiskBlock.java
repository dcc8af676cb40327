package holdfast.agent;

/// One block of one disk as a single number, for tables of fixed memory.
final class DiskBlock {
    private static final int DISK_SHIFT = 48;

    private DiskBlock() {}

    static long key(int disk, long block) {
        return (long) disk << DISK_SHIFT | block;
    }

    static int disk(long key) {
        return (int) (key >>> DISK_SHIFT);
    }

    static long block(long key) {
        return key & (1L << DISK_SHIFT) - 1;
    }

    /// Fibonacci hashing: neighbours land far apart.
    static int spread(long key) {
        return (int) ((key * 0x9E3779B97F4A7C15L) >>> 32);
    }
}
