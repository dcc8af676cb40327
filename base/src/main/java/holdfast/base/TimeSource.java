package holdfast.base;

import java.time.Duration;
import java.time.Instant;

/// Wall clock, monotonic clock and waiting. Implementations are safe for any thread.
public interface TimeSource {
    /// Wall-clock time; may jump when the operator or NTP sets the clock.
    Instant now();

    /// Monotonic nanoseconds from an arbitrary origin; only differences mean anything.
    long nanoTime();

    /// Returns after at least `duration` of monotonic time, at once if it is zero or negative.
    void sleep(Duration duration) throws InterruptedException;

    /// The machine's own clocks.
    static TimeSource system() {
        return SystemTimeSource.INSTANCE;
    }
}
