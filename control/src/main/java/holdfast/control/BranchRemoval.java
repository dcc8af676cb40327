package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Duration;

/// Deletes the branches of recovery instances, their keys with them. Safe for any thread.
final class BranchRemoval {
    /// Whoever else reads a branch, such as a scrub, is done with it by then.
    private static final Duration READERS_END_WITHIN = Duration.ofSeconds(30);

    private static final Duration RETRY = Duration.ofMillis(100);

    private final VolumeStore store;
    private final PointExports exports;
    private final TimeSource time;

    BranchRemoval(VolumeStore store, PointExports exports, TimeSource time) {
        this.store = store;
        this.exports = exports;
        this.time = time;
    }

    /// Deletes those of an instance whose machine does not run.
    ///
    /// @return how many, in words
    String remove(String instance) throws IOException, InterruptedException {
        var branches = RecoverWork.branches(store, instance);
        for (var branch : branches) {
            exports.end(branch.id());
            delete(branch);
        }
        return branches.size() + (branches.size() == 1 ? " branch" : " branches");
    }

    private void delete(Volume branch) throws IOException, InterruptedException {
        var start = time.nanoTime();
        while (true) {
            try {
                store.delete(branch.id());
                return;
            } catch (RefusalException e) {
                if (store.find(branch.id()).isEmpty()) {
                    return;
                }
                if (time.nanoTime() - start > READERS_END_WITHIN.toNanos()) {
                    throw e;
                }
                time.sleep(RETRY);
            }
        }
    }
}
