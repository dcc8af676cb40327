package holdfast.replication;

import holdfast.volume.VolumeId;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/// Which volumes of one server were written to since this replicator started, and what was appended
/// to each last. Outlives the server's sessions: what one session left in the store's queue must be
/// counted when the next one asks what its replica holds. Safe for any thread.
final class WrittenVolumes {
    private final ConcurrentHashMap<VolumeId, CompletableFuture<?>> newest =
            new ConcurrentHashMap<>();

    /// @param durable completes when the store holds it
    void add(VolumeId id, CompletableFuture<?> durable) {
        newest.put(id, durable);
    }

    boolean contains(VolumeId id) {
        return newest.containsKey(id);
    }

    /// Waits until everything that was appended to the volume can be read back from it, or never
    /// will be. That takes as long as the staging area is full.
    void await(VolumeId id) throws InterruptedException {
        var last = newest.get(id);
        if (last != null) {
            try {
                last.get();
            } catch (ExecutionException _) {
                // the session whose append it was has been told
            }
        }
    }
}
