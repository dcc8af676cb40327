package holdfast.base;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// A set of block numbers of one disk, one bit a block.
///
/// The bits live in a memory segment that the caller may bring along, for instance one mapped from
/// the kernel, so that a set outlives the process. Little-endian 64-bit words: block `b` is bit `b
/// & 63` of word `b >>> 6`. A summary beside them, a bit for 64 words, says where to look: whatever
/// walks the set costs by the blocks in it and not by the disk. Not safe for concurrent use; the
/// owner of the segment frees it.
public final class BlockSet {
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    /// A group has `1 << GROUP_SHIFT` words.
    private static final int GROUP_SHIFT = 6;

    private final MemorySegment words;
    private final long blockCount;

    /// A bit a group: not set if all words of the group are zero; set if they may not be.
    private final long[] summary;

    /// An empty set on the heap for blocks `0..blockCount-1`.
    public BlockSet(long blockCount) {
        this(
                MemorySegment.ofArray(new long[Math.toIntExact(wordCount(blockCount))]),
                blockCount,
                true);
    }

    private BlockSet(MemorySegment words, long blockCount, boolean empty) {
        if (blockCount < 0 || words.byteSize() < wordCount(blockCount) * Long.BYTES) {
            throw new IllegalArgumentException(
                    blockCount + " blocks do not fit into " + words.byteSize() + " bytes");
        }
        this.words = words;
        this.blockCount = blockCount;
        var groups = (wordCount(blockCount) >>> GROUP_SHIFT) + 1;
        this.summary = new long[Math.toIntExact((groups + 63) >>> 6)];
        if (!empty) {
            Arrays.fill(summary, -1L);
        }
    }

    /// A view of bits that exist already.
    ///
    /// @param words at least [#wordCount] words; bits at and past `blockCount` must be zero
    public static BlockSet of(MemorySegment words, long blockCount) {
        return new BlockSet(words, blockCount, false);
    }

    /// A set of its own in memory that is all zero, and of which only what is written takes room.
    ///
    /// @param words at least [#wordCount] words
    public static BlockSet empty(MemorySegment words, long blockCount) {
        return new BlockSet(words, blockCount, true);
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
            addWord(w, mask(w, first, end));
        }
    }

    /// Adds the blocks of one word: block `64 * index + b` for each bit `b` of `bits`. The caller
    /// keeps within the range.
    public void addWord(long index, long bits) {
        set(index, word(index) | bits);
        var group = index >>> GROUP_SHIFT;
        summary[(int) (group >>> 6)] |= 1L << group;
    }

    /// Removes blocks `first..end-1`.
    public void remove(long first, long end) {
        check(first, end);
        for (var w = first >>> 6; w <= (end - 1) >>> 6 && first < end; w++) {
            set(w, word(w) & ~mask(w, first, end));
        }
    }

    /// Adds every block of `other`, which must range over as many blocks.
    public void addAll(BlockSet other) {
        checkSameRange(other);
        for (var w = other.nextWord(0); w >= 0; w = other.nextWord(w + 1)) {
            addWord(w, other.word(w));
        }
    }

    /// Removes every block of `other`, which must range over as many blocks.
    public void removeAll(BlockSet other) {
        checkSameRange(other);
        for (var w = other.nextWord(0); w >= 0; w = other.nextWord(w + 1)) {
            set(w, word(w) & ~other.word(w));
        }
    }

    /// Keeps only blocks that are also in `other`, which must range over as many blocks.
    public void retainAll(BlockSet other) {
        checkSameRange(other);
        for (var w = nextWord(0); w >= 0; w = nextWord(w + 1)) {
            set(w, word(w) & other.word(w));
        }
    }

    /// Writes only where there are blocks, so that memory that was never written stays none.
    public void clear() {
        for (var w = nextWord(0); w >= 0; w = nextWord(w + 1)) {
            set(w, 0);
        }
        Arrays.fill(summary, 0);
    }

    public boolean isEmpty() {
        return nextWord(0) < 0;
    }

    /// Number of blocks in the set; walks them.
    public long size() {
        var size = 0L;
        for (var w = nextWord(0); w >= 0; w = nextWord(w + 1)) {
            size += Long.bitCount(word(w));
        }
        return size;
    }

    /// First block at or after `from` that is in the set, or -1.
    public long next(long from) {
        if (from >= blockCount) {
            return -1;
        }
        var start = Math.max(0, from);
        var bits = word(start >>> 6) & -1L << (start & 63);
        if (bits != 0) {
            return ((start >>> 6) << 6) + Long.numberOfTrailingZeros(bits);
        }
        var w = nextWord((start >>> 6) + 1);
        return w < 0 ? -1 : (w << 6) + Long.numberOfTrailingZeros(word(w));
    }

    /// First block at or after `from` that is not in the set; `blockCount` if there is none.
    public long nextAbsent(long from) {
        if (from >= blockCount) {
            return blockCount;
        }
        var start = Math.max(0, from);
        var bits = ~word(start >>> 6) & -1L << (start & 63);
        for (var w = start >>> 6; ; bits = ~word(w)) {
            if (bits != 0) {
                return Math.min(blockCount, (w << 6) + Long.numberOfTrailingZeros(bits));
            }
            if (++w >= wordCount(blockCount)) {
                return blockCount;
            }
        }
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

    /// First word at or after `from` that is not zero, or -1. Forgets groups that turn out to be
    /// empty.
    private long nextWord(long from) {
        var end = wordCount(blockCount);
        for (var w = from; w < end; ) {
            var group = nextGroup(w >>> GROUP_SHIFT);
            if (group < 0) {
                return -1;
            }
            var groupStart = group << GROUP_SHIFT;
            var groupEnd = Math.min(end, (group + 1) << GROUP_SHIFT);
            w = Math.max(w, groupStart);
            var whole = w == groupStart;
            while (w < groupEnd) {
                if (word(w) != 0) {
                    return w;
                }
                w++;
            }
            if (whole) {
                summary[(int) (group >>> 6)] &= ~(1L << group);
            }
        }
        return -1;
    }

    /// First group at or after `from` that may have blocks, or -1.
    private long nextGroup(long from) {
        var at = (int) (from >>> 6);
        if (at >= summary.length) {
            return -1;
        }
        var bits = summary[at] & -1L << from;
        while (bits == 0) {
            if (++at == summary.length) {
                return -1;
            }
            bits = summary[at];
        }
        return ((long) at << 6) + Long.numberOfTrailingZeros(bits);
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
