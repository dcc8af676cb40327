package holdfast.nbd;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.time.Instant;

/// A clock that stands still until the test moves it.
final class ManualTime implements TimeSource {
    private Instant now = Instant.EPOCH;
    private int sleepers;

    @Override
    public synchronized Instant now() {
        return now;
    }

    @Override
    public synchronized long nanoTime() {
        return Duration.between(Instant.EPOCH, now).toNanos();
    }

    @Override
    public synchronized void sleep(Duration duration) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        var end = now.plus(duration);
        sleepers++;
        notifyAll();
        try {
            while (now.isBefore(end)) {
                wait();
            }
        } finally {
            sleepers--;
            notifyAll();
        }
    }

    synchronized void advance(Duration duration) {
        now = now.plus(duration);
        notifyAll();
    }

    /// Who was interrupted before it came to sleep is never counted.
    synchronized void awaitSleepers(int count) throws InterruptedException {
        while (sleepers != count) {
            wait();
        }
    }
}
