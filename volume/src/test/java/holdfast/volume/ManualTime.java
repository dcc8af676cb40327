package holdfast.volume;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.time.Instant;

/// A clock that the test sets. Sleeping waits a little in real time, so that threads that poll do
/// not spin, and does not move the clock.
final class ManualTime implements TimeSource {
    private volatile Instant now = Instant.parse("2026-11-01T00:00:00Z");

    void advance(Duration duration) {
        now = now.plus(duration);
    }

    @Override
    public Instant now() {
        return now;
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        Thread.sleep(1);
    }
}
