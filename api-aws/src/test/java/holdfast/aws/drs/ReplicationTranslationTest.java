package holdfast.aws.drs;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.aws.drs.model.DataReplicationErrorString;
import holdfast.base.TimeSource;
import holdfast.control.ReplicationState;
import holdfast.control.ServerView;
import holdfast.control.SourceServer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReplicationTranslationTest {
    private static final Instant SINCE = Instant.parse("2026-11-29T04:00:00Z");

    @Test
    void aBacklogThatLastsIsAnErrorAndAShortOneIsNot() {
        assertThat(error(new ReplicationState.Backlog(), Duration.ofMinutes(10))).isEmpty();
        assertThat(error(new ReplicationState.Backlog(), Duration.ofMinutes(11)))
                .contains(DataReplicationErrorString.NOT_CONVERGING);
        assertThat(error(new ReplicationState.Continuous(), Duration.ofDays(9))).isEmpty();
    }

    @Test
    void aStallIsToldByWhatItIsOf() {
        assertThat(error(new ReplicationState.Stalled("staging-full"), Duration.ZERO))
                .contains(DataReplicationErrorString.SNAPSHOTS_FAILURE);
        assertThat(error(new ReplicationState.Stalled("agent-not-seen"), Duration.ZERO))
                .contains(DataReplicationErrorString.AGENT_NOT_SEEN);
    }

    private static Optional<DataReplicationErrorString> error(
            ReplicationState state, Duration lasting) {
        var server =
                new SourceServer(
                        "s-1",
                        "web1",
                        state,
                        "why",
                        SINCE,
                        SINCE,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of());
        var view =
                new ServerView(
                        server,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        var told = new ReplicationTranslation(at(SINCE.plus(lasting))).info(view);
        return Optional.ofNullable(told.dataReplicationError()).map(error -> error.error());
    }

    private static TimeSource at(Instant now) {
        return new TimeSource() {
            @Override
            public Instant now() {
                return now;
            }

            @Override
            public long nanoTime() {
                return 0;
            }

            @Override
            public void sleep(Duration duration) {
                throw new AssertionError("nothing to wait for");
            }
        };
    }
}
