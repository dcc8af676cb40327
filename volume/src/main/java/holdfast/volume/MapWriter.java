package holdfast.volume;

import holdfast.format.MapPage;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Appends pages that are only in memory to the page store, children first. For one thread at a
/// time.
final class MapWriter {
    private final TreePages pages;
    private final PageCache cache;
    private final MapPageStore store;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(MapPage.BYTES_MAX);

    MapWriter(TreePages pages, PageCache cache, MapPageStore store) {
        this.pages = pages;
        this.cache = cache;
        this.store = store;
    }

    /// @param child of whose tree the caller holds the root, so that nobody changes it
    /// @return its reference
    long write(long child) throws IOException {
        if (child >= 0) {
            return child;
        }
        var page = TreePages.inMemory(child);
        var before = pages.persisted(page);
        if (before != 0) {
            return before;
        }
        return pages.level(page) == 0 ? writeLeaf(page) : writeIndex(page);
    }

    private long writeLeaf(long page) throws IOException {
        var keys = new int[pages.count(page)];
        var locations = new long[keys.length];
        for (var i = 0; i < keys.length; i++) {
            keys[i] = pages.key(page, i);
            locations[i] = pages.location(page, i);
        }
        var base = (long) pages.region(page) * MapPage.Leaf.REGION_BLOCKS;
        var reference = append(new MapPage.Leaf(base, keys, locations));
        pages.putPersisted(page, reference);
        keep(reference, pages.copy(page));
        return reference;
    }

    private long writeIndex(long page) throws IOException {
        var firstBlocks = new long[pages.count(page)];
        var children = new long[firstBlocks.length];
        for (var i = 0; i < children.length; i++) {
            firstBlocks[i] = pages.first(page, i);
            children[i] = write(pages.child(page, i));
        }
        var level = pages.level(page);
        var reference = append(new MapPage.Index(level, firstBlocks, children));
        pages.putPersisted(page, reference);
        keep(reference, cache.createIndex(level, firstBlocks, children));
        return reference;
    }

    /// Caches a copy and never the page itself: those in the cache lie together then, and the slabs
    /// of the tree run empty when it is given up.
    private void keep(long reference, long copy) {
        cache.add(reference, copy);
        pages.release(copy);
    }

    private long append(MapPage page) throws IOException {
        page.encode(buffer.clear());
        return store.append(buffer.flip());
    }
}
