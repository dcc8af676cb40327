package holdfast.simulation;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;

/// The clocks of a process's machine, and its threads.
record SimTime(Scheduler scheduler, SimProcess process) implements TimeSource {
    static final Instant BEGINNING = Instant.parse("2026-11-02T03:04:05Z");

    /// Each boot has another origin of the monotonic clock; ours has one that nobody expects.
    private static final long ORIGIN_NANOS = 987_654_321L;

    @Override
    public Instant now() {
        return BEGINNING.plusNanos(scheduler.nanos()).plus(process.host().clockError());
    }

    @Override
    public long nanoTime() {
        return ORIGIN_NANOS + scheduler.nanos();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        scheduler.sleep(duration.toNanos());
    }

    @Override
    public <T> T await(Future<T> outcome, Duration atMost)
            throws InterruptedException, ExecutionException, TimeoutException {
        if (!(outcome instanceof CompletableFuture<T> future)) {
            throw new UnsupportedOperationException("a timed wait for " + outcome.getClass());
        }
        var signal = new Signal(scheduler);
        var _ = future.whenComplete((_, _) -> signal.all());
        var until = scheduler.nanos() + atMost.toNanos();
        while (!future.isDone()) {
            if (!signal.await(until) && !future.isDone()) {
                throw new TimeoutException();
            }
        }
        return future.get();
    }

    @Override
    public Thread.Builder workers() {
        return process.threads();
    }
}
