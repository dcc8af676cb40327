package holdfast.agent;

import java.time.Duration;
import java.util.ArrayDeque;

/// Bytes a second over the last ten seconds or so. Not safe for concurrent use.
final class RateMeter {
    private static final int SAMPLES_MAX = 10;
    private static final long SAMPLE_NANOS = Duration.ofSeconds(1).toNanos();

    private final ArrayDeque<Sample> samples = new ArrayDeque<>();
    private long total;

    void add(long bytes, long nanoTime) {
        var newest = samples.peekLast();
        if (newest == null || nanoTime - newest.nanoTime() >= SAMPLE_NANOS) {
            samples.addLast(new Sample(nanoTime, total));
            if (samples.size() > SAMPLES_MAX) {
                samples.removeFirst();
            }
        }
        total += bytes;
    }

    long bytesPerSecond(long nanoTime) {
        add(0, nanoTime); // an idle time counts as well
        var oldest = samples.peekFirst();
        if (oldest == null) {
            return 0;
        }
        var nanos = Math.max(SAMPLE_NANOS, nanoTime - oldest.nanoTime());
        return (long) ((total - oldest.total()) * 1e9 / nanos);
    }

    private record Sample(long nanoTime, long total) {}
}
