package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.format.MapPage;
import holdfast.format.PackedExtent;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// From the blocks of one volume to where their data is: a copy-on-write B+tree that shares pages
/// with the maps it was copied to or from. Blocks that are not mapped read as zeros, so a range is
/// zeroed by clearing it.
///
/// Safe for any thread. Changes of one map wait for each other; a lookup that runs beside them sees
/// the map as it was before or after each of them. It waits for a running change before it begins,
/// and holds nothing up afterwards. An exception from a change leaves the map as it was before.
///
/// Every [IOException] is the page store's, or a [DamagedDataException] for a page that does not
/// hold what was written, or a [holdfast.format.UnsupportedFormatException]. The opener closes the
/// map; after that it must not be used.
final class VolumeMap implements AutoCloseable {
    /// End of the block numbers that can be mapped: 4 PiB.
    static final long BLOCKS_END = MapPage.BLOCKS_END;

    private final VolumeMaps maps;
    private final MapWalk walk;
    private final MapEdit edit;

    /// Null once the map is closed.
    private @Nullable MapRoot root;

    private long mappedBlocks;

    /// @param root whose share passes to the map
    VolumeMap(VolumeMaps maps, MapWalk walk, MapEdit edit, MapRoot root, long mappedBlocks) {
        this.maps = maps;
        this.walk = walk;
        this.edit = edit;
        this.root = root;
        this.mappedBlocks = mappedBlocks;
    }

    /// Maps a run of blocks to one extent, instead of what was there.
    ///
    /// @param blockCount 1 to 64
    /// @param location of the first block; the rest of the extent holds the others
    void put(long firstBlock, int blockCount, long location) throws IOException {
        if (blockCount < 1
                || BlockLocation.skip(location) + blockCount > PackedExtent.BLOCKS_MAX
                || firstBlock < 0
                || firstBlock > BLOCKS_END - blockCount) {
            throw new IllegalArgumentException(
                    "no run: "
                            + blockCount
                            + " blocks from "
                            + firstBlock
                            + " on, in an extent from "
                            + BlockLocation.skip(location)
                            + " on");
        }
        var regionEnd = LeafEdit.base(LeafEdit.region(firstBlock) + 1);
        var count = (int) Math.min(blockCount, regionEnd - firstBlock);
        if (count == blockCount) {
            putInRegion(firstBlock, blockCount, location);
        } else {
            putInTwoRegions(firstBlock, blockCount, location, count);
        }
    }

    private synchronized void putInRegion(long firstBlock, int blockCount, long location)
            throws IOException {
        var unmapped = edit.put(ownRoot(), firstBlock, blockCount, location);
        mappedBlocks += blockCount - unmapped;
    }

    /// A leaf has runs of one region only, so a run over its end becomes two: both or none.
    private synchronized void putInTwoRegions(
            long firstBlock, int blockCount, long location, int countInFirst) throws IOException {
        var before = openRoot().share();
        var mappedBefore = mappedBlocks;
        try {
            putInRegion(firstBlock, countInFirst, location);
            putInRegion(
                    firstBlock + countInFirst,
                    blockCount - countInFirst,
                    BlockLocation.plus(location, countInFirst));
            before.drop();
        } catch (IOException e) {
            openRoot().drop();
            root = before;
            mappedBlocks = mappedBefore;
            throw e;
        }
    }

    /// Unmaps a range of any length, at a cost that grows with what is mapped there. Damaged pages
    /// that lie in it as a whole are dropped with it; how many blocks they mapped nobody knows, and
    /// [#mappedBlocks] goes on counting those.
    synchronized void clear(long firstBlock, long blockCount) throws IOException {
        if (firstBlock < 0 || blockCount < 0 || firstBlock > BLOCKS_END - blockCount) {
            throw new IllegalArgumentException(
                    "no range: " + blockCount + " blocks from " + firstBlock + " on");
        }
        if (blockCount > 0) {
            var own = ownRoot();
            mappedBlocks -= edit.clear(own, firstBlock, firstBlock + blockCount);
            if (own.child() == 0) {
                mappedBlocks = 0;
            }
        }
    }

    /// Shows the mapped runs of `[firstBlock, endBlock)` in ascending order, clipped to the range:
    /// all of one state of the map, whatever the visitor or others do to it meanwhile.
    void lookup(long firstBlock, long endBlock, RunVisitor visitor) throws IOException {
        if (firstBlock < 0 || endBlock > BLOCKS_END || firstBlock > endBlock) {
            throw new IllegalArgumentException(
                    "no range: blocks from " + firstBlock + " to before " + endBlock);
        }
        var child = acquireRoot();
        try {
            walk.lookup(child, firstBlock, endBlock, visitor);
        } finally {
            maps.pages().releaseChild(child);
        }
    }

    /// Which blocks another map of the same store maps differently, in ascending order; see
    /// [MapDifference].
    List<BlockRun> difference(VolumeMap other, long fromBlock, int runsMax) throws IOException {
        var ours = acquireRoot();
        try {
            var theirs = other.acquireRoot();
            try {
                return maps.difference(fromBlock, runsMax).between(ours, theirs);
            } finally {
                maps.pages().releaseChild(theirs);
            }
        } finally {
            maps.pages().releaseChild(ours);
        }
    }

    /// A second map of the same blocks, made at once whatever the size. Each may be changed without
    /// effect on the other. The caller closes it.
    synchronized VolumeMap snapshot() {
        return maps.map(openRoot().share(), mappedBlocks);
    }

    /// Appends those pages to the page store that are only in memory, children first. Changes of
    /// this map that begin meanwhile do not wait, and are not part of what is written: to know what
    /// is, persist a snapshot.
    ///
    /// All maps that share those pages count on them from then on: the page store keeps what
    /// [#mark] of any open map shows, and where it cannot make appended pages durable, the maps
    /// must be made anew from the journal.
    ///
    /// @return the root's reference for [VolumeMaps#load]; zero for the map of nothing. Durable
    ///   after the page store's own sync
    long persist() throws IOException {
        var written = shareRoot();
        try {
            var child = written.acquire();
            try {
                var reference = maps.write(child);
                written.settle(reference);
                return reference;
            } finally {
                maps.pages().releaseChild(child);
            }
        } finally {
            written.drop();
        }
    }

    /// Shows all pages in the page store, and all runs, that this map reaches. Does not crowd out
    /// cached pages.
    void mark(Marker marker) throws IOException {
        var child = acquireRoot();
        try {
            walk.mark(child, marker);
        } finally {
            maps.pages().releaseChild(child);
        }
    }

    /// Blocks that are mapped; after damage was cleared, at most so many.
    synchronized long mappedBlocks() {
        return mappedBlocks;
    }

    /// Gives back the pages that no other map shares. Closing again has no effect.
    @Override
    public synchronized void close() {
        if (root != null) {
            root.drop();
            root = null;
        }
    }

    private synchronized MapRoot shareRoot() {
        return openRoot().share();
    }

    private synchronized long acquireRoot() {
        return openRoot().acquire();
    }

    /// The root as one that is only this map's, so that it may be changed.
    private MapRoot ownRoot() {
        var current = openRoot();
        if (current.isShared()) {
            var own = new MapRoot(maps.pages(), current.acquire());
            current.drop();
            root = own;
            return own;
        }
        return current;
    }

    private MapRoot openRoot() {
        if (root == null) {
            throw new IllegalStateException("the map is closed");
        }
        return root;
    }
}
