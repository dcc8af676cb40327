package holdfast.base;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A set of block numbers of one disk, one bit a block.
///
/// The bits live in a memory segment that the caller may bring along, for instance one mapped from
/// the kernel, so that a set outlives the process. Little-endian 64-bit words: block `b` is bit `b
/// & 63` of word `b >>> 6`. Not safe for concurrent use; the owner of the segment frees it.
public final class BlockSet {
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    private final MemorySegment words;
    private final long blockCount;

    /// An empty set on the heap for blocks `0..blockCount-1`.
    public BlockSet(long blockCount) {
        this(MemorySegment.ofArray(new long[Math.toIntExact(wordCount(blockCount))]), blockCount);
    }

    /// A view of bits that exist already.
    ///
    /// @param words at least [#wordCount] words; bits at and past `blockCount` must be zero
    public BlockSet(MemorySegment words, long blockCount) {
        if (blockCount < 0 || words.byteSize() < wordCount(blockCount) * Long.BYTES) {
            throw new IllegalArgumentException(
                    blockCount + " blocks do not fit into " + words.byteSize() + " bytes");
        }
        this.words = words;
        this.blockCount = blockCount;
    }

    /// 64-bit words needed for `blockCount` blocks.
    public static long wordCount(long blockCount) {
        return (blockCount + 63) >>> 6;
    }

    /// Blocks that the set ranges over, whether in it or not.
    public long blockCount() {
        return blockCount;
    }

    public boolean contains(long block) {
        return block >= 0 && block < blockCount && (word(block >>> 6) >>> (block & 63) & 1) != 0;
    }

    /// Adds blocks `first..end-1`.
    public void add(long first, long end) {
        check(first, end);
        for (var w = first >>> 6; w <= (end - 1) >>> 6 && first < end; w++) {
            set(w, word(w) | mask(w, first, end));
        }
    }

    /// Removes blocks `first..end-1`.
    public void remove(long first, long end) {
        check(first, end);
        for (var w = first >>> 6; w <= (end - 1) >>> 6 && first < end; w++) {
            set(w, word(w) & ~mask(w, first, end));
        }
    }

    /// Adds the blocks of one word: block `64 * index + b` for each bit `b` of `bits`. The caller
    /// keeps within the range.
    public void addWord(long index, long bits) {
        set(index, word(index) | bits);
    }

    /// Adds every block of `other`, which must range over as many blocks.
    public void addAll(BlockSet other) {
        checkSameRange(other);
        for (var w = 0L; w < wordCount(blockCount); w++) {
            var more = other.word(w);
            if (more != 0) {
                set(w, word(w) | more);
            }
        }
    }

    /// Removes every block of `other`, which must range over as many blocks.
    public void removeAll(BlockSet other) {
        checkSameRange(other);
        for (var w = 0L; w < wordCount(blockCount); w++) {
            var less = other.word(w);
            if (less != 0) {
                set(w, word(w) & ~less);
            }
        }
    }

    /// Keeps only blocks that are also in `other`, which must range over as many blocks.
    public void retainAll(BlockSet other) {
        checkSameRange(other);
        for (var w = 0L; w < wordCount(blockCount); w++) {
            set(w, word(w) & other.word(w));
        }
    }

    public void clear() {
        words.asSlice(0, wordCount(blockCount) * Long.BYTES).fill((byte) 0);
    }

    public boolean isEmpty() {
        return next(0) < 0;
    }

    /// Number of blocks in the set; walks all words.
    public long size() {
        var size = 0L;
        for (var w = 0L; w < wordCount(blockCount); w++) {
            size += Long.bitCount(word(w));
        }
        return size;
    }

    /// First block at or after `from` that is in the set, or -1.
    public long next(long from) {
        return scan(from, 0);
    }

    /// First block at or after `from` that is not in the set; `blockCount` if there is none.
    public long nextAbsent(long from) {
        var found = scan(from, -1L);
        return found < 0 ? blockCount : found;
    }

    /// Visits the runs of neighbouring blocks in ascending order, cut into pieces of at most
    /// `runBlocksMax`.
    public <X extends Exception> void forEachRun(int runBlocksMax, RunVisitor<X> visitor) throws X {
        for (var first = next(0); first >= 0; ) {
            var end = Math.min(nextAbsent(first), first + runBlocksMax);
            visitor.visit(first, Math.toIntExact(end - first));
            first = next(end);
        }
    }

    /// An independent copy on the heap.
    public BlockSet copy() {
        var copy = new BlockSet(blockCount);
        copy.addAll(this);
        return copy;
    }

    private long scan(long from, long flip) {
        if (from >= blockCount) {
            return -1;
        }
        var start = Math.max(0, from);
        var bits = (word(start >>> 6) ^ flip) & -1L << (start & 63);
        for (var w = start >>> 6; ; bits = word(w) ^ flip) {
            if (bits != 0) {
                var block = (w << 6) + Long.numberOfTrailingZeros(bits);
                return block < blockCount ? block : -1;
            }
            if (++w >= wordCount(blockCount)) {
                return -1;
            }
        }
    }

    private long word(long index) {
        return words.get(WORD, index << 3);
    }

    private void set(long index, long value) {
        words.set(WORD, index << 3, value);
    }

    private static long mask(long word, long first, long end) {
        var low = Math.max(first, word << 6);
        var high = Math.min(end, (word + 1) << 6);
        return (-1L >>> (64 - (high - low))) << (low & 63);
    }

    private void check(long first, long end) {
        if (first < 0 || end < first || end > blockCount) {
            throw new IndexOutOfBoundsException(
                    "blocks " + first + " to " + end + " of " + blockCount);
        }
    }

    private void checkSameRange(BlockSet other) {
        if (other.blockCount != blockCount) {
            throw new IllegalArgumentException(
                    "sets of " + blockCount + " and " + other.blockCount + " blocks");
        }
    }

    /// Receives the runs of [BlockSet#forEachRun].
    @FunctionalInterface
    public interface RunVisitor<X extends Exception> {
        void visit(long firstBlock, int blockCount) throws X;
    }
}
