package holdfast.replication;

import java.util.concurrent.locks.ReentrantLock;

/// The replicator's memory for data under way, divided among the sessions as credit.
///
/// Each session has a part of its own that nobody can take, enough to go on with, so a session that
/// holds on to what it was granted cannot stop another. The rest is shared in equal parts among
/// those that are there. Credit once granted cannot be taken back; a share that has become too
/// large shrinks as it is used. Safe for any thread.
final class CreditPool {
    private final ReentrantLock lock = new ReentrantLock();
    private final long ownBytes;
    private final long windowBytesMax;
    private final long sharedBytes;
    private long sharedUsedBytes;
    private int shareCount;

    /// @param totalBytes never exceeded by what all sessions may have under way together
    /// @param sessionsMax shares that may exist at a time
    /// @param windowBytesMax what one session may have under way
    CreditPool(long totalBytes, int sessionsMax, long windowBytesMax) {
        this.ownBytes = 2L * Wire.COST_MAX; // one extent on its way while another is being written
        this.windowBytesMax = windowBytesMax;
        this.sharedBytes = totalBytes - sessionsMax * ownBytes;
        if (sharedBytes < 0 || windowBytesMax < ownBytes) {
            throw new IllegalArgumentException(
                    totalBytes
                            + " bytes for "
                            + sessionsMax
                            + " sessions in windows of "
                            + windowBytesMax
                            + ": each needs "
                            + ownBytes);
        }
    }

    /// A new session's share, with nothing granted yet. The session closes it.
    Share join() {
        lock.lock();
        try {
            shareCount++;
            return new Share();
        } finally {
            lock.unlock();
        }
    }

    /// One session's part.
    final class Share implements AutoCloseable {
        private long outstandingBytes;
        private long limit;
        private boolean closed;

        private Share() {}

        /// Takes back what a request had cost, which is now dealt with, and grants what is fair.
        ///
        /// @return the sum of all that was ever granted to the session
        long release(long cost) {
            lock.lock();
            try {
                if (closed) {
                    return limit;
                }
                outstanding(outstandingBytes - cost);
                var fair = ownBytes + sharedBytes / shareCount;
                var free = sharedBytes - sharedUsedBytes + Math.max(0, ownBytes - outstandingBytes);
                var more = Math.min(Math.min(fair, windowBytesMax) - outstandingBytes, free);
                if (more > 0) {
                    outstanding(outstandingBytes + more);
                    limit += more;
                }
                return limit;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (!closed) {
                    outstanding(0);
                    shareCount--;
                    closed = true;
                }
            } finally {
                lock.unlock();
            }
        }

        private void outstanding(long bytes) {
            sharedUsedBytes -= Math.max(0, outstandingBytes - ownBytes);
            outstandingBytes = bytes;
            sharedUsedBytes += Math.max(0, outstandingBytes - ownBytes);
        }
    }
}
