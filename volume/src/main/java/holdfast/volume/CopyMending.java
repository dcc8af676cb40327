package holdfast.volume;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Has all that is stored twice in two sound copies again, before what is left of one is damaged,
/// too. What cannot be stored now is passed over, and told: it is no worse than before.
final class CopyMending {
    private static final System.Logger LOG = System.getLogger(CopyMending.class.getName());

    private final StoreCore core;

    CopyMending(StoreCore core) {
        this.core = core;
    }

    void run() {
        catalogue();
        for (var state : core.volumes().values()) {
            key(state.volume().id());
        }
        checkpointsAndSnapshots();
    }

    private void catalogue() {
        core.catalogueLock.lock();
        try {
            mend(
                    Catalogue.FOLDER,
                    () -> {
                        var isWhole = Catalogue.isWhole(core.storage, core.catalogue);
                        if (!isWhole) {
                            core.catalogue.store(core.storage);
                        }
                        return !isWhole;
                    });
        } finally {
            core.catalogueLock.unlock();
        }
    }

    private void key(VolumeId volume) {
        core.catalogueLock.lock(); // a deleted volume's key must not come back
        try {
            if (core.lookup(volume).isPresent()) {
                mendKey(core.keys, volume);
            }
        } finally {
            core.catalogueLock.unlock();
        }
    }

    /// Of a volume that there is and that nobody deletes meanwhile.
    static void mendKey(KeyRing keys, VolumeId volume) {
        mend("the data key of " + volume, () -> keys.mend(volume));
    }

    private void checkpointsAndSnapshots() {
        core.checkpoints.lock.lock(); // what is deleted meanwhile must not come back
        try {
            for (var place : List.copyOf(core.checkpoints.all())) {
                mend(
                        place.path(),
                        () ->
                                TwoCopies.mend(
                                        core.storage,
                                        place.path(),
                                        Checkpoint::decode,
                                        Optional::empty));
            }
            for (var snapshot : core.points.snapshots()) {
                mend(
                        snapshot.path(),
                        () ->
                                TwoCopies.mend(
                                        core.storage,
                                        snapshot.path(),
                                        KeptSnapshot::decode,
                                        () -> Optional.of(snapshot.encode())));
            }
        } finally {
            core.checkpoints.lock.unlock();
        }
    }

    /// Says whether anything was stored.
    @FunctionalInterface
    private interface Mend {
        boolean run() throws IOException;
    }

    private static void mend(String what, Mend mend) {
        try {
            if (mend.run()) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "{0}: a copy was missing or damaged; stored again",
                        what);
            }
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0}: a copy is missing or damaged, and cannot be stored again now ({1}); the"
                            + " next scrub tries",
                    what,
                    e.getMessage());
        }
    }
}
