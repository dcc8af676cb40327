package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.base.RefusalException;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A volume as the open store knows it.
final class VolumeState {
    private static final int DELETED = -1;

    /// Stands for the volume in the journal; never used again.
    final int number;

    /// Stands for the owner in the journal.
    final int owner;

    /// The volume has no record up to this sequence.
    final long madeAfter;

    /// Where every block is, as of the newest entry written.
    final VolumeMap head;

    /// Open views and branch handles: they keep the volume from being deleted. [#DELETED] from then
    /// on.
    private final AtomicInteger users = new AtomicInteger();

    private final Doubts doubts = new Doubts();
    private final FollowingMap following;
    private final Set<VolumeState> inDoubt;
    private volatile Volume volume;
    private volatile @Nullable IOException fault;
    private boolean ended;

    /// @param inDoubt the store's volumes that have doubts: this one adds and removes itself
    VolumeState(
            int number,
            int owner,
            long madeAfter,
            Volume volume,
            VolumeMap head,
            Set<VolumeState> inDoubt) {
        this.number = number;
        this.owner = owner;
        this.madeAfter = madeAfter;
        this.volume = volume;
        this.head = head;
        this.following = new FollowingMap(head, doubts);
        this.inDoubt = inDoubt;
    }

    /// Until [#leave], the volume is not deleted.
    ///
    /// @throws RefusalException if it was
    void use() {
        if (users.updateAndGet(count -> count == DELETED ? DELETED : count + 1) == DELETED) {
            throw unknown(volume.id());
        }
    }

    void leave() {
        users.decrementAndGet();
    }

    /// Nobody uses it from now on, as nobody does now.
    ///
    /// @throws RefusalException if somebody does, or it was deleted
    void retire() {
        var count = users.compareAndExchange(0, DELETED);
        if (count == DELETED) {
            throw unknown(volume.id());
        }
        if (count != 0) {
            throw new RefusalException(
                    "volume-in-use", this + " is open " + count + " times; close it first");
        }
    }

    /// It could not be deleted.
    void readmit() {
        users.set(0);
    }

    static RefusalException unknown(VolumeId id) {
        return new RefusalException("unknown-volume", "there is no volume " + id);
    }

    /// Called by the journal's appender only.
    void put(long firstBlock, int blockCount, long location, long sequence) {
        if (ended) {
            return;
        }
        try {
            following.put(firstBlock, blockCount, location, sequence);
        } catch (IOException e) {
            fault = e; // what is wrong with this volume's map must not stop the other volumes
        }
        tellDoubt();
    }

    /// Called by the journal's appender only.
    void clear(long firstBlock, long blockCount, long sequence) {
        if (ended) {
            return;
        }
        try {
            following.clear(firstBlock, blockCount, sequence);
        } catch (IOException e) {
            fault = e;
        }
        tellDoubt();
    }

    private void tellDoubt() {
        if (doubts.isEmpty() && !inDoubt.contains(this)) {
            return; // nearly always, and by one thread
        }
        synchronized (doubts) {
            if (doubts.isEmpty()) {
                inDoubt.remove(this);
            } else {
                inDoubt.add(this);
            }
        }
    }

    /// A page of the map was found to be damaged.
    ///
    /// @param page the blocks that it maps
    void doubt(BlockRun page) {
        synchronized (doubts) {
            doubts.add(page);
            inDoubt.add(this);
        }
    }

    /// The map could not be found at all, for damage: it is in doubt from its beginning on.
    void doubtAll(DamagedDataException why) {
        var all = new BlockRun(0, VolumeMap.BLOCKS_END);
        synchronized (doubts) {
            doubts.add(all, why, all, madeAfter + 1);
            inDoubt.add(this);
        }
    }

    /// The map could not be found at all, for another reason.
    void fail(IOException why) {
        fault = why;
    }

    /// The volume was deleted: entries that are still queued mean nothing. Called by the journal's
    /// appender only.
    void end() {
        if (!ended) {
            ended = true;
            inDoubt.remove(this);
            head.close();
        }
    }

    /// @throws IOException if the map could not follow what was written: for damage until that is
    ///   mended, else from now on
    void checkMap() throws IOException {
        var found = fault;
        if (found == null) {
            found = doubts.missing();
        }
        if (found != null) {
            throw new StoreException(
                    volume.id()
                            + ": its map is damaged, so that what was written lately cannot be"
                            + " found: "
                            + found.getMessage(),
                    found);
        }
    }

    /// Whether its map can be mended, and has to be.
    boolean isMendable() {
        var isReplica = volume.origin().isEmpty();
        return fault == null && !doubts.isEmpty() && (isReplica || doubts.lackEntries());
    }

    /// What of the map is in doubt.
    Doubts doubts() {
        return doubts;
    }

    Volume volume() {
        return volume;
    }

    void volume(Volume changed) {
        volume = changed;
    }

    @Override
    public String toString() {
        return volume.id().text();
    }
}
