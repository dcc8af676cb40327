package holdfast.control;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.time.Instant;

/// A clock that moves when told to, or when someone sleeps.
final class FakeTime implements TimeSource {
    static final Instant START = Instant.parse("2026-11-01T12:00:00Z");

    private final Crash.Fuse fuse;
    private Instant now = START;
    private long nanos;
    private Runnable meanwhile = () -> {};

    FakeTime(Crash.Fuse fuse) {
        this.fuse = fuse;
    }

    @Override
    public synchronized Instant now() {
        fuse.step();
        return now;
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
        advance(duration);
        meanwhile.run();
    }

    /// What others do whenever someone sleeps.
    void meanwhile(Runnable others) {
        meanwhile = others;
    }

    synchronized void advance(Duration duration) {
        now = now.plus(duration);
        nanos += duration.toNanos();
    }
}
