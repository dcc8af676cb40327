package holdfast.agent;

import holdfast.base.RandomSource;
import java.time.Duration;

/// How long to wait before the next attempt to connect: doubling from half a second to half a
/// minute, of which the upper half is random, so that the agents of a replicator that comes back do
/// not come all at once. Never gives up.
final class BackOff {
    static final Duration FIRST = Duration.ofMillis(500);
    static final Duration LONGEST = Duration.ofSeconds(30);

    private final RandomSource random;
    private long nextMillis = FIRST.toMillis();

    BackOff(RandomSource random) {
        this.random = random;
    }

    /// After one more failure.
    Duration next() {
        var half = nextMillis / 2;
        nextMillis = Math.min(nextMillis * 2, LONGEST.toMillis());
        return Duration.ofMillis(half + Math.floorMod(random.nextLong(), half + 1));
    }

    /// After a success.
    void reset() {
        nextMillis = FIRST.toMillis();
    }
}
