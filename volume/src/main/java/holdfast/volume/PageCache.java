package holdfast.volume;

import holdfast.base.Blocks;
import holdfast.format.DamagedFormatException;
import holdfast.format.MapPage;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;

/// Pages of the page store that are in memory, those not used for longest given up first. Keeps one
/// reference to each. Children of cached pages are always references in the page store.
///
/// Safe for any thread. The page store is read without a lock, so two threads that miss the same
/// page may both read it.
final class PageCache {
    /// Any level will do, for a root.
    static final int ANY_LEVEL = -1;

    private static final long NONE = -1;

    private final TreePages pages;
    private final MapPageStore store;
    private final long bytesMax;
    private final LinkedHashMap<Long, Long> byReference = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    PageCache(TreePages pages, MapPageStore store, long bytesMax) {
        this.pages = pages;
        this.store = store;
        this.bytesMax = bytesMax;
    }

    /// The page that a child is; [#shut] gives it back. A child in memory belongs to its parent,
    /// which the caller must hold until then.
    ///
    /// @param level that the child must have
    /// @param from first block that may be in it
    /// @param to block after the last one that may be in it
    /// @throws DamagedDataException if it is not that page
    long open(long child, int level, long from, long to) throws IOException {
        if (child < 0) {
            return TreePages.inMemory(child);
        }
        var cached = find(child);
        if (cached != NONE) {
            return cached;
        }
        var page = read(child, level, from, to);
        add(child, page);
        return page;
    }

    /// As [#open], but a page that had to be read does not stay in the cache: for walks of whole
    /// maps.
    long openOnce(long child, int level, long from, long to) throws IOException {
        if (child < 0) {
            return TreePages.inMemory(child);
        }
        var cached = find(child);
        return cached != NONE ? cached : read(child, level, from, to);
    }

    /// The same page as one that only the caller's tree has, in memory; the caller's reference
    /// passes from the child to it. Without effect if there is an exception.
    ///
    /// @param child of a page that only the caller's tree has, or its root
    long own(long child, int level, long from, long to) throws IOException {
        if (child < 0 && !pages.isShared(TreePages.inMemory(child))) {
            pages.putPersisted(TreePages.inMemory(child), 0); // the caller is about to change it
            return child;
        }
        var shared = open(child, level, from, to);
        var own = TreePages.inMemory(pages.copy(shared));
        shut(child, shared);
        pages.releaseChild(child);
        return own;
    }

    void shut(long child, long page) {
        if (child > 0) {
            pages.release(page);
        }
    }

    /// Keeps a page that is now in the page store; the caller's reference stays the caller's.
    synchronized void add(long reference, long page) {
        pages.retain(page);
        bytes += pages.bytes(page);
        var twin = byReference.put(reference, page);
        if (twin != null) {
            drop(twin);
        }
        var eldest = byReference.entrySet().iterator();
        while (bytes > bytesMax && eldest.hasNext()) {
            var dropped = eldest.next().getValue();
            eldest.remove();
            drop(dropped);
        }
    }

    /// Gives all pages up.
    synchronized void clear() {
        byReference.values().forEach(this::drop);
        byReference.clear();
    }

    /// The page, with a reference for the caller.
    private synchronized long find(long reference) {
        var page = byReference.get(reference);
        if (page == null) {
            return NONE;
        }
        pages.retain(page);
        return page;
    }

    private void drop(long page) {
        bytes -= pages.bytes(page);
        pages.release(page);
    }

    /// A disk may read wrong once: only what it does so twice is damaged.
    private long read(long reference, int level, long from, long to) throws IOException {
        try {
            return readOnce(reference, level, from, to);
        } catch (DamagedDataException _) {
            return readOnce(reference, level, from, to);
        }
    }

    private long readOnce(long reference, int level, long from, long to) throws IOException {
        try {
            var page = MapPage.decode(store.read(reference));
            check(page, level, from, to);
            return create(page);
        } catch (DamagedFormatException e) {
            var what = String.valueOf(e.getMessage());
            throw damaged(from, to, "map page", reference, what);
        } catch (DamagedDataException e) { // the store knows the place, and here we know the range
            var damage = e.damage();
            throw damaged(from, to, damage.file(), damage.fileOffsetBytes(), damage.what());
        }
    }

    private static DamagedDataException damaged(
            long from, long to, String file, long fileOffsetBytes, String what) {
        return new DamagedDataException(
                new Damage(
                        "-",
                        from * Blocks.BLOCK_BYTES,
                        (to - from) * Blocks.BLOCK_BYTES,
                        file,
                        fileOffsetBytes,
                        what));
    }

    /// A sound page may still be another one than that which was asked for.
    private static void check(MapPage page, int level, long from, long to)
            throws DamagedFormatException {
        if (level != ANY_LEVEL && page.level() != level) {
            throw new DamagedFormatException(
                    "map page of level " + page.level() + " where level " + level + " belongs");
        }
        var last = page.entryCount() - 1;
        var first = 0;
        var end = page.firstBlock(last) + 1;
        switch (page) {
            case MapPage.Leaf leaf -> end += MapPage.Leaf.count(leaf.keys()[last]) - 1;
            case MapPage.Index _ -> first = 1; // what the first entry says is no bound
        }
        if (first <= last && (page.firstBlock(first) < from || end > to)) {
            throw new DamagedFormatException(
                    String.format(
                            Locale.ROOT,
                            "map page of blocks %d to %d where blocks %d to %d belong",
                            page.firstBlock(first),
                            end - 1,
                            from,
                            to - 1));
        }
    }

    private long create(MapPage page) {
        switch (page) {
            case MapPage.Leaf leaf -> {
                var region = (int) (leaf.baseBlock() / MapPage.Leaf.REGION_BLOCKS);
                var created = pages.create(0, region);
                pages.resize(created, leaf.entryCount());
                for (var i = 0; i < leaf.entryCount(); i++) {
                    pages.putRun(created, i, leaf.keys()[i], leaf.locations()[i]);
                }
                return created;
            }
            case MapPage.Index index -> {
                return createIndex(index.level(), index.firstBlocks(), index.children());
            }
        }
    }

    long createIndex(int level, long[] firstBlocks, long[] children) {
        var created = pages.create(level, 0);
        pages.resize(created, children.length);
        for (var i = 0; i < children.length; i++) {
            pages.putFirst(created, i, firstBlocks[i]);
            pages.putChild(created, i, children[i]);
        }
        return created;
    }
}
