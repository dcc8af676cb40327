package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.format.MapPage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Which blocks two trees map differently.
///
/// Pages that both trees share are passed over unread, so the cost grows with what differs. The two
/// are walked level by level, side by side: where pages of both cover the same range they are
/// compared one to one, where a page was split or joined since, the pages around it as one group.
///
/// Used once, by one thread; the caller holds both roots meanwhile.
final class MapDifference {
    private final TreePages pages;
    private final PageCache cache;
    private final long from;
    private final int runsMax;
    private final List<BlockRun> found = new ArrayList<>();

    /// A part of a tree.
    ///
    /// @param child as in [TreePages]
    /// @param low first block of its range
    /// @param high block after the last one of it
    private record Part(long child, long low, long high) {}

    /// A run of a leaf, by block numbers of the volume.
    private record Mapped(long first, long end, long location) {}

    MapDifference(TreePages pages, PageCache cache, long from, int runsMax) {
        this.pages = pages;
        this.cache = cache;
        this.from = from;
        this.runsMax = runsMax;
    }

    /// @param one root; zero for the map of nothing
    /// @param other root; zero for the map of nothing
    /// @return in ascending order
    List<BlockRun> between(long one, long other) throws IOException {
        if (!same(one, other)) {
            var oneLevel = level(one);
            var otherLevel = level(other);
            var ones = whole(one);
            var others = whole(other);
            for (; oneLevel > otherLevel; oneLevel--) {
                ones = expand(ones, oneLevel);
            }
            for (; otherLevel > oneLevel; otherLevel--) {
                others = expand(others, otherLevel);
            }
            compare(ones, others, oneLevel);
        }
        return found.size() > runsMax ? found.subList(0, runsMax) : found;
    }

    private static List<Part> whole(long root) {
        return root == 0 ? List.of() : List.of(new Part(root, 0, VolumeMap.BLOCKS_END));
    }

    private int level(long root) throws IOException {
        if (root == 0) {
            return 0;
        }
        var page = cache.open(root, PageCache.ANY_LEVEL, 0, VolumeMap.BLOCKS_END);
        try {
            return pages.level(page);
        } finally {
            cache.shut(root, page);
        }
    }

    /// One more than are wanted, so that the last one wanted is whole.
    private boolean enough() {
        return found.size() > runsMax;
    }

    private boolean same(long one, long other) {
        return one == other || stored(one) == stored(other);
    }

    /// What is in memory and in the page store too is one page.
    private long stored(long child) {
        var reference = child < 0 ? pages.persisted(TreePages.inMemory(child)) : child;
        return reference == 0 ? child : reference;
    }

    /// Both lists cover the same blocks, or one is of a tree that maps nothing there.
    private void compare(List<Part> ones, List<Part> others, int level) throws IOException {
        var i = 0;
        var j = 0;
        while ((i < ones.size() || j < others.size()) && !enough()) {
            var iEnd = Math.min(i + 1, ones.size());
            var jEnd = Math.min(j + 1, others.size());
            if (i < iEnd && j < jEnd) {
                while (ones.get(iEnd - 1).high() != others.get(jEnd - 1).high()) {
                    if (ones.get(iEnd - 1).high() < others.get(jEnd - 1).high()) {
                        iEnd++;
                    } else {
                        jEnd++;
                    }
                }
            }
            compareGroup(ones.subList(i, iEnd), others.subList(j, jEnd), level);
            i = iEnd;
            j = jEnd;
        }
    }

    private void compareGroup(List<Part> ones, List<Part> others, int level) throws IOException {
        var last = ones.isEmpty() ? others.getLast() : ones.getLast();
        if (last.high() <= from) {
            return;
        }
        if (ones.size() == 1
                && others.size() == 1
                && same(ones.getFirst().child(), others.getFirst().child())) {
            return;
        }
        if (level > 0) {
            compare(expand(ones, level), expand(others, level), level - 1);
        } else {
            compareRuns(runs(ones), runs(others));
        }
    }

    private List<Part> expand(List<Part> parts, int level) throws IOException {
        var children = new ArrayList<Part>();
        for (var part : parts) {
            var page = cache.open(part.child(), level, part.low(), part.high());
            try {
                var count = pages.count(page);
                for (var i = 0; i < count; i++) {
                    var low = i == 0 ? part.low() : pages.first(page, i);
                    var high = i + 1 < count ? pages.first(page, i + 1) : part.high();
                    children.add(new Part(pages.child(page, i), low, high));
                }
            } finally {
                cache.shut(part.child(), page);
            }
        }
        return children;
    }

    private List<Mapped> runs(List<Part> leaves) throws IOException {
        var runs = new ArrayList<Mapped>();
        for (var leaf : leaves) {
            var page = cache.open(leaf.child(), 0, leaf.low(), leaf.high());
            try {
                var base = (long) pages.region(page) * MapPage.Leaf.REGION_BLOCKS;
                for (var i = 0; i < pages.count(page); i++) {
                    var key = pages.key(page, i);
                    var first = base + MapPage.Leaf.first(key);
                    var end = first + MapPage.Leaf.count(key);
                    runs.add(new Mapped(first, end, pages.location(page, i)));
                }
            } finally {
                cache.shut(leaf.child(), page);
            }
        }
        return runs;
    }

    /// From one border of a run to the next, both sides are of one run each, or unmapped.
    private void compareRuns(List<Mapped> ones, List<Mapped> others) {
        var i = 0;
        var j = 0;
        var at = from;
        while (!enough()) {
            while (i < ones.size() && ones.get(i).end() <= at) {
                i++;
            }
            while (j < others.size() && others.get(j).end() <= at) {
                j++;
            }
            if (i == ones.size() && j == others.size()) {
                return;
            }
            var one = i < ones.size() ? ones.get(i) : null;
            var other = j < others.size() ? others.get(j) : null;
            var oneHere = one != null && one.first() <= at;
            var otherHere = other != null && other.first() <= at;
            var end = Long.MAX_VALUE;
            if (one != null) {
                end = Math.min(end, oneHere ? one.end() : one.first());
            }
            if (other != null) {
                end = Math.min(end, otherHere ? other.end() : other.first());
            }
            if (oneHere && otherHere && one != null && other != null) {
                if (one.location() + (at - one.first())
                        != other.location() + (at - other.first())) {
                    add(at, end);
                }
            } else if (oneHere || otherHere) {
                add(at, end);
            }
            at = end;
        }
    }

    private void add(long first, long end) {
        if (!found.isEmpty() && found.getLast().endBlock() == first) {
            var before = found.removeLast();
            found.add(new BlockRun(before.firstBlock(), end - before.firstBlock()));
        } else {
            found.add(new BlockRun(first, end - first));
        }
    }
}
