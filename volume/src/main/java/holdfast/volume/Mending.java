package holdfast.volume;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/// Gives up what damaged pages keep a volume's map from finding, so that the rest goes on and the
/// lost blocks can be sent again.
///
/// That blocks were lost is stored first, as a [Gap] of the owner: nothing of its volumes from
/// there on counts until its agent, which sees another identity of the staging area, has compared
/// the disks. Then the blocks are cleared by entries of the journal, so that whoever applies it
/// later comes to the same map, whether he can read the page or not.
///
/// Of a branch, with which nobody compares, that is done only if a write to it was lost; else only
/// those who read the lost blocks are told. Safe for any thread.
final class Mending {
    private static final System.Logger LOG = System.getLogger(Mending.class.getName());

    private final StoreCore core;
    private final VolumeRegistry registry;

    /// Held while maps are mended: one at a time.
    private final ReentrantLock lock = new ReentrantLock();

    Mending(StoreCore core, VolumeRegistry registry) {
        this.core = core;
        this.registry = registry;
    }

    /// Mends the maps of all volumes.
    ///
    /// @throws StoreException without waiting for long, while the journal is full or fails
    void mend() throws IOException {
        mend(_ -> true);
    }

    /// As above, those of one owner.
    void mend(int owner) throws IOException {
        mend(state -> state.owner == owner);
    }

    private void mend(Predicate<VolumeState> wanted) throws IOException {
        if (core.inDoubt.isEmpty()) {
            return;
        }
        lock.lock();
        try {
            // what is cleared may reach into another damaged page
            for (var hurt = hurt(wanted); !hurt.isEmpty(); hurt = hurt(wanted)) {
                for (var owner : hurt.entrySet()) {
                    giveUp(owner.getKey(), owner.getValue());
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// Volumes that are to be mended, by owner.
    private Map<Integer, List<VolumeState>> hurt(Predicate<VolumeState> wanted) {
        var byOwner = new HashMap<Integer, List<VolumeState>>();
        for (var state : core.inDoubt) {
            var isCurrent = core.volumes().get(state.number) == state; // else it was deleted
            if (isCurrent && state.isMendable() && wanted.test(state)) {
                byOwner.computeIfAbsent(state.owner, _ -> new ArrayList<>()).add(state);
            }
        }
        return byOwner;
    }

    private void giveUp(int owner, List<VolumeState> volumes) throws IOException {
        var missingFrom = core.journal().nextSequence();
        var entries = new ArrayList<JournalEntry>();
        for (var volume : volumes) {
            var found = volume.doubts().found();
            missingFrom = Math.min(missingFrom, found.missingFrom());
            for (var run : found.runs()) {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "event=blocks-lost volume={0} firstBlock={1} blocks={2}: a page of its map is"
                                + " damaged; they are missing until its disk is compared",
                        volume,
                        Long.toString(run.firstBlock()),
                        Long.toString(run.blockCount()));
                entries.add(new JournalEntry.Clear(volume, run.firstBlock(), run.blockCount()));
            }
        }
        registry.lose(owner, missingFrom);
        try {
            core.journal().await(core.journal().submit(entries));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while mending a map");
        }
    }
}
