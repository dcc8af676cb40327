package holdfast.volume;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A volume as the open store knows it.
final class VolumeState {
    /// Stands for the volume in the journal; never used again.
    final int number;

    /// Stands for the owner in the journal.
    final int owner;

    /// The volume has no record up to this sequence.
    final long madeAfter;

    /// Where every block is, as of the newest entry written.
    final VolumeMap head;

    /// Open views and branch handles: they keep the volume from being deleted.
    final AtomicInteger users = new AtomicInteger();

    private volatile Volume volume;
    private volatile @Nullable IOException fault;
    private boolean ended;

    VolumeState(int number, int owner, long madeAfter, Volume volume, VolumeMap head) {
        this.number = number;
        this.owner = owner;
        this.madeAfter = madeAfter;
        this.volume = volume;
        this.head = head;
    }

    /// Called by the journal's appender only.
    void put(long firstBlock, int blockCount, long location) {
        if (ended) {
            return;
        }
        try {
            head.put(firstBlock, blockCount, location);
        } catch (IOException e) {
            fault = e; // a damaged page of this volume's map must not stop the other volumes
        }
    }

    /// Called by the journal's appender only.
    void clear(long firstBlock, long blockCount) {
        if (ended) {
            return;
        }
        try {
            head.clear(firstBlock, blockCount);
        } catch (IOException e) {
            fault = e;
        }
    }

    /// The map could not be found at all.
    void fail(IOException why) {
        fault = why;
    }

    /// The volume was deleted: entries that are still queued mean nothing. Called by the journal's
    /// appender only.
    void end() {
        if (!ended) {
            ended = true;
            head.close();
        }
    }

    /// @throws IOException if the map could not follow what was written, and says so from now on
    void checkMap() throws IOException {
        var found = fault;
        if (found != null) {
            throw new StoreException(
                    volume.id()
                            + ": its map is damaged, so that what was written lately cannot be"
                            + " found: "
                            + found.getMessage(),
                    found);
        }
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
