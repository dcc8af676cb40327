package holdfast.agent;

import holdfast.base.RandomSource;
import java.time.Duration;

/// How long to wait before the next attempt: doubling up to a longest pause, of which the upper
/// half is random, so that the agents of a replicator that comes back do not come all at once.
/// Never gives up.
final class BackOff {
    static final Duration FIRST = Duration.ofMillis(500);
    static final Duration LONGEST = Duration.ofSeconds(30);

    private final RandomSource random;
    private final Duration first;
    private final Duration longest;
    private long nextMillis;

    /// For connecting: from half a second to half a minute.
    BackOff(RandomSource random) {
        this(random, FIRST, LONGEST);
    }

    BackOff(RandomSource random, Duration first, Duration longest) {
        this.random = random;
        this.first = first;
        this.longest = longest;
        this.nextMillis = first.toMillis();
    }

    /// After one more failure.
    Duration next() {
        var half = nextMillis / 2;
        nextMillis = Math.min(nextMillis * 2, longest.toMillis());
        return Duration.ofMillis(half + Math.floorMod(random.nextLong(), half + 1));
    }

    /// After a success.
    void reset() {
        nextMillis = first.toMillis();
    }
}
