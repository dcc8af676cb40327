package holdfast.agent;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Clocks that move only when somebody sleeps, or when told.
final class FakeTime implements TimeSource {
    final List<Duration> sleeps = new ArrayList<>();
    Runnable whenSlept = () -> {};
    private long nanos = 1_000_000_000_000L;

    @Override
    public synchronized Instant now() {
        return Instant.EPOCH.plusNanos(nanos);
    }

    @Override
    public synchronized long nanoTime() {
        return nanos;
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        synchronized (this) {
            sleeps.add(duration);
            nanos += Math.max(0, duration.toNanos());
        }
        whenSlept.run();
    }

    synchronized void advance(Duration duration) {
        nanos += duration.toNanos();
    }
}
