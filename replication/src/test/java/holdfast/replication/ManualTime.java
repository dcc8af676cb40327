package holdfast.replication;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Clocks that go on only when told to; sleepers wake when their time has come.
final class ManualTime implements TimeSource {
    private static final Instant START = Instant.parse("2026-11-01T12:00:00Z");

    private record Sleeper(String name, long endNanos) {}

    private final List<Sleeper> asleep = new ArrayList<>();
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
        var sleeper = new Sleeper(Thread.currentThread().getName(), nanos + duration.toNanos());
        asleep.add(sleeper);
        notifyAll();
        try {
            while (nanos < sleeper.endNanos) {
                wait();
            }
        } finally {
            asleep.remove(sleeper);
        }
    }

    /// Returns once a thread of that name sleeps.
    synchronized void awaitAsleep(String name) throws InterruptedException {
        while (asleep.stream().noneMatch(sleeper -> sleeper.name.equals(name))) {
            wait();
        }
    }

    synchronized void advance(Duration duration) {
        nanos += duration.toNanos();
        asleep.removeIf(sleeper -> sleeper.endNanos <= nanos); // whether they know it yet or not
        notifyAll();
    }
}
