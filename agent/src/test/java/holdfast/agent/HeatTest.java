package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.BlockSet;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeatTest {
    private final Heat heat = new Heat();
    private final BlockSet pending = new BlockSet(100_000);

    HeatTest() {
        pending.add(0, 100_000);
    }

    @Test
    void conflictsComeBeforeWhatIsMerelyWrittenOften() {
        heat.touched(0, 500, 2);
        heat.touched(0, 500, 2);
        heat.conflicted(0, 890, BitSet.valueOf(new long[] {1 << 10}));
        heat.touched(0, 10, 1); // once is not hot
        assertThat(heat.hottest(List.of(pending), 100))
                .containsExactly(
                        new Chunk(0, 900, 1, Phase.CHANGES), new Chunk(0, 500, 2, Phase.CHANGES));
    }

    @Test
    void whatIsNoLongerWrittenCoolsDown() {
        heat.touched(0, 500, 2);
        heat.touched(0, 500, 2);
        for (var round = 0; round < 16; round++) {
            heat.roundEnded();
        }
        assertThat(heat.hottest(List.of(pending), 100)).isEmpty();
    }

    @Test
    void onlyPendingBlocksAreChosenAndNoMoreThanAsked() {
        for (var i = 0; i < 3; i++) {
            heat.touched(0, 0, 300);
        }
        pending.remove(0, 50);
        var chosen = heat.hottest(List.of(pending), 100);
        assertThat(chosen).allMatch(chunk -> chunk.firstBlock() >= 50 && chunk.blockCount() <= 64);
        assertThat(chosen.stream().mapToInt(Chunk::blockCount).sum()).isEqualTo(100);
    }

    /// A flood of blocks seen once does not wash out the few that matter.
    @Test
    void hotBlocksSurviveAFlood() {
        for (var i = 0; i < 20; i++) {
            heat.conflicted(0, 0, BitSet.valueOf(new long[] {1 << 7}));
        }
        heat.touched(0, 1000, 90_000);
        assertThat(heat.hottest(List.of(pending), 1))
                .containsExactly(new Chunk(0, 7, 1, Phase.CHANGES));
    }
}
