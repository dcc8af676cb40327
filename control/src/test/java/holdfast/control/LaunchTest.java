package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.replication.AgentReport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How launch settings and launch actions act.
class LaunchTest {
    @TempDir Path directory;
    private Installation installation;
    private String id = "";

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        id = installation.server();
        installation.store.addPoint(id, 1, FakeTime.START, 0);
        installation.script("good", "good ");
        installation.script("bad", "bad ");
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    @Test
    void actionsRunInOrderWithTheirParametersAndTheirOutputIsKept() throws IOException {
        settings(new LaunchSettings(true, false, false, true, false, ""));
        action("later", 9, "good", false, true);
        action("first", 2, "bad", true, true); // may fail
        action("never", 5, "bad", false, false);
        var job = recover();
        assertThat(installation.host.scripts).containsExactly("bad true", "good true");
        var phases = installation.controller().jobs().get(job).phases();
        assertThat(phases)
                .extracting(Job.Phase::name)
                .containsExactly(
                        "pick point", "branch", "launch", "boot", "action first", "action later");
        assertThat(phases.get(4).detail())
                .isEqualTo("failed, though not needed: bad: exit status 3: said 80");
        assertThat(phases.get(5).detail()).isEqualTo("good: exit status 0: said 80");
        assertThat(instance().state()).isEqualTo(InstanceState.RUNNING);
        assertThat(state(job)).isEqualTo(new JobState.Completed());
    }

    @Test
    void anActionThatIsNeededFailsTheLaunchAndTheMachineStaysToBeLookedAt() throws IOException {
        settings(new LaunchSettings(true, false, false, true, false, ""));
        action("first", 2, "bad", false, true);
        action("second", 3, "good", false, true);
        var job = recover();
        assertThat(installation.host.scripts).containsExactly("bad true");
        assertThat(state(job)).isEqualTo(new JobState.Failed());
        assertThat(instance().state()).isEqualTo(InstanceState.FAILED);
        assertThat(instance().bootProof().orElseThrow().proven()).isFalse();
        assertThat(instance().bootProof().orElseThrow().evidence())
                .isEqualTo("login prompt; a launch action failed: bad: exit status 3: said 80");
        assertThat(installation.host.machines).containsOnlyKeys(instance().id());
        installation.controller().instances().terminate(instance().id());
        installation.work();
        assertThat(instance().state()).isEqualTo(InstanceState.TERMINATED);
    }

    @Test
    void actionsDoNotRunUnlessTheSettingsSaySo() throws IOException {
        action("first", 2, "bad", false, true);
        recover();
        assertThat(installation.host.scripts).isEmpty();
        assertThat(instance().state()).isEqualTo(InstanceState.RUNNING);
    }

    @Test
    void anInstanceThatIsNotToBeStartedIsReadyAndStartsWhenAsked() throws IOException {
        settings(new LaunchSettings(false, false, false, false, false, ""));
        var job = recover();
        assertThat(state(job)).isEqualTo(new JobState.Completed());
        assertThat(instance().state()).isEqualTo(InstanceState.STOPPED);
        assertThat(installation.host.machines).isEmpty();
        assertThat(RecoverWork.branches(installation.store, instance().id())).hasSize(2);
        installation.controller().instances().noticeEndedMachines();
        var start = installation.controller().instances().start(instance().id());
        installation.work();
        assertThat(state(start.job().id())).isEqualTo(new JobState.Completed());
        assertThat(instance().state()).isEqualTo(InstanceState.RUNNING);
        assertThat(installation.host.machines).containsOnlyKeys(instance().id());
        assertThatThrownBy(() -> installation.controller().instances().start(instance().id()))
                .hasMessageContaining("only one that is STOPPED can be started");
    }

    @Test
    void aStartThatFailsLeavesAnInstanceThatCanBeTerminated() throws IOException {
        settings(new LaunchSettings(false, false, false, false, false, ""));
        recover();
        installation.host.broken = true;
        var start = installation.controller().instances().start(instance().id());
        installation.work();
        assertThat(state(start.job().id())).isEqualTo(new JobState.Failed());
        assertThat(instance().state()).isEqualTo(InstanceState.FAILED);
    }

    @Test
    void aHostThatHasLessIsRefusedIfTheSizeIsToBeExact() throws IOException {
        installation.host.note = "given 1 of 2 processors";
        recover();
        assertThat(instance().state()).isEqualTo(InstanceState.RUNNING);
        settings(new LaunchSettings(true, true, false, false, false, ""));
        installation.time.advance(Duration.ofSeconds(1));
        var job = recover();
        assertThat(state(job)).isEqualTo(new JobState.Failed());
        assertThat(instance().reason()).contains("given 1 of 2 processors", "choose BASIC");
        assertThat(installation.host.machines).hasSize(1);
    }

    @Test
    void tagsAreCopiedIfAsked() throws IOException {
        installation.controller().tags().put(id, Map.of("team", "a"));
        recover();
        assertThat(installation.controller().tags().of(instance().id())).isEmpty();
        settings(new LaunchSettings(true, false, true, false, false, ""));
        installation.time.advance(Duration.ofSeconds(1));
        recover();
        assertThat(installation.controller().tags().of(instance().id()))
                .isEqualTo(Map.of("team", "a"));
    }

    @Test
    void aSupersedingRecoveryWaitsForANewPointAndTakesTheLastIfNoneComes() throws IOException {
        installation.controller().servers().reported(id, installation.report(CONTINUOUS));
        installation.time.advance(Duration.ofSeconds(5));
        var job = supersede();
        assertThat(phase(job, "take point")).startsWith("failed: no new point came within 60 s");
        assertThat(instance().point().sequence()).isEqualTo(1);
        installation.store.addPoint(id, 2, installation.time.now().plusMillis(1250), 0);
        installation.time.advance(Duration.ofSeconds(1)); // the source's clock is 250 ms ahead
        var first = instance().id();
        job = supersede();
        assertThat(phase(job, "take point")).isEqualTo("as it is now");
        assertThat(instance().point().sequence()).isEqualTo(2);
        assertThat(phase(job, "supersede")).isEqualTo(first);
        assertThat(phase(job, "delete branches " + first)).isEqualTo("2 branches");
        installation.time.advance(Duration.ofMinutes(1));
        installation.controller().servers().attendance().noticeSilence();
        job = supersede();
        assertThat(phase(job, "take point")).startsWith("failed: the server is STALLED");
        assertThat(instance().state()).isEqualTo(InstanceState.RUNNING);
    }

    /// A drill must not end what took over for its source, nor anything what is being brought home.
    @Test
    void whatSomeoneReliesUponIsNotSuperseded() throws Exception {
        installation.store.addPoint(id, 2, installation.time.now().plusMillis(1250), 0);
        supersede(false);
        var recovery = instance().id();
        installation.time.advance(Duration.ofSeconds(1));
        assertThat(phase(supersede(true), "supersede"))
                .isEqualTo(recovery + " kept: it is a recovery, and this is a drill");
        var drill = instance().id();
        installation.time.advance(Duration.ofSeconds(1));
        underWay(recovery);
        assertThat(phase(supersede(false), "supersede"))
                .contains(recovery + " kept: its failback is under way")
                .contains(drill)
                .doesNotContain(drill + " kept");
        assertThat(installation.controller().instances().get(recovery).state())
                .isEqualTo(InstanceState.RUNNING);
        assertThat(installation.controller().instances().get(drill).state())
                .isEqualTo(InstanceState.TERMINATED);
    }

    private void underWay(String instance) throws IOException {
        var now = installation.time.now();
        installation
                .database()
                .<@Nullable Void>transact(tx -> {
                    Tables.FAILBACKS.insert(
                            tx,
                            Failback.of(instance, now)
                                    .on(FailbackState.Event.CLIENT_PAIRED, "paired", now));
                    return null;
                });
    }

    private static final AgentReport.State CONTINUOUS = AgentReport.State.CONTINUOUS;

    private String supersede() throws IOException {
        return supersede(true);
    }

    private String supersede(boolean drill) throws IOException {
        var targets = List.of(new RecoveryTarget(id, new PointChoice.Newest()));
        var job = installation.controller().recover(targets, drill, Map.of()).job().id();
        installation.work();
        return job;
    }

    private String phase(String job, String name) throws IOException {
        return installation.controller().jobs().get(job).phases().stream()
                .filter(phase -> phase.name().equals(name))
                .findFirst()
                .orElseThrow()
                .detail();
    }

    private void settings(LaunchSettings settings) throws IOException {
        installation.controller().launchSettings().change(id, _ -> settings);
    }

    private void action(String name, int order, String script, boolean optional, boolean active)
            throws IOException {
        installation
                .controller()
                .launchActions()
                .put(
                        new LaunchAction(
                                id,
                                name,
                                order,
                                script,
                                optional,
                                active,
                                Map.of("PORT", "80"),
                                "{}"));
    }

    private String recover() throws IOException {
        var job =
                installation
                        .controller()
                        .recover(List.of(id), true, new PointChoice.Newest())
                        .job()
                        .id();
        installation.work();
        return job;
    }

    private JobState state(String job) throws IOException {
        return installation.controller().jobs().get(job).job().state();
    }

    /// The newest.
    private RecoveryInstance instance() throws IOException {
        return installation.controller().instances().list().getFirst();
    }
}
