package holdfast.volume;

import holdfast.format.MapPage;

/// Changes the runs of one leaf that belongs to the caller. For one thread.
final class LeafEdit {
    private final TreePages pages;
    private final RunPieces pieces = new RunPieces();
    private boolean isPutLast;

    LeafEdit(TreePages pages) {
        this.pages = pages;
    }

    /// The region that a block is in.
    static int region(long block) {
        return (int) (block / MapPage.Leaf.REGION_BLOCKS);
    }

    /// First block of a region.
    static long base(int region) {
        return (long) region * MapPage.Leaf.REGION_BLOCKS;
    }

    /// Whether the run that was put last is the leaf's last one.
    boolean isPutLast() {
        return isPutLast;
    }

    /// Unmaps what the range has in this leaf.
    ///
    /// @return how many blocks were mapped there
    long clear(long leaf, long from, long to) {
        var base = base(pages.region(leaf));
        var begin = Math.clamp(from - base, 0, MapPage.Leaf.REGION_BLOCKS);
        var end = Math.clamp(to - base, 0, MapPage.Leaf.REGION_BLOCKS);
        var touched = firstEndingAfter(leaf, begin);
        var untouched = pages.floorRun(leaf, end - 1) + 1;
        if (touched >= untouched) {
            return 0;
        }
        pieces.clear();
        addRun(leaf, touched, 0, begin);
        addRun(leaf, untouched - 1, end, MapPage.Leaf.REGION_BLOCKS);
        var unmapped = mapped(leaf, touched, untouched, begin, end);
        replace(leaf, touched, untouched);
        return unmapped;
    }

    /// Puts a run, all of it within the leaf's region.
    ///
    /// @return how many of its blocks were mapped before
    long put(long leaf, long from, long to, long location) {
        var base = base(pages.region(leaf));
        var begin = (int) (from - base);
        var end = (int) (to - base);
        var touched = firstEndingAfter(leaf, begin);
        var untouched = pages.floorRun(leaf, end - 1) + 1;
        var unmapped = mapped(leaf, touched, untouched, begin, end);
        isPutLast = untouched == pages.count(leaf);
        // The runs on both sides are looked at too: the new one may continue them.
        var first = Math.max(0, touched - 1);
        var last = Math.min(pages.count(leaf), untouched + 1);
        pieces.clear();
        for (var i = first; i < Math.min(touched + 1, untouched); i++) {
            addRun(leaf, i, 0, begin);
        }
        pieces.add(begin, end - begin, location);
        for (var i = Math.max(touched, untouched - 1); i < last; i++) {
            addRun(leaf, i, end, MapPage.Leaf.REGION_BLOCKS);
        }
        replace(leaf, first, last);
        return unmapped;
    }

    /// The first run that ends after a block begins.
    private int firstEndingAfter(long leaf, int block) {
        var floor = pages.floorRun(leaf, block);
        if (floor < 0) {
            return 0;
        }
        var key = pages.key(leaf, floor);
        var isOver = MapPage.Leaf.first(key) + MapPage.Leaf.count(key) <= block;
        return isOver ? floor + 1 : floor;
    }

    private void addRun(long leaf, int entry, int from, int to) {
        pieces.addClipped(pages.key(leaf, entry), pages.location(leaf, entry), from, to);
    }

    private long mapped(long leaf, int firstEntry, int endEntry, int begin, int end) {
        var blocks = 0L;
        for (var i = firstEntry; i < endEntry; i++) {
            var key = pages.key(leaf, i);
            var first = MapPage.Leaf.first(key);
            blocks += Math.min(first + MapPage.Leaf.count(key), end) - Math.max(first, begin);
        }
        return blocks;
    }

    private void replace(long leaf, int firstEntry, int endEntry) {
        pages.replace(leaf, firstEntry, endEntry - firstEntry, pieces.size());
        for (var i = 0; i < pieces.size(); i++) {
            pages.putRun(leaf, firstEntry + i, pieces.key(i), pieces.location(i));
        }
    }
}
