package holdfast.tracking.ebpf;

import holdfast.base.BlockSet;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.BitSet;

/// One disk's planes and pending set, as mapped from the kernel. Used by the tracker's one thread,
/// while programs set bits of the active planes.
final class DiskBits {
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
    private static final VarHandle WORD_HANDLE = WORD.varHandle();

    private final Planes planes;
    private final MemorySegment map;
    private final BlockSet pending;
    private final BlockSet outstanding;
    private final BlockSet changed;

    /// @param map at least [Planes#words] words
    /// @param changed an empty set of the disk's blocks, to keep what becomes pending
    DiskBits(Planes planes, MemorySegment map, BlockSet changed) {
        this.planes = planes;
        this.map = map;
        this.changed = changed;
        this.pending = set(planes.pendingAt());
        this.outstanding = set(planes.outstandingAt());
    }

    private BlockSet set(long at) {
        var words = map.asSlice(at * Long.BYTES, planes.fineWords() * Long.BYTES);
        return BlockSet.of(words, planes.blockCount());
    }

    /// What changed and is not known to be stored.
    BlockSet pending() {
        return pending;
    }

    /// What was issued and is not known to have completed and been recorded, but for what the
    /// issued planes hold.
    BlockSet outstanding() {
        return outstanding;
    }

    /// What became pending since [#forgetChanged].
    BlockSet changed() {
        return changed;
    }

    void forgetChanged() {
        changed.clear();
    }

    /// Adds the blocks of a settled completed plane to pending and clears it, word by word. The
    /// process may die at any store: a block is in the set before it is out of the plane.
    void moveToPending(int index) {
        merge(Planes.Event.COMPLETED, index, true, pending, changed);
    }

    /// The same with an issued plane and the outstanding set.
    void moveToOutstanding(int index) {
        merge(Planes.Event.ISSUED, index, true, outstanding);
    }

    /// Makes pending whatever may have completed unrecorded: all that is outstanding, and all that
    /// was issued to the active plane.
    void doubtOutstanding(int active) {
        pending.addAll(outstanding);
        changed.addAll(outstanding);
        merge(Planes.Event.ISSUED, active, false, pending, changed);
    }

    private void merge(Planes.Event event, int index, boolean clear, BlockSet... sets) {
        forEachFine(
                event,
                index,
                clear,
                (word, bits) -> {
                    for (var set : sets) {
                        set.addWord(word, bits);
                    }
                });
        forEachCoarse(
                event,
                index,
                clear,
                (first, end) -> {
                    for (var set : sets) {
                        set.add(first, end);
                    }
                });
    }

    /// Visits the fine words that are not zero, counted from the plane's first.
    private void forEachFine(Planes.Event event, int index, boolean clear, WordVisitor visitor) {
        var fineAt = planes.fineAt(event, index);
        var at = planes.summaryAt(event, index);
        for (var end = at + planes.summaryWords(); (at = next(at, end)) < end; at++) {
            for (var groups = word(at); groups != 0; groups &= groups - 1) {
                var group =
                        (at - planes.summaryAt(event, index)) * Long.SIZE
                                + Long.numberOfTrailingZeros(groups);
                var first = fineAt + (group << Planes.SUMMARY_SHIFT);
                for (var word = first; word < first + (1 << Planes.SUMMARY_SHIFT); word++) {
                    var bits = word(word);
                    if (bits != 0) {
                        visitor.visit(word - fineAt, bits);
                        if (clear) {
                            clearWord(word);
                        }
                    }
                }
            }
            if (clear) {
                clearWord(at); // last: as long as it is set, what it stands for is looked at
            }
        }
    }

    private void forEachCoarse(Planes.Event event, int index, boolean clear, RangeVisitor visitor) {
        var coarseAt = planes.coarseAt(event, index);
        var coarseEnd = coarseAt + planes.coarseWords();
        for (var at = next(coarseAt, coarseEnd); at < coarseEnd; at = next(at + 1, coarseEnd)) {
            forEachUnit(word(at), at - coarseAt, visitor);
            if (clear) {
                clearWord(at);
            }
        }
    }

    /// How many blocks of a completed plane are not pending.
    long completedNotPending(int index) {
        var fineAt = planes.fineAt(Planes.Event.COMPLETED, index);
        var found = new long[1];
        forEachFine(
                Planes.Event.COMPLETED,
                index,
                false,
                (word, bits) -> found[0] += Long.bitCount(bits & ~word(planes.pendingAt() + word)));
        forEachCoarse(
                Planes.Event.COMPLETED,
                index,
                false,
                (first, end) -> {
                    for (var block = first; block < end; block++) {
                        found[0] += isSet(fineAt, block) || pending.contains(block) ? 0 : 1;
                    }
                });
        return found[0];
    }

    /// Which blocks of a run are in an issued plane, counted from its first. Safe for any thread.
    BitSet issuedAmong(long firstBlock, int blockCount, int index) {
        var fineAt = planes.fineAt(Planes.Event.ISSUED, index);
        var coarseAt = planes.coarseAt(Planes.Event.ISSUED, index);
        var found = new BitSet();
        for (var i = 0; i < blockCount; i++) {
            var block = firstBlock + i;
            found.set(i, isSet(fineAt, block) || isSet(coarseAt, block >>> Planes.COARSE_SHIFT));
        }
        return found;
    }

    private boolean isSet(long at, long bit) {
        return (word(at + (bit >>> 6)) >>> (bit & 63) & 1) != 0;
    }

    private void forEachUnit(long bits, long coarseWord, RangeVisitor visitor) {
        for (var left = bits; left != 0; left &= left - 1) {
            var unit = coarseWord * Long.SIZE + Long.numberOfTrailingZeros(left);
            var first = unit << Planes.COARSE_SHIFT;
            visitor.visit(first, Math.min(first + Planes.COARSE_BLOCKS, planes.blockCount()));
        }
    }

    /// First word from `at` on that is not zero, or `end`. Disks are large and changes few, so this
    /// is where the time goes: eight words at a step.
    private long next(long at, long end) {
        var word = at;
        while (word < end && (word & 7) != 0) {
            if (word(word) != 0) {
                return word;
            }
            word++;
        }
        while (word < end
                && (word(word)
                                | word(word + 1)
                                | word(word + 2)
                                | word(word + 3)
                                | word(word + 4)
                                | word(word + 5)
                                | word(word + 6)
                                | word(word + 7))
                        == 0) {
            word += 8;
        }
        while (word < end && word(word) == 0) {
            word++;
        }
        return word;
    }

    private long word(long index) {
        return map.get(WORD, index * Long.BYTES);
    }

    /// After every store before it.
    private void clearWord(long index) {
        WORD_HANDLE.setRelease(map, index * Long.BYTES, 0L);
    }

    @FunctionalInterface
    private interface WordVisitor {
        void visit(long word, long bits);
    }

    @FunctionalInterface
    private interface RangeVisitor {
        void visit(long firstBlock, long endBlock);
    }
}
