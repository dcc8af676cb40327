package holdfast.volume;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.BitSet;

/// Memory off the heap in blocks of [#BLOCK_BYTES], taken from the system in slabs and given back
/// slab by slab. One block size for all uses, so a freed block fits whoever asks next and growing
/// maps leave no holes behind (docs/decisions/map-pages.md).
///
/// An address is a number of ours, not of the machine: slab times slab size plus the place in it.
/// Every access is checked against the slab, so a wrong address is an exception and never another's
/// memory. Safe for any thread; who sees what of a block is up to its owner.
final class SlabMemory implements AutoCloseable {
    static final int BLOCK_BYTES = 256;

    private static final int SLAB_SHIFT = 18;
    private static final int SLAB_BYTES = 1 << SLAB_SHIFT;
    private static final int SLAB_BLOCKS = SLAB_BYTES / BLOCK_BYTES;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    /// Entries of 12 bytes put every other long on a multiple of four.
    private static final ValueLayout.OfLong LONG_ANYWHERE = ValueLayout.JAVA_LONG_UNALIGNED;

    private static final VarHandle INTS = INT.varHandle();
    private static final VarHandle LONGS = LONG.varHandle();

    /// @param free blocks of the slab that nobody has
    private record Slab(Arena arena, BitSet free) {}

    /// Read without the lock: whoever has an address got it from someone who saw its slab.
    private volatile MemorySegment[] memory = new MemorySegment[16];

    private Slab[] slabs = new Slab[16];
    private final BitSet present = new BitSet();

    /// Slabs with free blocks. The lowest is used first, so that the upper ones run empty.
    private final BitSet roomy = new BitSet();

    /// No slab below it is roomy.
    private int lowestRoomy;

    private int slabCount;
    private long usedBlocks;
    private boolean closed;

    /// A block of unknown content.
    ///
    /// @return its address, a multiple of [#BLOCK_BYTES]
    synchronized long allocate() {
        if (closed) {
            throw new IllegalStateException("map memory is closed");
        }
        var number = roomy.nextSetBit(lowestRoomy);
        if (number < 0) {
            number = addSlab();
        }
        lowestRoomy = number;
        var free = slabs[number].free();
        var block = free.nextSetBit(0);
        free.clear(block);
        if (free.isEmpty()) {
            roomy.clear(number);
        }
        usedBlocks++;
        return ((long) number << SLAB_SHIFT) + (long) block * BLOCK_BYTES;
    }

    synchronized void free(long address) {
        if (closed) {
            return; // all slabs are gone
        }
        var number = (int) (address >>> SLAB_SHIFT);
        var block = (int) (address % SLAB_BYTES / BLOCK_BYTES);
        var free = slabs[number].free();
        if (free.get(block)) {
            throw new IllegalStateException("map memory at " + address + " is freed twice");
        }
        free.set(block);
        roomy.set(number);
        lowestRoomy = Math.min(lowestRoomy, number);
        usedBlocks--;
        if (usedBlocks == 0) {
            for (var i = present.nextSetBit(0); i >= 0; i = present.nextSetBit(i + 1)) {
                dropSlab(i);
            }
        } else if (free.cardinality() == SLAB_BLOCKS && spareBlocks() >= 2L * SLAB_BLOCKS) {
            dropSlab(number); // one slab's worth of blocks stays, or each turn would cost a slab
        }
    }

    /// Bytes in blocks that are handed out.
    synchronized long usedBytes() {
        return usedBlocks * BLOCK_BYTES;
    }

    /// Bytes taken from the system.
    synchronized long reservedBytes() {
        return (long) slabCount * SLAB_BYTES;
    }

    int getInt(long address) {
        return slab(address).get(INT, offset(address));
    }

    void putInt(long address, int value) {
        slab(address).set(INT, offset(address), value);
    }

    long getLong(long address) {
        return slab(address).get(LONG_ANYWHERE, offset(address));
    }

    void putLong(long address, long value) {
        slab(address).set(LONG_ANYWHERE, offset(address), value);
    }

    /// Sees what the thread did that put the value with [#putLongRelease]. At a multiple of 8.
    long getLongAcquire(long address) {
        return (long) LONGS.getAcquire(slab(address), offset(address));
    }

    void putLongRelease(long address, long value) {
        LONGS.setRelease(slab(address), offset(address), value);
    }

    int getIntAcquire(long address) {
        return (int) INTS.getAcquire(slab(address), offset(address));
    }

    /// @return the sum
    int addAndGet(long address, int summand) {
        return (int) INTS.getAndAdd(slab(address), offset(address), summand) + summand;
    }

    /// Neither range leaves its block; they may overlap.
    void copy(long from, long to, int bytes) {
        MemorySegment.copy(slab(from), offset(from), slab(to), offset(to), bytes);
    }

    /// Gives everything back; what is still used is lost to its users.
    @Override
    public synchronized void close() {
        closed = true;
        for (var i = present.nextSetBit(0); i >= 0; i = present.nextSetBit(i + 1)) {
            dropSlab(i);
        }
    }

    private MemorySegment slab(long address) {
        return memory[(int) (address >>> SLAB_SHIFT)];
    }

    private static long offset(long address) {
        return address & SLAB_BYTES - 1;
    }

    private long spareBlocks() {
        return (long) slabCount * SLAB_BLOCKS - usedBlocks;
    }

    private int addSlab() {
        var number = present.nextClearBit(0);
        if (number == slabs.length) {
            slabs = Arrays.copyOf(slabs, number * 2);
            memory = Arrays.copyOf(memory, number * 2);
        }
        var arena = Arena.ofShared();
        memory[number] = arena.allocate(SLAB_BYTES, Long.BYTES);
        var free = new BitSet(SLAB_BLOCKS);
        free.set(0, SLAB_BLOCKS);
        slabs[number] = new Slab(arena, free);
        present.set(number);
        roomy.set(number);
        slabCount++;
        return number;
    }

    private void dropSlab(int number) {
        slabs[number].arena().close();
        present.clear(number);
        roomy.clear(number);
        slabCount--;
    }
}
