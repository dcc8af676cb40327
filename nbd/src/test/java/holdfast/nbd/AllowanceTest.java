package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AllowanceTest {
    private static final int BYTES_MAX = 5 << 20;
    private static final int REQUESTS_MAX = 3;

    private final Buffers buffers = new Buffers();
    private final Allowance allowance =
            new Allowance(
                    new NbdLimits(1, REQUESTS_MAX, BYTES_MAX, Duration.ofSeconds(1), Duration.ZERO),
                    buffers);

    @Test
    void neverMoreIsHeldThanAllowedAndAllGetTheirTurn() throws InterruptedException {
        var bytes = new AtomicInteger();
        var requests = new AtomicInteger();
        var bytesPeak = new AtomicInteger();
        var requestsPeak = new AtomicInteger();
        var turns = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (var seed = 0; seed < 20; seed++) {
            var random = new SplittableRandom(seed);
            threads.add(
                    Thread.startVirtualThread(() -> {
                        for (var i = 0; i < 100; i++) {
                            allowance.begin();
                            requestsPeak.accumulateAndGet(requests.incrementAndGet(), Math::max);
                            var wanted = 1 + random.nextInt(4 << 20);
                            try (var loan = allowance.lend(wanted)) {
                                assertThat(loan.array().length).isGreaterThanOrEqualTo(wanted);
                                bytesPeak.accumulateAndGet(
                                        bytes.addAndGet(loan.array().length), Math::max);
                                Thread.yield();
                                bytes.addAndGet(-loan.array().length);
                            }
                            requests.decrementAndGet();
                            allowance.finish();
                            turns.incrementAndGet();
                        }
                    }));
        }
        for (var thread : threads) {
            thread.join();
        }
        assertThat(turns).hasValue(2000);
        assertThat(bytesPeak.get()).isPositive().isLessThanOrEqualTo(BYTES_MAX);
        assertThat(requestsPeak.get()).isPositive().isLessThanOrEqualTo(REQUESTS_MAX);
        allowance.awaitIdle();
    }

    @Test
    void arraysAreUsedAgain() {
        byte[] first;
        try (var loan = allowance.lend(100 << 10)) {
            first = loan.array();
        }
        try (var loan = allowance.lend(200 << 10)) {
            assertThat(loan.array()).isSameAs(first);
            try (var other = allowance.lend(200 << 10)) {
                assertThat(other.array()).isNotSameAs(first);
            }
        }
    }
}
