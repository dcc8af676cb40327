package holdfast.agent;

import holdfast.base.Blocks;
import java.time.Duration;

/// How much of what is pending one round takes on when it need not take all: as much as the link
/// carries in a few seconds. What is acknowledged at the end of a round is never sent again, so
/// this bounds what a lost link or a killed agent costs.
final class RoundSize {
    private static final long BLOCKS_MIN = (4L << 20) / Blocks.BLOCK_BYTES;
    private static final long BLOCKS_MAX = (1L << 30) / Blocks.BLOCK_BYTES;
    private static final Duration SHORT = Duration.ofSeconds(2);
    private static final Duration LONG = Duration.ofSeconds(5);

    private long blocks = (64L << 20) / Blocks.BLOCK_BYTES;

    long blocks() {
        return blocks;
    }

    /// A round of `done` blocks took so long.
    void took(long done, Duration time) {
        if (time.compareTo(LONG) > 0) {
            blocks = Math.max(BLOCKS_MIN, blocks / 2);
        } else if (time.compareTo(SHORT) < 0 && done >= blocks) {
            blocks = Math.min(BLOCKS_MAX, blocks * 2);
        }
    }
}
