package holdfast.volume;

import holdfast.format.MapPage;
import java.io.IOException;

/// One change of a tree: a range is cleared, and for a put one run takes its place.
///
/// It goes in two passes. The first makes every page that will change the tree's own, and counts
/// what is mapped in those that will be dropped: all reading that must be done is in it, so that an
/// exception leaves the blocks as they were. The second changes the pages in place. A run that is
/// put goes whole to the leaf of its first block, and the next leaf's range begins behind it: the
/// tree never cuts a run.
///
/// For one thread, and one edit after the other.
final class MapEdit {
    private static final long NONE = -1;

    private final TreePages pages;
    private final PageCache cache;
    private final MapWalk walk;
    private final LeafEdit leafEdit;
    private final PageMerge merge;

    private long from;
    private long to;
    private long location;

    /// Blocks that were mapped in the range.
    private long unmapped;

    /// The page that took what did not fit into the one just edited, and where its range begins.
    private long split;

    private long splitFirst;

    MapEdit(TreePages pages, PageCache cache, MapWalk walk) {
        this.pages = pages;
        this.cache = cache;
        this.walk = walk;
        this.leafEdit = new LeafEdit(pages);
        this.merge = new PageMerge(pages, cache, walk);
    }

    /// Puts a run within one region.
    ///
    /// @param root that no other map shares
    /// @return how many of its blocks were mapped before
    long put(MapRoot root, long firstBlock, int blockCount, long location) throws IOException {
        this.location = location;
        return edit(root, firstBlock, firstBlock + blockCount, true);
    }

    /// Reads nothing of pages that go as a whole but to count what they map, and drops those that
    /// are damaged uncounted.
    ///
    /// @param root that no other map shares
    /// @return how many blocks were mapped in the range, as far as that could be read
    long clear(MapRoot root, long from, long to) throws IOException {
        if (root.child() == 0) {
            return 0;
        }
        if (from == 0 && to == VolumeMap.BLOCKS_END) {
            var dropped = root.child();
            var blocks = readableBlocks(dropped, PageCache.ANY_LEVEL, from, to);
            root.child(0);
            pages.releaseChild(dropped);
            return blocks;
        }
        return edit(root, from, to, false);
    }

    private long edit(MapRoot root, long from, long to, boolean put) throws IOException {
        this.from = from;
        this.to = to;
        unmapped = 0;
        split = NONE;
        var child =
                root.child() == 0
                        ? TreePages.inMemory(pages.create(0, LeafEdit.region(from)))
                        : cache.own(root.child(), PageCache.ANY_LEVEL, 0, VolumeMap.BLOCKS_END);
        root.child(child);
        var page = TreePages.inMemory(child);
        prepare(page, 0, VolumeMap.BLOCKS_END, put);
        root.child(grownOrShrunk(apply(page, 0, VolumeMap.BLOCKS_END, put)));
        return unmapped;
    }

    /// Makes the children that will change the tree's own, down to the leaves.
    private void prepare(long page, long low, long high, boolean put) throws IOException {
        var level = pages.level(page) - 1;
        if (level < 0) {
            return;
        }
        var puts = put; // the first child takes the run
        for (var i = pages.floorChild(page, from); i < pages.count(page); i++) {
            var child = pages.child(page, i);
            var childLow = walk.low(page, i, low);
            var childHigh = walk.high(page, i, high);
            if (childLow >= to) {
                return;
            }
            if (isDropped(childLow, childHigh, puts)) {
                unmapped += readableBlocks(child, level, childLow, childHigh);
            } else {
                var owned = cache.own(child, level, childLow, childHigh);
                pages.putChild(page, i, owned);
                prepare(TreePages.inMemory(owned), childLow, childHigh, puts);
            }
            puts = false;
        }
    }

    private long readableBlocks(long child, int level, long low, long high) throws IOException {
        try {
            return walk.mappedBlocks(child, level, low, high);
        } catch (DamagedDataException _) {
            return 0; // nobody will read it any more
        }
    }

    /// Whether a child goes as a whole.
    private boolean isDropped(long childLow, long childHigh, boolean puts) {
        return !puts && from <= childLow && childHigh <= to;
    }

    /// @return what takes the page's place: it has no entries if nothing is left. What did not fit
    ///   is in [#split]
    private long apply(long page, long low, long high, boolean put) {
        return pages.level(page) == 0 ? applyToLeaf(page, put) : applyToIndex(page, low, high, put);
    }

    private long applyToLeaf(long page, boolean put) {
        if (!put) {
            unmapped += leafEdit.clear(page, from, to);
            splitIfFull(page, false);
            return page;
        }
        var region = LeafEdit.region(from);
        if (region == pages.region(page)) {
            unmapped += leafEdit.put(page, from, to, location);
            splitIfFull(page, leafEdit.isPutLast());
            return page;
        }
        var other = pages.create(0, region);
        leafEdit.put(other, from, to, location);
        var isBefore = region < pages.region(page);
        split = isBefore ? page : other;
        splitFirst = LeafEdit.base(pages.region(split));
        return isBefore ? other : page;
    }

    private long applyToIndex(long page, long low, long high, boolean put) {
        var first = pages.floorChild(page, from);
        var last = first;
        while (last + 1 < pages.count(page) && pages.first(page, last + 1) < to) {
            last++;
        }
        var firstLow = walk.low(page, first, low);
        var firstHigh = walk.high(page, first, high);
        var isLastShrunk = last > first && applyToRight(page, first, last, low, high, put);
        var isFirstShrunk = false;
        var childCount = pages.count(page);
        if (isDropped(firstLow, firstHigh, put)) {
            dropChildren(page, first, first + 1);
        } else {
            isFirstShrunk = applyToChild(page, first, firstLow, firstHigh, put);
        }
        if (isLastShrunk) {
            merge.tidy(page, first + 1 + pages.count(page) - childCount, low, high);
        }
        if (isFirstShrunk) {
            merge.tidy(page, first, low, high);
        }
        splitIfFull(page, put && first + 2 >= pages.count(page));
        return page;
    }

    /// Clears what the range has in the children after the first one that it touches.
    ///
    /// @return whether the last one is still there, with fewer entries
    private boolean applyToRight(long page, int first, int last, long low, long high, boolean put) {
        var lastLow = walk.low(page, last, low);
        var lastHigh = walk.high(page, last, high);
        if (isDropped(lastLow, lastHigh, false)) {
            dropChildren(page, first + 1, last + 1);
            return false;
        }
        var childCount = pages.count(page);
        var isShrunk = applyToChild(page, last, lastLow, lastHigh, false);
        if (put && childCount == pages.count(page)) {
            pages.putFirst(page, last, to); // the run goes to the first child to its end
        }
        dropChildren(page, first + 1, last);
        return isShrunk;
    }

    /// Edits one child, drops it if it is empty then, and adds what was split off.
    ///
    /// @return whether it is still there, with fewer entries
    private boolean applyToChild(long page, int slot, long childLow, long childHigh, boolean put) {
        var child = TreePages.inMemory(pages.child(page, slot));
        var before = pages.count(child);
        var edited = apply(child, childLow, childHigh, put);
        pages.putChild(page, slot, TreePages.inMemory(edited));
        if (split != NONE) {
            pages.putFirst(page, slot, childLow); // the first entry's may be any
            pages.replace(page, slot + 1, 0, 1);
            pages.putFirst(page, slot + 1, splitFirst);
            pages.putChild(page, slot + 1, TreePages.inMemory(split));
            split = NONE;
            return false;
        }
        var after = pages.count(edited);
        if (after == 0) {
            dropChildren(page, slot, slot + 1);
        }
        return after > 0 && after < before;
    }

    private void dropChildren(long page, int begin, int end) {
        for (var i = begin; i < end; i++) {
            pages.releaseChild(pages.child(page, i));
        }
        pages.replace(page, begin, end - begin, 0);
    }

    /// Splits off the upper half; or only what does not fit where entries are added at the end,
    /// since the next ones will be added there too.
    private void splitIfFull(long page, boolean isAppended) {
        var count = pages.count(page);
        if (count <= pages.countMax(page)) {
            return;
        }
        var kept = isAppended ? pages.countMax(page) : count / 2;
        split = pages.create(pages.level(page), pages.region(page));
        pages.resize(split, count - kept);
        pages.copyEntries(page, kept, split, 0, count - kept);
        pages.resize(page, kept);
        splitFirst =
                pages.level(page) == 0
                        ? LeafEdit.base(pages.region(split))
                                + MapPage.Leaf.first(pages.key(split, 0))
                        : pages.first(split, 0);
    }

    /// The root that a tree has after its old one was changed.
    private long grownOrShrunk(long page) {
        var root = page;
        if (split != NONE) {
            root = pages.create(pages.level(page) + 1, 0);
            pages.resize(root, 2);
            pages.putFirst(root, 0, 0);
            pages.putChild(root, 0, TreePages.inMemory(page));
            pages.putFirst(root, 1, splitFirst);
            pages.putChild(root, 1, TreePages.inMemory(split));
        }
        if (pages.count(root) == 0) {
            pages.release(root);
            return 0;
        }
        var child = TreePages.inMemory(root);
        while (child < 0
                && pages.level(TreePages.inMemory(child)) > 0
                && pages.count(TreePages.inMemory(child)) == 1) {
            var only = pages.child(TreePages.inMemory(child), 0);
            pages.retainChild(only);
            pages.releaseChild(child);
            child = only;
        }
        return child;
    }
}
