package holdfast.base;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/// The machine's own clocks.
enum SystemTimeSource implements TimeSource {
    INSTANCE;

    private final Clock clock = Clock.systemUTC();

    @Override
    public Instant now() {
        return clock.instant();
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        if (duration.isPositive()) {
            Thread.sleep(duration);
        }
    }
}
