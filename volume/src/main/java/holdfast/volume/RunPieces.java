package holdfast.volume;

import holdfast.format.MapPage;
import holdfast.format.PackedExtent;

/// A few runs of one leaf in ascending order: what an edit puts in the place of those it touches.
/// Runs that continue each other in the volume and in their extent become one.
final class RunPieces {
    /// The neighbours on both sides, what is left of an overwritten run on both sides, the new run.
    private static final int COUNT_MAX = 5;

    private final int[] firsts = new int[COUNT_MAX];
    private final int[] counts = new int[COUNT_MAX];
    private final long[] locations = new long[COUNT_MAX];
    private int size;

    void clear() {
        size = 0;
    }

    int size() {
        return size;
    }

    int key(int piece) {
        return MapPage.Leaf.key(firsts[piece], counts[piece]);
    }

    long location(int piece) {
        return locations[piece];
    }

    /// Adds the part of a run that is in the range, if there is one.
    void addClipped(int key, long location, int from, int to) {
        var first = MapPage.Leaf.first(key);
        var begin = Math.max(first, from);
        var end = Math.min(first + MapPage.Leaf.count(key), to);
        if (begin < end) {
            add(begin, end - begin, BlockLocation.plus(location, begin - first));
        }
    }

    void add(int first, int count, long location) {
        if (size > 0) {
            var last = size - 1;
            var end = firsts[last] + counts[last];
            if (end == first && continues(locations[last], counts[last], location)) {
                counts[last] += count;
                return;
            }
        }
        firsts[size] = first;
        counts[size] = count;
        locations[size] = location;
        size++;
    }

    /// Whether the location is that of the block `count` blocks after `before`, in one extent.
    static boolean continues(long before, int count, long location) {
        return BlockLocation.skip(before) + count < PackedExtent.BLOCKS_MAX
                && location == before + count;
    }
}
