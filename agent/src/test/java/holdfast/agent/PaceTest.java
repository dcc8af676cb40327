package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.tracking.Tracker;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {
    private final Pace pace = Pace.of(Tracker.Kind.EBPF, AgentSettings.Pacing.USUAL);

    @Test
    void roundsFollowTheIntervalWhileThereIsLittleToDo() {
        assertThat(pace.after(RoundOutcome.CONSISTENT, Duration.ofMillis(40)))
                .isEqualTo(Duration.ofMillis(960));
    }

    @Test
    void aLongRoundIsFollowedByARestUntilTheLimit() {
        assertThat(pace.after(RoundOutcome.CONSISTENT, Duration.ofMillis(900)))
                .isEqualTo(Duration.ofMillis(225));
        assertThat(pace.after(RoundOutcome.CONSISTENT, Duration.ofMillis(2000)))
                .isEqualTo(Duration.ofMillis(500));
        assertThat(pace.after(RoundOutcome.CONSISTENT, Duration.ofMillis(4800)))
                .isEqualTo(Duration.ofMillis(200));
        assertThat(pace.after(RoundOutcome.CONSISTENT, Duration.ofSeconds(60)))
                .isEqualTo(Duration.ZERO);
    }

    @Test
    void aConflictIsFollowedAtOnceUntilThatDoesNotHelp() {
        var busy = Duration.ofMillis(300);
        for (var i = 0; i < 5; i++) {
            assertThat(pace.after(RoundOutcome.CONFLICTED, busy)).isZero();
        }
        assertThat(pace.after(RoundOutcome.CONFLICTED, busy)).isEqualTo(busy);
        assertThat(pace.after(RoundOutcome.CONFLICTED, Duration.ofMillis(1)))
                .isEqualTo(Duration.ofMillis(100));
        pace.after(RoundOutcome.CONSISTENT, busy);
        assertThat(pace.after(RoundOutcome.CONFLICTED, busy)).isZero();
    }

    @Test
    void aBacklogIsWorkedOffWithoutPause() {
        assertThat(pace.after(RoundOutcome.PARTIAL, Duration.ofSeconds(2))).isZero();
    }

    @Test
    void aScanLeavesTheDisksAloneForHalfOfTheTime() {
        var scan = Pace.of(Tracker.Kind.SCAN, AgentSettings.Pacing.USUAL);
        var busy = Duration.ofMinutes(20);
        assertThat(scan.after(RoundOutcome.CONSISTENT, busy)).isEqualTo(busy);
    }
}
