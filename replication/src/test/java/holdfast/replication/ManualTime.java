package holdfast.replication;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.time.Instant;

/// Clocks that go on only when told to; sleepers wake when their time has come.
final class ManualTime implements TimeSource {
    private static final Instant START = Instant.parse("2026-11-01T12:00:00Z");

    private long nanos;

    @Override
    public synchronized Instant now() {
        return START.plusNanos(nanos);
    }

    @Override
    public synchronized long nanoTime() {
        return nanos;
    }

    @Override
    public synchronized void sleep(Duration duration) throws InterruptedException {
        for (var end = nanos + duration.toNanos(); nanos < end; ) {
            wait();
        }
    }

    synchronized void advance(Duration duration) {
        nanos += duration.toNanos();
        notifyAll();
    }
}
