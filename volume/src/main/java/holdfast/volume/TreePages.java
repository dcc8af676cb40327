package holdfast.volume;

import holdfast.format.MapPage;

/// The pages of map trees in [SlabMemory]: their layout, their growth and their counts. A page is a
/// list of entries in up to [#BLOCKS_MAX] blocks that need not be neighbours, so it takes just the
/// blocks that its entries fill, and grows by one without moving.
///
/// ```
/// first block of a page                    further blocks
///  0  int    count of references            entries
///  4  short  entries
///  6  byte   level: 0 leaf; -1 freed
///  7  byte   blocks
///  8  long   reference in the page store, or zero
/// 16  int    region of a leaf
/// 20  int    number of each further block
/// 80  entries
/// ```
///
/// Entries are those of [MapPage], 12 and 16 bytes; a child is a reference in the page store, or
/// [#inMemory] of a page here.
///
/// A page with one reference, reached from a root through pages with one reference, belongs to
/// whoever owns that root, who may change it. All others are never changed.
final class TreePages {
    private static final int BLOCKS_MAX = 16;

    /// An edit adds two entries at most before it splits.
    private static final int ENTRIES_SPARE = 2;

    private static final int COUNTS_AT = 4;
    private static final int PERSISTED_AT = 8;
    private static final int REGION_AT = 16;
    private static final int BLOCKS_AT = 20;
    private static final int ENTRIES_AT = 80;
    private static final int LEAF_ENTRY_BYTES = 12;
    private static final int INDEX_ENTRY_BYTES = 16;
    private static final int FREED = -1;

    private final SlabMemory memory;

    TreePages(SlabMemory memory) {
        this.memory = memory;
    }

    /// The child that is a page in memory; below zero, and its own inverse.
    static long inMemory(long page) {
        return ~page;
    }

    /// A page without entries and with one reference, the caller's.
    ///
    /// @param region of a leaf: its base block divided by that of the format
    long create(int level, int region) {
        var page = memory.allocate();
        memory.putInt(page, 1);
        putCounts(page, 0, level, 1);
        memory.putLong(page + PERSISTED_AT, 0);
        memory.putInt(page + REGION_AT, region);
        return page;
    }

    /// A page of the same entries. Children that were persisted meanwhile become references, so
    /// that their memory is not held any longer.
    long copy(long page) {
        var level = level(page);
        var copy = create(level, region(page));
        var count = count(page);
        resize(copy, count);
        copyEntries(page, 0, copy, 0, count);
        if (level > 0) {
            retainChildren(copy, 0, count);
        }
        return copy;
    }

    /// Takes references to the children of entries that were copied into an index.
    void retainChildren(long index, int begin, int end) {
        for (var i = begin; i < end; i++) {
            var child = child(index, i);
            var persisted = child < 0 ? persisted(inMemory(child)) : 0;
            if (persisted == 0) {
                retainChild(child);
            } else {
                putChild(index, i, persisted);
            }
        }
    }

    void retainChild(long child) {
        if (child < 0) {
            retain(inMemory(child));
        }
    }

    void retain(long page) {
        level(page);
        memory.addAndGet(page, 1);
    }

    /// Gives one reference back, and with the last one the page and its references to others.
    void release(long page) {
        var level = level(page);
        if (memory.addAndGet(page, -1) > 0) {
            return;
        }
        for (var i = 0; level > 0 && i < count(page); i++) {
            releaseChild(child(page, i));
        }
        resize(page, 0);
        putCounts(page, 0, FREED, 1);
        memory.free(page);
    }

    void releaseChild(long child) {
        if (child < 0) {
            release(inMemory(child));
        }
    }

    boolean isShared(long page) {
        return memory.getIntAcquire(page) > 1;
    }

    /// @throws IllegalStateException if the page was freed: a fault of ours
    int level(long page) {
        var level = (byte) (memory.getInt(page + COUNTS_AT) >> 16);
        if (level == FREED) {
            throw new IllegalStateException("map page at " + page + " is used after it was freed");
        }
        return level;
    }

    int count(long page) {
        return memory.getInt(page + COUNTS_AT) & 0xffff;
    }

    /// Entries that a page has at most between edits.
    int countMax(long page) {
        var leaf = level(page) == 0;
        return firstSlots(leaf) + (BLOCKS_MAX - 1) * furtherSlots(leaf) - ENTRIES_SPARE;
    }

    int bytes(long page) {
        return blockCount(page) * SlabMemory.BLOCK_BYTES;
    }

    int region(long page) {
        return memory.getInt(page + REGION_AT);
    }

    /// Where the page is in the page store too, or zero.
    long persisted(long page) {
        return memory.getLongAcquire(page + PERSISTED_AT);
    }

    void putPersisted(long page, long reference) {
        memory.putLongRelease(page + PERSISTED_AT, reference);
    }

    int key(long leaf, int entry) {
        return memory.getInt(leafEntry(leaf, entry));
    }

    long location(long leaf, int entry) {
        return memory.getLong(leafEntry(leaf, entry) + Integer.BYTES);
    }

    void putRun(long leaf, int entry, int key, long location) {
        var at = leafEntry(leaf, entry);
        memory.putInt(at, key);
        memory.putLong(at + Integer.BYTES, location);
    }

    long first(long index, int entry) {
        return memory.getLong(indexEntry(index, entry));
    }

    long child(long index, int entry) {
        return memory.getLong(indexEntry(index, entry) + Long.BYTES);
    }

    void putFirst(long index, int entry, long firstBlock) {
        memory.putLong(indexEntry(index, entry), firstBlock);
    }

    void putChild(long index, int entry, long child) {
        memory.putLong(indexEntry(index, entry) + Long.BYTES, child);
    }

    /// The last run that begins at or before a block of the region; -1 if there is none.
    int floorRun(long leaf, int blocksAfterBase) {
        var low = 0;
        var high = count(leaf);
        while (low < high) {
            var middle = (low + high) >>> 1;
            if (MapPage.Leaf.first(key(leaf, middle)) <= blocksAfterBase) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }

    /// The child whose range the block is in.
    int floorChild(long index, long block) {
        var low = 1; // the first child's range begins with the page's, whatever its entry says
        var high = count(index);
        while (low < high) {
            var middle = (low + high) >>> 1;
            if (first(index, middle) <= block) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }

    /// Makes `added` entries of unknown content out of `removed` ones.
    void replace(long page, int at, int removed, int added) {
        var count = count(page);
        var tail = count - at - removed;
        var change = added - removed;
        if (change > 0) {
            resize(page, count + change);
        }
        copyEntries(page, at + removed, page, at + added, tail);
        if (change < 0) {
            resize(page, count + change);
        }
    }

    /// Adds or drops entries at the end, and the blocks for them.
    void resize(long page, int count) {
        var level = level(page);
        var blocks = blocksFor(level, count);
        var had = blockCount(page);
        for (var i = had; i < blocks; i++) {
            var number = (int) (memory.allocate() / SlabMemory.BLOCK_BYTES);
            memory.putInt(furtherBlock(page, i), number);
        }
        for (var i = blocks; i < had; i++) {
            memory.free(blockAddress(page, i));
        }
        putCounts(page, count, level, blocks);
    }

    /// Copies entries between pages of one kind, or within one whatever the overlap.
    void copyEntries(long from, int fromEntry, long to, int toEntry, int entries) {
        var leaf = level(from) == 0;
        var bytes = leaf ? LEAF_ENTRY_BYTES : INDEX_ENTRY_BYTES;
        if (from == to && fromEntry < toEntry) { // from the end, or it would read what it wrote
            for (var left = entries; left > 0; ) {
                var fromRoom = slot(leaf, fromEntry + left - 1) + 1;
                var toRoom = slot(leaf, toEntry + left - 1) + 1;
                var part = Math.min(left, Math.min(fromRoom, toRoom));
                left -= part;
                memory.copy(
                        entry(leaf, from, fromEntry + left),
                        entry(leaf, to, toEntry + left),
                        part * bytes);
            }
        } else {
            for (var done = 0; done < entries; ) {
                var fromRoom = slots(leaf, fromEntry + done) - slot(leaf, fromEntry + done);
                var toRoom = slots(leaf, toEntry + done) - slot(leaf, toEntry + done);
                var part = Math.min(entries - done, Math.min(fromRoom, toRoom));
                memory.copy(
                        entry(leaf, from, fromEntry + done),
                        entry(leaf, to, toEntry + done),
                        part * bytes);
                done += part;
            }
        }
    }

    private void putCounts(long page, int count, int level, int blocks) {
        memory.putInt(page + COUNTS_AT, count | (level & 0xff) << 16 | blocks << 24);
    }

    private int blockCount(long page) {
        return memory.getInt(page + COUNTS_AT) >>> 24;
    }

    private static int firstSlots(boolean leaf) {
        return (SlabMemory.BLOCK_BYTES - ENTRIES_AT)
                / (leaf ? LEAF_ENTRY_BYTES : INDEX_ENTRY_BYTES);
    }

    private static int furtherSlots(boolean leaf) {
        return SlabMemory.BLOCK_BYTES / (leaf ? LEAF_ENTRY_BYTES : INDEX_ENTRY_BYTES);
    }

    /// Entries that fit into the block that holds this one.
    private static int slots(boolean leaf, int entry) {
        return entry < firstSlots(leaf) ? firstSlots(leaf) : furtherSlots(leaf);
    }

    /// Where in its block the entry is.
    private static int slot(boolean leaf, int entry) {
        var beyond = entry - firstSlots(leaf);
        return beyond < 0 ? entry : beyond % furtherSlots(leaf);
    }

    private static int blocksFor(int level, int count) {
        var leaf = level == 0;
        var beyond = Math.max(0, count - firstSlots(leaf));
        var blocks = 1 + (beyond + furtherSlots(leaf) - 1) / furtherSlots(leaf);
        if (blocks > BLOCKS_MAX) {
            throw new IllegalStateException(count + " entries do not fit into a map page");
        }
        return blocks;
    }

    private static long furtherBlock(long page, int block) {
        return page + BLOCKS_AT + (long) (block - 1) * Integer.BYTES;
    }

    private long blockAddress(long page, int block) {
        return Integer.toUnsignedLong(memory.getInt(furtherBlock(page, block)))
                * SlabMemory.BLOCK_BYTES;
    }

    private long entry(boolean leaf, long page, int entry) {
        return leaf ? leafEntry(page, entry) : indexEntry(page, entry);
    }

    private long leafEntry(long page, int entry) {
        return entry(page, entry, firstSlots(true), furtherSlots(true), LEAF_ENTRY_BYTES);
    }

    private long indexEntry(long page, int entry) {
        return entry(page, entry, firstSlots(false), furtherSlots(false), INDEX_ENTRY_BYTES);
    }

    private long entry(long page, int entry, int firstSlots, int furtherSlots, int bytes) {
        var beyond = entry - firstSlots;
        return beyond < 0
                ? page + ENTRIES_AT + (long) entry * bytes
                : blockAddress(page, 1 + beyond / furtherSlots)
                        + (long) (beyond % furtherSlots) * bytes;
    }
}
