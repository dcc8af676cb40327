package holdfast.base;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Wall clock, monotonic clock, waiting, and the threads that wait. Implementations are safe for
/// any thread.
public interface TimeSource {
    /// Wall-clock time; may jump when the operator or NTP sets the clock.
    Instant now();

    /// Monotonic nanoseconds from an arbitrary origin; only differences mean anything.
    long nanoTime();

    /// Returns after at least `duration` of monotonic time, at once if it is zero or negative.
    void sleep(Duration duration) throws InterruptedException;

    /// Waits for an outcome for at most so much of monotonic time.
    ///
    /// @throws TimeoutException if there is none by then
    default <T> T await(Future<T> outcome, Duration atMost)
            throws InterruptedException, ExecutionException, TimeoutException {
        return outcome.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    /// Makes threads for work that would hold up the carriers of virtual ones, since it waits for a
    /// disk or computes for long: daemons. Virtual threads need no seam: they run where the thread
    /// that makes them runs.
    default Thread.Builder workers() {
        return Thread.ofPlatform().daemon();
    }

    /// The machine's own clocks.
    static TimeSource system() {
        return SystemTimeSource.INSTANCE;
    }
}
