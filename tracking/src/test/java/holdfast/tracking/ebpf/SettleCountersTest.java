package holdfast.tracking.ebpf;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.TimeSource;
import holdfast.tracking.TrackerException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class SettleCountersTest {
    @Test
    void settlingWaitsForAProgramThatIsRunning() throws Exception {
        var memory = Arena.ofShared().allocate(SettleCounters.bytes(4), Long.BYTES);
        var running = 2L << SettleCounters.SLOT_SHIFT;
        memory.set(ValueLayout.JAVA_LONG, SettleCounters.ENTERED, 7);
        memory.set(ValueLayout.JAVA_LONG, SettleCounters.EXITED, 7);
        memory.set(ValueLayout.JAVA_LONG, running + SettleCounters.ENTERED, 3);
        memory.set(ValueLayout.JAVA_LONG, running + SettleCounters.EXITED, 2);
        var looked = new CountDownLatch(1);
        var clock =
                new StoppedClock() {
                    @Override
                    public long nanoTime() {
                        looked.countDown();
                        return super.nanoTime();
                    }
                };
        var settled = new CountDownLatch(1);
        var settling =
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                new SettleCounters(memory, clock).settle();
                                settled.countDown();
                            } catch (TrackerException e) {
                                throw new AssertionError(e);
                            }
                        });
        looked.await();
        assertThat(settled.getCount()).isOne();
        ValueLayout.JAVA_LONG.varHandle().setVolatile(memory, running + SettleCounters.EXITED, 3L);
        settling.join();
        assertThat(settled.getCount()).isZero();
    }

    @Test
    void everyProcessorHasASlotOfAPowerOfTwo() {
        assertThat(SettleCounters.slots(1)).isEqualTo(2);
        assertThat(SettleCounters.slots(2)).isEqualTo(2);
        assertThat(SettleCounters.slots(3)).isEqualTo(4);
        assertThat(SettleCounters.slots(64)).isEqualTo(64);
        assertThat(SettleCounters.slots(65)).isEqualTo(128);
        assertThat(SettleCounters.slots(8192)).isEqualTo(1024);
    }

    /// Never lets the wait run out.
    private static class StoppedClock implements TimeSource {
        @Override
        public Instant now() {
            return Instant.EPOCH;
        }

        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public void sleep(Duration duration) {}
    }
}
