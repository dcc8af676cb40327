package holdfast.recovery;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.time.Instant;

/// Time that passes only where somebody sleeps. Used by one thread.
class FakeTime implements TimeSource {
    private Duration passed = Duration.ZERO;

    @Override
    public Instant now() {
        return Instant.parse("2026-11-21T08:00:00Z").plus(passed);
    }

    @Override
    public long nanoTime() {
        return passed.toNanos();
    }

    @Override
    public void sleep(Duration duration) {
        passed = passed.plus(duration);
    }

    Duration passed() {
        return passed;
    }
}
