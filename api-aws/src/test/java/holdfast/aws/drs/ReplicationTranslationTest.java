package holdfast.aws.drs;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.aws.drs.model.DataReplicationError;
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
        assertThat(error(new ReplicationState.Stalled("encryption-key-missing"), Duration.ZERO))
                .contains(DataReplicationErrorString.SNAPSHOTS_FAILURE);
    }

    /// Of what else is wrong that says more.
    @Test
    void aNetworkIsUnstableFromTheThirdLossOnWhereThatHasAnEffect() {
        for (var state :
                List.of(
                        new ReplicationState.Stalled("agent-disconnected"),
                        new ReplicationState.Stalled("agent-not-seen"),
                        new ReplicationState.Backlog(),
                        new ReplicationState.Rescan())) {
            assertThat(told(state, Duration.ZERO, 2))
                    .map(DataReplicationError::error)
                    .isNotEqualTo(Optional.of(DataReplicationErrorString.UNSTABLE_NETWORK));
            var error = told(state, Duration.ZERO, 3).orElseThrow();
            assertThat(error.error()).isEqualTo(DataReplicationErrorString.UNSTABLE_NETWORK);
            assertThat(error.rawError()).contains("3 times within 10 minutes", "why");
        }
        assertThat(told(new ReplicationState.Continuous(), Duration.ZERO, 9)).isEmpty();
        for (var code : List.of("agent-stopped", "staging-full", "encryption-key-missing")) {
            assertThat(told(new ReplicationState.Stalled(code), Duration.ZERO, 9))
                    .map(DataReplicationError::error)
                    .get()
                    .isNotEqualTo(DataReplicationErrorString.UNSTABLE_NETWORK);
        }
    }

    private static Optional<DataReplicationErrorString> error(
            ReplicationState state, Duration lasting) {
        return told(state, lasting, 0).map(DataReplicationError::error);
    }

    private static Optional<DataReplicationError> told(
            ReplicationState state, Duration lasting, int lostConnections) {
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
                        Optional.empty(),
                        lostConnections);
        var told = new ReplicationTranslation(at(SINCE.plus(lasting))).info(view);
        return Optional.ofNullable(told.dataReplicationError());
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
