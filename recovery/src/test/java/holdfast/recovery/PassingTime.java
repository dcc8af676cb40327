package holdfast.recovery;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/// Time that passes only as a test says, however long the machine takes; whoever sleeps does so by
/// the machine's own. For any thread.
final class PassingTime implements TimeSource {
    private final AtomicLong passedNanos = new AtomicLong();
    private final Semaphore slept = new Semaphore(0);
    private volatile Duration perSleep = Duration.ZERO;

    void pass(Duration duration) {
        passedNanos.addAndGet(duration.toNanos());
    }

    /// So much passes with each sleep from now on.
    void perSleep(Duration duration) {
        perSleep = duration;
    }

    /// Waits until somebody has slept so often from now on.
    void awaitSleeps(int count) throws InterruptedException {
        slept.drainPermits();
        slept.acquire(count);
    }

    @Override
    public Instant now() {
        return TimeSource.system().now();
    }

    @Override
    public long nanoTime() {
        return passedNanos.get();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        TimeSource.system().sleep(duration);
        pass(perSleep);
        slept.release();
    }
}
