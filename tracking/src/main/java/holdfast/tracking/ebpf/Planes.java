package holdfast.tracking.ebpf;

import holdfast.base.BlockSet;
import holdfast.base.Blocks;

/// How one disk's bits lie in the map that its programs, the agent, and the agent's successor
/// share.
///
/// ```
/// completed[0]  issued[0]  completed[1]  issued[1]  pending  outstanding
/// ```
///
/// The first four are *planes* of equal size, each a bit per block (fine), then a bit per 512
/// blocks (coarse) for writes too long for the program's loop, so that no write is ever skipped,
/// then a bit per 64 fine words (summary) that is set where any of them is not zero, so that a flip
/// need not look at all of a large disk. `[0]` and `[1]` are the two sets of which the control page
/// says one is active. Pending and outstanding have fine bits only and are never touched by the
/// kernel. All parts begin on a page.
///
/// @param sizeBytes of the disk
record Planes(long sizeBytes) {
    /// A coarse bit stands for `1 << COARSE_SHIFT` blocks.
    static final int COARSE_SHIFT = 9;

    /// Blocks per coarse bit.
    static final int COARSE_BLOCKS = 1 << COARSE_SHIFT;

    /// A summary bit stands for `1 << SUMMARY_SHIFT` fine words.
    static final int SUMMARY_SHIFT = 6;

    private static final long PAGE_WORDS = 512;

    /// Which event a plane belongs to.
    enum Event {
        COMPLETED(0),
        ISSUED(1);

        /// Of its plane, among those of one index.
        final int place;

        Event(int place) {
            this.place = place;
        }
    }

    long blockCount() {
        return Blocks.count(sizeBytes);
    }

    long sectors() {
        return sizeBytes / Blocks.SECTOR_BYTES;
    }

    private long coarseCount() {
        return (blockCount() + COARSE_BLOCKS - 1) >>> COARSE_SHIFT;
    }

    long fineWords() {
        return wholePages(BlockSet.wordCount(blockCount()));
    }

    long coarseWords() {
        return wholePages(BlockSet.wordCount(coarseCount()));
    }

    /// With what rounds them up to pages.
    long summaryWords() {
        return wholePages(BlockSet.wordCount((fineWords() >>> SUMMARY_SHIFT) + 1));
    }

    long planeWords() {
        return fineWords() + coarseWords() + summaryWords();
    }

    /// First word of the plane's fine bits.
    long fineAt(Event event, long index) {
        return (2 * index + event.place) * planeWords();
    }

    /// First word of the plane's coarse bits.
    long coarseAt(Event event, long index) {
        return fineAt(event, index) + fineWords();
    }

    /// First word of the plane's summary.
    long summaryAt(Event event, long index) {
        return coarseAt(event, index) + coarseWords();
    }

    /// First word of the pending set.
    long pendingAt() {
        return 4 * planeWords();
    }

    /// First word of the outstanding set.
    long outstandingAt() {
        return pendingAt() + fineWords();
    }

    /// Words of the whole map.
    long words() {
        return outstandingAt() + fineWords();
    }

    private static long wholePages(long words) {
        return (words + PAGE_WORDS - 1) / PAGE_WORDS * PAGE_WORDS;
    }
}
