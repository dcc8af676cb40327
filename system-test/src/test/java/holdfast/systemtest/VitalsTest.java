package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class VitalsTest {
    private static final int SAMPLES = 90;
    private static final int NOISE = 40;

    @Test
    void whatGoesUpAndDownDoesNotGrow() {
        assertThat(Vitals.growth(samples(0))).isEmpty();
    }

    /// Within a third of the samples it gains hardly more than they differ by anyway.
    @Test
    void aSlowLeakShows() {
        assertThat(Vitals.growth(samples(2)))
                .singleElement()
                .asString()
                .startsWith("OUTSIDE grew from ");
    }

    private static List<Vitals> samples(int leakedEachTime) {
        return IntStream.range(0, SAMPLES)
                .mapToObj(i ->
                        new Vitals(1_000, i * 10L, 500 + i * 17 % NOISE + leakedEachTime * i, 9, 5))
                .toList();
    }
}
