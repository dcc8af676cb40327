package holdfast.volume;

/// The root that maps of the same content share: when one of them persists it, all are rid of the
/// memory. Safe for any thread.
final class MapRoot {
    private final TreePages pages;

    /// Zero for nothing; else a child as in [TreePages].
    private long child;

    private int holders = 1;

    /// @param child whose reference passes to the root
    MapRoot(TreePages pages, long child) {
        this.pages = pages;
        this.child = child;
    }

    synchronized MapRoot share() {
        holders++;
        return this;
    }

    /// Gives one holder's share back, and with the last one the tree.
    synchronized void drop() {
        holders--;
        if (holders == 0) {
            pages.releaseChild(child);
            child = 0;
        }
    }

    /// The child with a reference of its own, for [TreePages#releaseChild].
    synchronized long acquire() {
        if (child < 0) {
            pages.retain(TreePages.inMemory(child));
        }
        return child;
    }

    synchronized boolean isShared() {
        return holders > 1;
    }

    /// The child, without a reference of its own.
    synchronized long child() {
        return child;
    }

    /// For the only holder, after it changed the tree.
    synchronized void child(long changed) {
        child = changed;
    }

    /// The tree as it is in the page store takes the place of that in memory. For a holder of a
    /// shared root, which nobody changes.
    synchronized void settle(long reference) {
        if (child != reference) {
            pages.releaseChild(child);
            child = reference;
        }
    }
}
