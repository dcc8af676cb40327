package holdfast.replication;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/// Bytes a second that data may take of the network: what the agent's machine allows and what the
/// replicator asks for, the stricter of the two. Safe for any thread, and meant to be shared by all
/// links of an agent, one after the other.
public final class BandwidthLimit {
    /// A waiting sender looks this often whether the limit was changed.
    private static final Duration LOOK = Duration.ofMillis(100);

    /// What an idle time may save up.
    private static final double BURST_SECONDS = 0.1;

    private final TimeSource time;
    private final ReentrantLock lock = new ReentrantLock();
    private final long allowed;
    private long bytesPerSecond;
    private double savedBytes;
    private long savedAtNanos;

    /// @param allowed on this machine; zero for no limit
    public BandwidthLimit(TimeSource time, long allowed) {
        if (allowed < 0) {
            throw new IllegalArgumentException("limit of " + allowed + " bytes a second");
        }
        this.time = time;
        this.savedAtNanos = time.nanoTime();
        this.allowed = allowed;
        this.bytesPerSecond = allowed;
    }

    /// The replicator asks for this; holds for those who wait already, too.
    ///
    /// @param asked zero for no limit but that of this machine; not negative
    void asked(long asked) {
        lock.lock();
        try {
            save();
            bytesPerSecond = asked == 0 || (allowed > 0 && allowed < asked) ? allowed : asked;
            savedBytes = Math.min(savedBytes, 0);
        } finally {
            lock.unlock();
        }
    }

    /// Returns when so many bytes may be sent. They may be more than a burst: what they take too
    /// much, the next ones wait for.
    void take(int bytes) throws InterruptedException {
        for (var wait = tryTake(bytes); wait.isPositive(); wait = tryTake(bytes)) {
            time.sleep(wait.compareTo(LOOK) < 0 ? wait : LOOK);
        }
    }

    /// @return zero if the bytes were taken, else how long to wait before trying again
    private Duration tryTake(int bytes) {
        lock.lock();
        try {
            save();
            if (bytesPerSecond == 0) {
                return Duration.ZERO;
            }
            if (savedBytes >= 0) {
                savedBytes -= bytes;
                return Duration.ZERO;
            }
            return Duration.ofNanos((long) Math.ceil(-savedBytes * 1e9 / bytesPerSecond));
        } finally {
            lock.unlock();
        }
    }

    private void save() {
        var now = time.nanoTime();
        var earned = (now - savedAtNanos) * 1e-9 * bytesPerSecond;
        savedBytes = Math.min(savedBytes + earned, BURST_SECONDS * bytesPerSecond);
        savedAtNanos = now;
    }
}
