package holdfast.volume;

import java.io.IOException;

/// All maps of one store: owns the off-heap memory of their pages and the cache of pages read back.
/// Safe for any thread. Borrows the page store. Whoever made it closes it, after all its maps.
final class VolumeMaps implements AutoCloseable {
    private final SlabMemory memory = new SlabMemory();
    private final TreePages pages = new TreePages(memory);
    private final PageCache cache;
    private final MapWalk walk;
    private final MapWriter writer;

    /// @param cacheBytesMax room for pages that are also in the page store; those that are only in
    ///   memory come on top until they are persisted
    VolumeMaps(MapPageStore store, long cacheBytesMax) {
        cache = new PageCache(pages, store, cacheBytesMax);
        walk = new MapWalk(pages, cache);
        writer = new MapWriter(pages, cache, store);
    }

    /// A map of nothing. The caller closes it.
    VolumeMap empty() {
        return load(0, 0);
    }

    /// The map that [VolumeMap#persist] wrote. Reads nothing: pages are read when they are used.
    /// The caller closes it.
    ///
    /// @param rootReference what persist returned; zero for the map of nothing
    /// @param mappedBlocks what [VolumeMap#mappedBlocks] said then
    VolumeMap load(long rootReference, long mappedBlocks) {
        if (rootReference < 0 || (rootReference == 0) != (mappedBlocks == 0)) {
            throw new IllegalArgumentException(
                    "no map: root " + rootReference + ", " + mappedBlocks + " blocks");
        }
        return map(new MapRoot(pages, rootReference), mappedBlocks);
    }

    /// Memory taken from the system for pages, in use or not.
    long memoryBytes() {
        return memory.reservedBytes();
    }

    /// Memory that pages use: those only in memory, and those cached.
    long usedBytes() {
        return memory.usedBytes();
    }

    @Override
    public void close() {
        cache.clear();
        memory.close();
    }

    /// @param root whose share passes to the map
    VolumeMap map(MapRoot root, long mappedBlocks) {
        var edit = new MapEdit(pages, cache, walk);
        return new VolumeMap(this, walk, edit, root, mappedBlocks);
    }

    /// A comparison of two of the maps.
    MapDifference difference(long fromBlock, int runsMax) {
        return new MapDifference(pages, cache, fromBlock, runsMax);
    }

    TreePages pages() {
        return pages;
    }

    /// Writes a tree, one at a time: two that share pages would write those twice.
    ///
    /// @param child whose tree the caller holds
    /// @return its reference
    long write(long child) throws IOException {
        synchronized (writer) {
            return writer.write(child);
        }
    }
}
