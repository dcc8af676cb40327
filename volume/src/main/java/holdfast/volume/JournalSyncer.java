package holdfast.volume;

import java.io.IOException;

/// Makes durable what the appender wrote, everything that waits with one sync, and acknowledges it.
final class JournalSyncer {
    private final CommitQueue queue;
    private final JournalHealth health;

    JournalSyncer(CommitQueue queue, JournalHealth health) {
        this.queue = queue;
        this.health = health;
    }

    /// The syncer's thread: until the appender has ended and everything is durable, or nobody waits
    /// for a failing disk any longer.
    void run() {
        try {
            for (var unsynced = queue.nextUnsynced();
                    !unsynced.requests().isEmpty();
                    unsynced = queue.nextUnsynced()) {
                sync(unsynced);
            }
        } catch (InterruptedException _) {
            // closing while the disk fails
        } finally {
            queue.syncerDone();
        }
    }

    private void sync(CommitQueue.Unsynced unsynced) throws InterruptedException {
        try {
            for (var segment : unsynced.segments()) {
                segment.sync();
            }
            queue.synced(unsynced);
        } catch (IOException e) {
            health.failing("syncing the journal: " + e.getMessage());
            health.pause();
            queue.syncFailed();
        }
    }
}
