package holdfast.volume;

import java.io.IOException;

/// Puts neighbouring pages together that have few entries left, so that maps take memory for what
/// they hold and not for what they once held.
final class PageMerge {
    private final TreePages pages;
    private final PageCache cache;
    private final MapWalk walk;

    PageMerge(TreePages pages, PageCache cache, MapWalk walk) {
        this.pages = pages;
        this.cache = cache;
        this.walk = walk;
    }

    /// Merges a child with a neighbour if less than a quarter of it is used and both together leave
    /// a quarter free: the next split or merge is then many changes away.
    ///
    /// @param index that belongs to the caller, like the child
    /// @param low first block of the index's range
    /// @param high block after the last one of it
    void tidy(long index, int slot, long low, long high) {
        var page = TreePages.inMemory(pages.child(index, slot));
        if (pages.count(page) >= pages.countMax(page) / 4) {
            return;
        }
        try {
            if (slot + 1 < pages.count(index) && merge(index, slot, low, high)) {
                return;
            }
            if (slot > 0) {
                merge(index, slot - 1, low, high);
            }
        } catch (IOException e) {
            // A neighbour that cannot be read stays as it is. Merging saves memory and no more;
            // whoever needs the neighbour's blocks is told what is wrong with it.
        }
    }

    /// @return whether the child and its right neighbour are one page now
    private boolean merge(long index, int slot, long low, long high) throws IOException {
        var level = pages.level(index) - 1;
        var middle = pages.first(index, slot + 1);
        var childLow = walk.low(index, slot, low);
        var childHigh = walk.high(index, slot + 1, high);
        var right = pages.child(index, slot + 1);
        var rightPage = cache.open(right, level, middle, childHigh);
        try {
            var left = pages.child(index, slot);
            if (!fit(left, level, childLow, middle, rightPage)) {
                return false;
            }
            var owned = cache.own(left, level, childLow, middle);
            pages.putChild(index, slot, owned);
            append(TreePages.inMemory(owned), rightPage, middle);
        } finally {
            cache.shut(right, rightPage);
        }
        pages.replace(index, slot + 1, 1, 0);
        pages.releaseChild(right);
        return true;
    }

    private boolean fit(long left, int level, long low, long high, long rightPage)
            throws IOException {
        var leftPage = cache.open(left, level, low, high);
        try {
            var together = pages.count(leftPage) + pages.count(rightPage);
            return pages.region(leftPage) == pages.region(rightPage)
                    && together <= pages.countMax(leftPage) / 4 * 3;
        } finally {
            cache.shut(left, leftPage);
        }
    }

    /// @param first where the range of `source` begins
    private void append(long target, long source, long first) {
        var count = pages.count(target);
        var added = pages.count(source);
        pages.resize(target, count + added);
        pages.copyEntries(source, 0, target, count, added);
        if (pages.level(target) > 0) {
            pages.putFirst(target, count, first);
            pages.retainChildren(target, count, count + added);
        }
    }
}
