package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.control.InstanceState.Event;
import holdfast.control.ReplicationEvent.Disconnect;
import holdfast.control.ReplicationEvent.NotSeen;
import holdfast.control.ReplicationEvent.Reported;
import holdfast.control.ReplicationEvent.SessionBegan;
import holdfast.control.ReplicationEvent.SessionEnded;
import holdfast.replication.AgentReport;
import holdfast.volume.StoreStatus;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StateMachinesTest {
    private static final ReplicationState INITIATING = new ReplicationState.Initiating();
    private static final ReplicationState CONTINUOUS = new ReplicationState.Continuous();

    @ParameterizedTest
    @EnumSource
    void theStateIsAsTheAgentReports(AgentReport.State reported) {
        assertThat(INITIATING.on(reported(reported, true)).name()).isEqualTo(reported.name());
    }

    /// Nothing could be recovered, so the server is not called in step.
    @Test
    void continuousIsNotBelievedBeforeAPointIsDurable() {
        assertThat(INITIATING.on(reported(AgentReport.State.CONTINUOUS, false)))
                .isEqualTo(new ReplicationState.CreatingSnapshot());
    }

    @Test
    void aStagingAreaThatDoesNotAcknowledgeStallsWhateverTheAgentSays() {
        var event =
                new Reported(
                        AgentReport.State.CONTINUOUS,
                        "",
                        true,
                        StoreStatus.State.FULL,
                        "12 bytes left");
        assertThat(CONTINUOUS.on(event)).isEqualTo(new ReplicationState.Stalled("staging-full"));
        assertThat(event.reason()).isEqualTo("staging area: 12 bytes left");
    }

    @Test
    void aStalledServerGoesOnWithItsAgent() {
        var stalled = CONTINUOUS.on(new NotSeen(FakeTime.START));
        assertThat(stalled).isEqualTo(new ReplicationState.Stalled("agent-not-seen"));
        assertThat(stalled.on(new SessionBegan())).isEqualTo(INITIATING);
        assertThat(stalled.on(reported(AgentReport.State.CONTINUOUS, true))).isEqualTo(CONTINUOUS);
    }

    @Test
    void theFirstCauseOfAStallIsKept() {
        var stalled = CONTINUOUS.on(new SessionEnded(Optional.of("connection reset")));
        assertThat(stalled.on(new NotSeen(FakeTime.START)))
                .isEqualTo(new ReplicationState.Stalled("agent-disconnected"));
    }

    @Test
    void whatAnAgentSaysChangesNothingOnceTheOperatorHasSpoken() {
        var disconnected = CONTINUOUS.on(new Disconnect());
        var deleted = disconnected.on(new ReplicationEvent.Delete());
        var stopped = CONTINUOUS.on(new ReplicationEvent.Stop());
        for (var event :
                List.of(
                        new SessionBegan(),
                        reported(AgentReport.State.CONTINUOUS, true),
                        new SessionEnded(Optional.empty()),
                        new NotSeen(FakeTime.START))) {
            assertThat(disconnected.on(event)).isEqualTo(new ReplicationState.Disconnected());
            assertThat(deleted.on(event)).isEqualTo(new ReplicationState.Deleted());
            assertThat(stopped.on(event)).isEqualTo(new ReplicationState.Stopped());
        }
    }

    @Test
    void onlyADisconnectedServerIsDeletedAndOnlyAnIdleOneBeginsAnew() {
        var again = new ReplicationEvent.Again();
        assertThat(CONTINUOUS.on(new ReplicationEvent.Delete())).isEqualTo(CONTINUOUS);
        assertThat(CONTINUOUS.on(again)).isEqualTo(CONTINUOUS);
        var stopped = CONTINUOUS.on(new ReplicationEvent.Stop());
        assertThat(stopped.on(new ReplicationEvent.Delete())).isEqualTo(stopped);
        assertThat(stopped.on(again)).isEqualTo(INITIATING);
        var disconnected = stopped.on(new Disconnect());
        assertThat(disconnected.on(new ReplicationEvent.Stop())).isEqualTo(disconnected);
        assertThat(disconnected.on(again)).isEqualTo(INITIATING);
        var deleted = disconnected.on(new ReplicationEvent.Delete());
        assertThat(deleted.on(again)).isEqualTo(deleted);
        assertThat(deleted.on(new Disconnect())).isEqualTo(deleted);
    }

    @Test
    void everyStateIsReadBackAsItWasWritten() {
        for (var state :
                List.of(
                        INITIATING,
                        new ReplicationState.InitialSync(),
                        new ReplicationState.Rescan(),
                        new ReplicationState.CreatingSnapshot(),
                        CONTINUOUS,
                        new ReplicationState.Backlog(),
                        new ReplicationState.Stalled("staging-full"),
                        new ReplicationState.Stopped(),
                        new ReplicationState.Disconnected(),
                        new ReplicationState.Deleted())) {
            assertThat(ReplicationState.of(state.name(), Optional.of("staging-full")))
                    .isEqualTo(state);
        }
    }

    /// All that an instance can do, so that a transition added by mistake is noticed.
    @Test
    void anInstanceHasTheseTransitionsAndNoOthers() {
        var allowed =
                List.of(
                        "LAUNCHING BOOT_PROVEN RUNNING",
                        "LAUNCHING LAUNCH_FAILED FAILED",
                        "LAUNCHING MADE_READY STOPPED",
                        "STOPPED START_ASKED LAUNCHING",
                        "RUNNING MACHINE_ENDED FAILED",
                        "RUNNING TERMINATION_ASKED TERMINATING",
                        "FAILED TERMINATION_ASKED TERMINATING",
                        "RUNNING STOPPED_FOR_FAILBACK STOPPED",
                        "FAILED STOPPED_FOR_FAILBACK STOPPED",
                        "STOPPED TERMINATION_ASKED TERMINATING",
                        "RUNNING LAUNCHED_INTO LAUNCHING",
                        "STOPPED LAUNCHED_INTO LAUNCHING",
                        "FAILED LAUNCHED_INTO LAUNCHING",
                        "TERMINATING CLEANED_UP TERMINATED",
                        "TERMINATING CLEAN_UP_FAILED FAILED");
        var found = new java.util.ArrayList<String>();
        for (var state : InstanceState.values()) {
            for (var event : Event.values()) {
                try {
                    found.add(state + " " + event + " " + state.on(event));
                } catch (IllegalStateException | RefusalException _) {
                    // not a transition
                }
            }
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(allowed);
    }

    @Test
    void aFailbackHasTheseTransitionsAndNoOthers() {
        var allowed =
                List.of(
                        "NOT_STARTED CLIENT_PAIRED IN_PROGRESS",
                        "NOT_STARTED STOPPED NOT_STARTED",
                        "NOT_STARTED DISCONNECTED DISCONNECTED",
                        "IN_PROGRESS CLIENT_PAIRED IN_PROGRESS",
                        "IN_PROGRESS IN_STEP READY",
                        "IN_PROGRESS FAILED ERROR",
                        "IN_PROGRESS STOPPED NOT_STARTED",
                        "IN_PROGRESS DISCONNECTED DISCONNECTED",
                        "READY CLIENT_PAIRED IN_PROGRESS",
                        "READY IN_STEP READY",
                        "READY LAUNCH_ASKED FINISHING",
                        "READY FAILED ERROR",
                        "READY STOPPED NOT_STARTED",
                        "READY DISCONNECTED DISCONNECTED",
                        "FINISHING IN_STEP FINISHING",
                        "FINISHING VERIFIED COMPLETED",
                        "FINISHING FAILED ERROR",
                        "COMPLETED DISCONNECTED DISCONNECTED",
                        "ERROR CLIENT_PAIRED IN_PROGRESS",
                        "ERROR IN_STEP READY",
                        "ERROR FAILED ERROR",
                        "ERROR STOPPED NOT_STARTED",
                        "ERROR DISCONNECTED DISCONNECTED",
                        "DISCONNECTED DISCONNECTED DISCONNECTED");
        var found = new java.util.ArrayList<String>();
        for (var state : FailbackState.values()) {
            for (var event : FailbackState.Event.values()) {
                try {
                    found.add(state + " " + event + " " + state.on(event));
                } catch (IllegalStateException | RefusalException _) {
                    // not a transition
                }
            }
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(allowed);
    }

    @Test
    void terminatingTooEarlyOrTwiceIsRefusedWithTheReason() {
        for (var state : EnumSet.of(InstanceState.LAUNCHING, InstanceState.TERMINATING)) {
            assertThatThrownBy(() -> state.on(Event.TERMINATION_ASKED))
                    .isInstanceOf(RefusalException.class)
                    .hasMessageContaining("the recovery instance is");
        }
    }

    @Test
    void aJobEndsOnce() {
        var job =
                new Job(
                        "job-1",
                        new JobRequest.Scrub(),
                        new JobState.Pending(),
                        "",
                        0,
                        FakeTime.START,
                        Optional.empty(),
                        Optional.empty());
        var ended =
                job.claimed("c", FakeTime.START)
                        .ended(new JobState.Completed(), "done", FakeTime.START);
        assertThatThrownBy(() -> ended.ended(new JobState.Failed(), "no", FakeTime.START))
                .isInstanceOf(IllegalStateException.class);
        assertThat(ended.state().claimable(FakeTime.START.plusSeconds(99))).isFalse();
    }

    private static Reported reported(AgentReport.State state, boolean pointDurable) {
        return new Reported(state, "", pointDurable, StoreStatus.State.WRITING, "");
    }
}
