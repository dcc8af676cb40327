package holdfast.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CreditPoolTest {
    private static final long TOTAL = 16L << 20;
    private static final long WINDOW = 4L << 20;
    private static final int SESSIONS = 8;

    private final CreditPool pool = new CreditPool(TOTAL, SESSIONS, WINDOW);

    /// A session with what it was granted and has used.
    private static final class Session {
        private final CreditPool.Share share;
        private long granted;
        private long spent;
        private long released;

        Session(CreditPool.Share share) {
            this.share = share;
            this.granted = share.release(0);
        }

        void spend(long cost) {
            spent += cost;
        }

        void release(long cost) {
            released += cost;
            var limit = share.release(cost);
            assertThat(limit).isGreaterThanOrEqualTo(granted);
            granted = limit;
        }

        /// What it may still send, and what it sent that is not dealt with.
        long outstanding() {
            return granted - released;
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void neverGrantsMoreThanThereIsAndNeverStarvesAnyone(long seed) {
        var random = new SplittableRandom(seed);
        var sessions = new ArrayList<Session>();
        for (var step = 0; step < 20_000; step++) {
            var leaver = random.nextInt(SESSIONS * 20);
            if (leaver < sessions.size()) {
                sessions.remove(leaver).share.close();
            } else if (sessions.size() < SESSIONS && random.nextInt(10) == 0) {
                sessions.add(new Session(pool.join()));
            }
            for (var session : sessions) {
                if (random.nextBoolean() && session.granted > session.spent) {
                    session.spend(random.nextLong(session.granted - session.spent + 1));
                }
                if (random.nextBoolean() && session.spent > session.released) {
                    session.release(random.nextLong(session.spent - session.released + 1));
                }
            }
            var sum = sessions.stream().mapToLong(Session::outstanding).sum();
            assertThat(sum).isLessThanOrEqualTo(TOTAL);
            for (var session : sessions) {
                assertThat(session.outstanding()).isBetween(2L * Wire.COST_MAX, WINDOW);
            }
        }
    }

    @Test
    void aShareThatIsAloneGetsAWholeWindowAndShrinksInCompany() {
        var first = new Session(pool.join());
        assertThat(first.outstanding()).isEqualTo(WINDOW);
        for (var i = 1; i < SESSIONS; i++) {
            var other = new Session(pool.join());
            assertThat(other.outstanding()).isGreaterThanOrEqualTo(2L * Wire.COST_MAX);
        }
        first.spend(WINDOW);
        first.release(WINDOW);
        assertThat(first.outstanding()).isLessThanOrEqualTo(TOTAL / SESSIONS);
    }

    @Test
    void tooLittleMemoryForTheSessionsIsRefusedAtOnce() {
        assertThatThrownBy(() -> new CreditPool(1 << 20, SESSIONS, WINDOW))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
