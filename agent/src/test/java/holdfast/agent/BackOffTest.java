package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import org.junit.jupiter.api.Test;

class BackOffTest {
    @Test
    void doublesUpToItsLimitAndStartsAgainAfterASuccess() {
        var smallest = new BackOff(bytes -> Arrays.fill(bytes, (byte) 0));
        for (var expected : new long[] {250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000}) {
            assertThat(smallest.next()).isEqualTo(Duration.ofMillis(expected));
        }
        smallest.reset();
        assertThat(smallest.next()).isEqualTo(Duration.ofMillis(250));
    }

    @Test
    void agentsDoNotComeAllAtOnce() {
        var seed = new int[1];
        var backOff = new BackOff(bytes -> bytes[7] = (byte) (seed[0]++ * 37));
        var seen = new HashSet<Duration>();
        for (var i = 0; i < 200; i++) {
            var next = backOff.next();
            assertThat(next).isLessThanOrEqualTo(BackOff.LONGEST).isPositive();
            seen.add(next);
        }
        assertThat(seen).hasSizeGreaterThan(100);
    }
}
