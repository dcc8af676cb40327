package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RoundSizeTest {
    private final RoundSize size = new RoundSize();

    @Test
    void growsOnAFastLinkAndShrinksOnASlowOneWithinBounds() {
        for (var i = 0; i < 20; i++) {
            size.took(size.blocks(), Duration.ofMillis(500));
        }
        assertThat(size.blocks()).isEqualTo(1 << 18);
        for (var i = 0; i < 20; i++) {
            size.took(size.blocks(), Duration.ofSeconds(30));
        }
        assertThat(size.blocks()).isEqualTo(1 << 10);
    }

    @Test
    void roundsThatDidNotUseItSayNothing() {
        var before = size.blocks();
        size.took(3, Duration.ofMillis(5));
        size.took(before, Duration.ofSeconds(3));
        assertThat(size.blocks()).isEqualTo(before);
    }
}
