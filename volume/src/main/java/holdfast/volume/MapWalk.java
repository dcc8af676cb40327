package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.format.MapPage;
import java.io.IOException;

/// Reads trees. Safe for any thread; the caller holds the root of what is read.
final class MapWalk {
    private final TreePages pages;
    private final PageCache cache;

    MapWalk(TreePages pages, PageCache cache) {
        this.pages = pages;
        this.cache = cache;
    }

    /// Shows the runs of a range as [VolumeMap#lookup] says.
    void lookup(long root, long from, long to, RunVisitor visitor) throws IOException {
        var joined = new JoinedRuns(visitor);
        if (root == 0
                || lookup(root, PageCache.ANY_LEVEL, 0, VolumeMap.BLOCKS_END, from, to, joined)) {
            joined.end();
        }
    }

    /// @param level of the child
    /// @param low first block of the child's range
    /// @param high block after the last one of it
    /// @return false if the visitor wants no more
    private boolean lookup(
            long child, int level, long low, long high, long from, long to, JoinedRuns joined)
            throws IOException {
        var page = cache.open(child, level, low, high);
        try {
            if (pages.level(page) == 0) {
                return lookupInLeaf(page, from, to, joined);
            }
            for (var i = pages.floorChild(page, from); i < pages.count(page); i++) {
                var childLow = low(page, i, low);
                if (childLow >= to) {
                    return true;
                }
                var childLevel = pages.level(page) - 1;
                var childHigh = high(page, i, high);
                var next = pages.child(page, i);
                if (!lookup(next, childLevel, childLow, childHigh, from, to, joined)) {
                    return false;
                }
            }
            return true;
        } finally {
            cache.shut(child, page);
        }
    }

    private boolean lookupInLeaf(long leaf, long from, long to, JoinedRuns joined)
            throws IOException {
        var base = (long) pages.region(leaf) * MapPage.Leaf.REGION_BLOCKS;
        var first = Math.clamp(from - base, 0, MapPage.Leaf.REGION_BLOCKS);
        for (var i = Math.max(0, pages.floorRun(leaf, first)); i < pages.count(leaf); i++) {
            var key = pages.key(leaf, i);
            var begin = base + MapPage.Leaf.first(key);
            var end = Math.min(begin + MapPage.Leaf.count(key), to);
            if (begin >= to) {
                return true;
            }
            var skipped = Math.clamp(from - begin, 0, MapPage.Leaf.count(key));
            if (begin + skipped < end) {
                var location = BlockLocation.plus(pages.location(leaf, i), skipped);
                if (!joined.add(begin + skipped, (int) (end - begin - skipped), location)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Blocks that are mapped in a tree or a part of one; parameters as in [PageCache#open].
    long mappedBlocks(long child, int level, long low, long high) throws IOException {
        var page = cache.openOnce(child, level, low, high);
        try {
            var blocks = 0L;
            for (var i = 0; i < pages.count(page); i++) {
                blocks +=
                        pages.level(page) == 0
                                ? MapPage.Leaf.count(pages.key(page, i))
                                : mappedBlocks(
                                        pages.child(page, i),
                                        pages.level(page) - 1,
                                        low(page, i, low),
                                        high(page, i, high));
            }
            return blocks;
        } finally {
            cache.shut(child, page);
        }
    }

    /// Shows pages and runs as [VolumeMap#mark] says.
    void mark(long root, Marker marker) throws IOException {
        if (root != 0) {
            mark(root, PageCache.ANY_LEVEL, 0, VolumeMap.BLOCKS_END, marker);
        }
    }

    private void mark(long child, int level, long low, long high, Marker marker)
            throws IOException {
        // What is in memory and persisted too will be reached by that reference sooner or later.
        var reference = child > 0 ? child : pages.persisted(TreePages.inMemory(child));
        long page;
        try {
            if (reference != 0 && !marker.page(reference)) {
                return;
            }
            page = cache.openOnce(child, level, low, high);
        } catch (DamagedDataException e) {
            marker.damaged(reference, new BlockRun(low, high - low), e);
            return;
        }
        try {
            var isLeaf = pages.level(page) == 0;
            var base = (long) pages.region(page) * MapPage.Leaf.REGION_BLOCKS;
            for (var i = 0; i < pages.count(page); i++) {
                if (isLeaf) {
                    var key = pages.key(page, i);
                    var first = base + MapPage.Leaf.first(key);
                    marker.run(first, MapPage.Leaf.count(key), pages.location(page, i));
                } else {
                    var childLevel = pages.level(page) - 1;
                    var childLow = low(page, i, low);
                    mark(pages.child(page, i), childLevel, childLow, high(page, i, high), marker);
                }
            }
        } finally {
            cache.shut(child, page);
        }
    }

    /// First block of a child's range.
    ///
    /// @param low that of the page's range
    long low(long index, int entry, long low) {
        return entry == 0 ? low : pages.first(index, entry);
    }

    /// Block after the last one of a child's range.
    ///
    /// @param high that of the page's range
    long high(long index, int entry, long high) {
        return entry + 1 < pages.count(index) ? pages.first(index, entry + 1) : high;
    }

    /// Shows runs as they were put, where a page or an edit has cut them.
    private static final class JoinedRuns {
        private final RunVisitor visitor;
        private long first;
        private int count;
        private long location;

        JoinedRuns(RunVisitor visitor) {
            this.visitor = visitor;
        }

        /// @return false if the visitor wants no more
        boolean add(long nextFirst, int nextCount, long nextLocation) throws IOException {
            if (count > 0
                    && nextFirst == first + count
                    && RunPieces.continues(location, count, nextLocation)) {
                count += nextCount;
                return true;
            }
            var wanted = count == 0 || visitor.run(first, count, location);
            first = nextFirst;
            count = nextCount;
            location = nextLocation;
            return wanted;
        }

        void end() throws IOException {
            if (count > 0) {
                visitor.run(first, count, location);
            }
        }
    }
}
