package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BandwidthLimitTest {
    private final ManualTime time = new ManualTime();

    @Test
    void noMoreIsTakenThanTheLimitAllows() throws InterruptedException {
        var limit = new BandwidthLimit(time, 1_000_000);
        var takenAt = takeInBackground(limit, 100_000, 51);
        drive(takenAt);
        // 50 pieces had to be waited for, the first is sent on credit
        assertThat(time.nanoTime()).isBetween(5_000_000_000L, 5_500_000_000L);
    }

    @Test
    void aPieceLargerThanASecondsWorthPassesAndIsWaitedForAfterwards() throws InterruptedException {
        var limit = new BandwidthLimit(time, 1_000);
        limit.take(10_000);
        drive(takeInBackground(limit, 1, 1));
        assertThat(time.nanoTime()).isBetween(10_000_000_000L, 10_500_000_000L);
    }

    @Test
    void aNewLimitHoldsForWhoWaitsAlready() throws InterruptedException {
        var limit = new BandwidthLimit(time, 0);
        limit.asked(1);
        limit.take(1_000_000);
        var waiting = takeInBackground(limit, 1, 1);
        limit.asked(0);
        drive(waiting);
        assertThat(time.nanoTime()).isLessThan(1_000_000_000L);
    }

    @Test
    void theStricterOfTwoLimitsHolds() throws InterruptedException {
        var limit = new BandwidthLimit(time, 1_000);
        limit.asked(1_000_000);
        limit.take(10_000);
        drive(takeInBackground(limit, 1, 1));
        assertThat(time.nanoTime()).isBetween(10_000_000_000L, 10_500_000_000L);
        limit.asked(100);
        drive(takeInBackground(limit, 10_000, 2), Duration.ofMillis(500));
        assertThat(time.nanoTime()).isBetween(110_000_000_000L, 112_000_000_000L);
    }

    @Test
    void withoutALimitNothingWaits() throws InterruptedException {
        var limit = new BandwidthLimit(time, 0);
        for (var i = 0; i < 100; i++) {
            limit.take(Integer.MAX_VALUE);
        }
        assertThat(time.nanoTime()).isZero();
    }

    private static Thread takeInBackground(BandwidthLimit limit, int bytes, int times) {
        return Thread.ofVirtual()
                .start(() -> {
                    try {
                        for (var i = 0; i < times; i++) {
                            limit.take(bytes);
                        }
                    } catch (InterruptedException _) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    /// Lets time go on, in steps that each give the waiting thread its turn.
    private void drive(Thread waiting) throws InterruptedException {
        drive(waiting, Duration.ofMillis(10));
    }

    private void drive(Thread waiting, Duration step) throws InterruptedException {
        while (waiting.isAlive()) {
            if (waiting.getState() == Thread.State.WAITING) {
                time.advance(step);
            }
            waiting.join(Duration.ofMillis(1));
        }
    }
}
