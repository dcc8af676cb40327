package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.replication.AgentReport;
import holdfast.replication.ComparedDisk;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.SessionControl;
import holdfast.volume.ConsistencyPoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A recovery instance whose machine runs where Holdfast launches none, as the controller sees it.
class ElsewhereTest {
    private static final MachineFacts MACHINE = machine("boot-there");

    @TempDir Path directory;
    private Installation installation;
    private String instance = "";

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        var server = installation.server();
        installation.store.addPoint(server, 7, FakeTime.START, 5);
        installation.host.booting = false; // it is not to run here
        installation.controller().recover(List.of(server), false, new PointChoice.Newest());
        installation.work();
        instance = installation.controller().instances().list().getFirst().id();
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    @Test
    void aTokenForAnInstanceMakesNoServerAndIsGoodOnce() throws IOException {
        assertRefused("instance-running", this::enrol);
        installation.host.running = false;
        assertThat(enrol()).isEqualTo(instance);
        assertThat(installation.controller().servers().list()).hasSize(1);
        assertThat(installation.store.newestPoint(instance)).isPresent();
        assertRefused(
                "token-used",
                () ->
                        elsewhere()
                                .enrol(
                                        "token-" + instance,
                                        instance,
                                        "web1",
                                        certified -> certified));
        assertRefused(
                "unknown-instance",
                () ->
                        installation
                                .controller()
                                .enrolments()
                                .admit("another", Optional.of("i-00000000000000099")));
        assertRefused(
                "token-for-another",
                () -> {
                    installation.controller().enrolments().admit("third", Optional.of(instance));
                    installation.controller().enrolments().enrol("third", "web9", id -> id);
                });
    }

    @Test
    void itsDisksAreFoundByNameOrBySizeAndNoneMayBeMissing() throws IOException {
        runsElsewhere();
        var other =
                List.of(
                        new DiskFacts("/dev/vda", 4 << 20, "", ""),
                        new DiskFacts("/dev/vdb", 8 << 20, "", ""));
        var volumes = elsewhere().begin(instance, MACHINE, other).volumes();
        assertThat(volumes).extracting(v -> v.name()).containsExactly("/dev/sdb", "/dev/sda");
        assertThat(volumes).allMatch(volume -> volume.owner().equals(instance));
        assertRefused(
                "other-disks", () -> elsewhere().begin(instance, MACHINE, other.subList(0, 1)));
        var grown =
                List.of(
                        new DiskFacts("/dev/sda", 16 << 20, "", ""),
                        new DiskFacts("/dev/sdb", 4 << 20, "", ""));
        assertRefused("other-disks", () -> elsewhere().begin(instance, MACHINE, grown));
    }

    @Test
    void whatTheAgentWritesIsNotWrittenByAnybodyElse() throws IOException {
        runsElsewhere();
        assertRefused(
                "instance-elsewhere", () -> installation.controller().reversals().create(instance));
        var newest = pointOf(3, false);
        var exports = installation.controller().exports().createOfInstance(instance);
        assertThat(exports).extracting(PointExport::point).containsOnly(newest);
    }

    @Test
    void aClientFollowsThePointsThatTheAgentMakesAndEndsWithItsLast() throws Exception {
        runsElsewhere();
        var agent = new Agent();
        agent.connect();
        var failbacks = installation.controller().failbacks();
        var client = failbacks.pair(instance, "home", false, name -> name).clientId();
        failbacks.begin(client, Installation.MACHINE, Installation.DISKS);
        var point = pointOf(1, false);
        assertThat(failbacks.nextPoint(client).point()).isEqualTo(point);
        assertThat(failbacks.nextPoint(client).point()).as("none is made").isEqualTo(point);
        failbacks.reached(client, point.sequence());

        failbacks.start(List.of(instance), Map.of());
        installation.time.meanwhile(() -> {
            try {
                agent.act();
                var turn = failbacks.nextPoint(client);
                failbacks.reached(client, turn.point().sequence());
                if (turn.last()) {
                    failbacks.verified(client, turn.point().sequence(), equalDisks());
                }
            } catch (RefusalException | IOException _) {
                // it is over
            }
        });
        installation.work();
        var failback = failbacks.get(instance).failback();
        assertThat(failback.state()).as(failback.reason()).isEqualTo(FailbackState.COMPLETED);
        assertThat(failback.lastPoint().orElseThrow().round()).isEqualTo(5);
        assertThat(agent.ended.getFirst().code()).isEqualTo(SessionControl.FINISHED);
        // the word was lost: the same boot is told again, another one is not powered off
        assertRefused(SessionControl.FINISHED, () -> begin(MACHINE));
        assertRefused("failback-completed", () -> begin(machine("boot-later")));
    }

    @Test
    void anAgentThatIsAwayFailsTheFailbackByNameAndItMayBeTriedAgain() throws Exception {
        runsElsewhere();
        var failbacks = installation.controller().failbacks();
        var client = failbacks.pair(instance, "home", false, name -> name).clientId();
        failbacks.begin(client, Installation.MACHINE, Installation.DISKS);
        failbacks.reached(client, failbacks.nextPoint(client).point().sequence());
        failbacks.start(List.of(instance), Map.of());
        installation.work();
        var failback = failbacks.get(instance).failback();
        assertThat(failback.state()).isEqualTo(FailbackState.ERROR);
        assertThat(failback.reason()).contains("web1").contains("not connected");
        begin(MACHINE);
    }

    @Test
    void aLastRoundThatNobodyWantsAnyMoreEndsNothing() throws Exception {
        runsElsewhere();
        var agent = new Agent();
        agent.connect();
        agent.finish();
        agent.act();
        assertThat(agent.ended.getFirst().code()).isEqualTo(SessionControl.AGAIN);
        begin(MACHINE);
    }

    @Test
    void anotherRecoveryLeavesItAlone() throws Exception {
        runsElsewhere();
        var server = installation.controller().instances().get(instance).server();
        var targets = List.of(new RecoveryTarget(server, new PointChoice.Newest()));
        var job = installation.controller().recover(targets, false, Map.of()).job().id();
        installation.work();
        assertThat(installation.controller().jobs().get(job).phases())
                .extracting(Job.Phase::detail)
                .contains(instance + " kept: it runs elsewhere");
        assertThat(elsewhere().find(instance)).isPresent();
    }

    @Test
    void theAgentOfAnInstanceThatIsGoneIsToldToGo() throws IOException {
        runsElsewhere();
        var agent = new Agent();
        agent.connect();
        installation.controller().instances().terminate(instance);
        installation.work();
        assertThat(agent.ended.getFirst().code()).isEqualTo(SessionControl.DISCONNECTED);
        assertRefused(SessionControl.DISCONNECTED, () -> begin(MACHINE));
    }

    @Test
    void whereItRunsIsShown() throws IOException {
        assertThat(elsewhere().find(instance)).isEmpty();
        runsElsewhere();
        begin(MACHINE);
        elsewhere().reported(instance, installation.report(AgentReport.State.CONTINUOUS));
        var view = elsewhere().find(instance).orElseThrow();
        assertThat(view.hostname()).isEqualTo("web1");
        assertThat(view.connected()).isTrue();
        assertThat(view.report()).isPresent();
        elsewhere().ended(instance, Optional.empty());
        installation.restart();
        assertThat(elsewhere().all().get(instance).connected()).isFalse();
        assertThat(elsewhere().all().get(instance).lastSeenAt()).isPresent();
    }

    /// An agent that makes its last round when it is asked to.
    private final class Agent implements SessionControl {
        private final List<RefusalException> ended = new ArrayList<>();
        private boolean asked;

        void connect() throws IOException {
            begin(MACHINE);
            elsewhere().began(instance, this);
        }

        void act() {
            if (asked && ended.isEmpty()) {
                pointOf(5, true);
                elsewhere().finished(instance, 5);
            }
        }

        @Override
        public void end(RefusalException why) {
            ended.add(why);
        }

        @Override
        public void limit(long bytesPerSecond) {}

        @Override
        public boolean finish() {
            asked = true;
            return true;
        }
    }

    private ConsistencyPoint pointOf(long round, boolean frozen) {
        var points = installation.store.points;
        var last = points.getLast().sequence();
        var point =
                new ConsistencyPoint(
                        instance,
                        last + 1,
                        FakeTime.START.plusSeconds(last),
                        FakeTime.START,
                        0,
                        round,
                        frozen,
                        false);
        points.add(point);
        return point;
    }

    private static List<ComparedDisk> equalDisks() {
        return Installation.DISKS.stream().map(d -> new ComparedDisk(d.sizeBytes(), 0)).toList();
    }

    private void runsElsewhere() throws IOException {
        installation.host.running = false;
        enrol();
    }

    private String enrol() throws IOException {
        var token = "token-" + instance;
        var enrolments = installation.controller().enrolments();
        if (enrolments.instance(token).isEmpty()) {
            enrolments.admit(token, Optional.of(instance));
        }
        return elsewhere().enrol(token, enrolments.instance(token).orElseThrow(), "web1", id -> id);
    }

    private void begin(MachineFacts machine) throws IOException {
        elsewhere().begin(instance, machine, Installation.DISKS);
    }

    private static MachineFacts machine(String bootId) {
        return new MachineFacts(
                "web1", "Debian", "6.1", "amd64", "cpu", 1, 1 << 28, false, bootId, "0.1", "ebpf",
                List.of());
    }

    private ElsewhereInstances elsewhere() {
        return installation.controller().elsewhere();
    }

    private static void assertRefused(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
