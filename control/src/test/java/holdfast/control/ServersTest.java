package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.replication.AgentReport;
import holdfast.replication.AgentRun;
import holdfast.replication.DiskFacts;
import holdfast.volume.StoreStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServersTest {
    @TempDir Path directory;
    private Installation installation;
    private String id = "";

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        id = installation.server();
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    @Test
    void aServerIsShownWithTheEndOfItsNewestCertificate() throws IOException {
        assertThat(view().certificateExpiresAt()).isEmpty();
        servers().certified(id, FakeTime.START.plus(Duration.ofDays(100)));
        servers().certified(id, FakeTime.START.plus(Duration.ofDays(365)));
        assertThat(view().certificateExpiresAt())
                .contains(FakeTime.START.plus(Duration.ofDays(365)));
    }

    @Test
    void onlyAServerThatMayReplicateGetsANewCertificate() throws IOException {
        servers().renewing(id);
        installation.controller().orders().disconnect(id);
        assertThatThrownBy(() -> servers().renewing(id)).isInstanceOf(RefusalException.class);
    }

    @Test
    void lagIsNowMinusTheInstantWhateverTheSourceClockSays() throws IOException {
        // The source's clock is an hour ahead. The instant was 40 ms old when the point was sent.
        var wrongly = FakeTime.START.plus(Duration.ofHours(1));
        installation.store.points.add(
                new holdfast.volume.ConsistencyPoint(
                        id, 1, wrongly, FakeTime.START, 40, 1, false, false));
        installation.time.advance(Duration.ofSeconds(2));
        assertThat(view().lagMillis()).contains(2040L);
    }

    /// The point waited ten seconds in a queue, or for a network, after it was given its age.
    @Test
    void lagCountsWhatAPointTookOnItsWay() throws IOException {
        servers().reported(id, installation.report(AgentReport.State.CONTINUOUS)); // 250 ms ahead
        var instant = installation.time.now().plusMillis(250);
        installation.time.advance(Duration.ofSeconds(10));
        installation.store.points.add(
                new holdfast.volume.ConsistencyPoint(
                        id, 1, instant, installation.time.now(), 40, 1, false, false));
        assertThat(view().lagMillis()).contains(10_000L);
        // what comes late says less about the clocks
        var late = installation.report(AgentReport.State.CONTINUOUS);
        installation.time.advance(Duration.ofSeconds(5));
        servers().reported(id, late);
        assertThat(view().lagMillis()).contains(15_000L);
    }

    @Test
    void lagGrowsWhileNoPointIsMadeAndEndsWithTheNext() throws IOException {
        assertThat(view().lagMillis()).isEmpty();
        installation.store.addPoint(id, 1, FakeTime.START, 0);
        installation.time.advance(Duration.ofMinutes(3));
        assertThat(view().lagMillis()).contains(180_000L);
        installation.store.addPoint(id, 2, installation.time.now(), 0);
        assertThat(view().lagMillis()).contains(0L);
    }

    @Test
    void lagIsTrueAfterARestart() throws IOException {
        installation.store.addPoint(id, 1, FakeTime.START, 0);
        installation.restart();
        assertThat(view().lagMillis().orElseThrow())
                .isEqualTo(Duration.between(FakeTime.START, installation.time.now()).toMillis());
    }

    @Test
    void reportsAreShownWithBacklogAndClockSkew() throws IOException {
        servers().reported(id, installation.report(AgentReport.State.INITIAL_SYNC));
        var view = view();
        assertThat(view.server().state()).isEqualTo(new ReplicationState.InitialSync());
        assertThat(view.backlogBytes()).isEqualTo(4096 + 8192);
        assertThat(view.clockSkewMillis()).contains(250L);
        assertThat(view.lastSeenAt()).contains(installation.time.now());
    }

    @Test
    void progressIsKnownAfterARestart() throws IOException {
        servers().reported(id, installation.report(AgentReport.State.INITIAL_SYNC));
        installation.restart();
        assertThat(view().report().orElseThrow().disks().getFirst().replicatedBytes())
                .isEqualTo(8 << 20);
        assertThat(view().lastSeenAt()).contains(FakeTime.START);
    }

    /// The agent says itself that it went on; who was started again, or has never said it, does not
    /// count, nor what was before a restart of this server.
    @Test
    void connectionsThatAnAgentLostAreCountedForTenMinutes() throws IOException {
        begin(new AgentRun("a", 0));
        begin(new AgentRun("a", 1));
        installation.time.advance(Duration.ofMinutes(4));
        begin(new AgentRun("a", 2));
        assertThat(view().lostConnections()).isEqualTo(2);
        assertThat(view().networkUnstable()).isFalse();
        begin(new AgentRun("b", 5)); // what it lost before it came here says nothing
        begin(AgentRun.UNKNOWN);
        begin(AgentRun.UNKNOWN);
        assertThat(view().lostConnections()).isEqualTo(2);
        begin(new AgentRun("b", 5));
        begin(new AgentRun("b", 7)); // one of them before it got to a session
        assertThat(view().lostConnections()).isEqualTo(4);
        assertThat(view().networkUnstable()).isTrue();
        installation.time.advance(Duration.ofMinutes(6).plusMillis(1));
        assertThat(view().lostConnections()).isEqualTo(3);
        installation.time.advance(Duration.ofMinutes(4));
        assertThat(view().lostConnections()).isZero();
        begin(new AgentRun("b", Integer.MAX_VALUE));
        assertThat(view().lostConnections()).isEqualTo(200);
        installation.restart();
        begin(new AgentRun("b", 9));
        assertThat(view().lostConnections()).isZero();
        begin(new AgentRun("b", 10));
        assertThat(view().lostConnections()).isEqualTo(1);
    }

    private void begin(AgentRun run) throws IOException {
        servers().begin(id, Installation.MACHINE.with(run), Installation.DISKS);
    }

    @Test
    void aSilentAgentIsNoticedWithTheTimeItWasLastSeen() throws IOException {
        servers().reported(id, installation.report(AgentReport.State.INITIAL_SYNC));
        installation.time.advance(ControlSettings.DEFAULT.agentSilence());
        servers().attendance().noticeSilence();
        assertThat(view().server().state()).isEqualTo(new ReplicationState.InitialSync());
        installation.time.advance(Duration.ofMillis(1));
        servers().attendance().noticeSilence();
        assertThat(view().server().state())
                .isEqualTo(new ReplicationState.Stalled("agent-not-seen"));
        assertThat(view().server().reason()).isEqualTo("agent not seen since " + FakeTime.START);
    }

    /// No session of this process's saw the agent, so only the row knows that it once came.
    @Test
    void anAgentThatDoesNotComeBackAfterARestartIsNoticed() throws IOException {
        servers().reported(id, installation.report(AgentReport.State.INITIAL_SYNC));
        installation.restart();
        installation.time.advance(ControlSettings.DEFAULT.agentSilence().plusMillis(1));
        servers().attendance().noticeSilence();
        assertThat(view().server().state())
                .isEqualTo(new ReplicationState.Stalled("agent-not-seen"));
    }

    /// Not with each report: of thousands of agents those would keep the database's disk busy.
    @Test
    void whatIsHeardOfAnAgentIsWrittenEveryFewMinutes() throws IOException {
        servers().begin(id, Installation.MACHINE, Installation.DISKS);
        servers().reported(id, installation.report(AgentReport.State.INITIAL_SYNC));
        servers().attendance().saveSome();
        installation.time.advance(Attendance.SAVE_EVERY.minusMillis(1));
        servers().reported(id, installation.report(AgentReport.State.INITIAL_SYNC));
        servers().attendance().saveSome();
        assertThat(kept().lastSeenAt()).contains(FakeTime.START);
        installation.time.advance(Duration.ofMillis(1));
        servers().attendance().saveSome();
        assertThat(kept().lastSeenAt())
                .contains(FakeTime.START.plus(Attendance.SAVE_EVERY).minusMillis(1));
        assertThat(kept().report()).isPresent();
    }

    @Test
    void whatWasHeardOfAnAgentOutlivesAnOrderlyEnd() throws IOException {
        servers().reported(id, installation.report(AgentReport.State.INITIAL_SYNC));
        servers().attendance().saveSome();
        installation.time.advance(Duration.ofSeconds(1));
        var heard = installation.time.now();
        servers().reported(id, installation.report(AgentReport.State.INITIAL_SYNC));
        assertThat(kept().lastSeenAt()).contains(FakeTime.START);
        installation.restart();
        assertThat(view().lastSeenAt()).contains(heard);
        assertThat(view().report()).isPresent();
    }

    /// All of thousands come at the same time when the server starts.
    @Test
    void manyAgentsAreWrittenInTurns() throws IOException {
        var ids = new TreeSet<>(List.of(id));
        for (var i = 1; i < 120; i++) {
            ids.add(installation.server());
        }
        var written = new TreeSet<String>();
        for (var turn = 0; turn < 3; turn++) {
            servers().attendance().saveSome();
            var before = written.size();
            for (var each : ids) {
                if (kept(each).lastSeenAt().isPresent()) {
                    written.add(each);
                }
            }
            assertThat(written.size() - before).isBetween(1, 60);
        }
        assertThat(written).isEqualTo(ids);
    }

    private SourceServer kept(String server) throws IOException {
        return installation.database().transact(tx -> Servers.require(tx, server));
    }

    private SourceServer kept() throws IOException {
        return installation.database().transact(tx -> Servers.require(tx, id));
    }

    @Test
    void partsOfTheListAreTheWholeList() throws IOException {
        var ids = new TreeSet<>(List.of(id));
        for (var i = 0; i < 4; i++) {
            var enrolments = installation.controller().enrolments();
            ids.add(enrolments.enrol("web" + i, _ -> "").server().id());
        }
        var found = new ArrayList<String>();
        var part = servers().list("", 2);
        while (!part.isEmpty()) {
            part.forEach(view -> found.add(view.server().id()));
            part = servers().list(found.getLast(), 2);
        }
        assertThat(found).containsExactlyElementsOf(ids);
        assertThat(servers().list(List.of(id, id, "s-unknown")))
                .extracting(view -> view.server().id())
                .containsExactly(id);
    }

    @Test
    void aSessionThatEndsWhileANewerOneLivesChangesNothing() throws IOException {
        servers().reported(id, installation.report(AgentReport.State.INITIAL_SYNC));
        servers().begin(id, Installation.MACHINE, Installation.DISKS);
        servers().ended(id, Optional.of("superseded"));
        assertThat(view().server().state()).isEqualTo(new ReplicationState.InitialSync());
        servers().ended(id, Optional.of("connection reset"));
        assertThat(view().server().state())
                .isEqualTo(new ReplicationState.Stalled("agent-disconnected"));
        assertThat(view().server().reason()).contains("connection reset");
    }

    @Test
    void aFullStagingAreaIsSaid() throws IOException {
        installation.store.state = StoreStatus.State.FULL;
        servers().reported(id, installation.report(AgentReport.State.BACKLOG));
        assertThat(view().server().state()).isEqualTo(new ReplicationState.Stalled("staging-full"));
        installation.store.state = StoreStatus.State.WRITING;
        servers().reported(id, installation.report(AgentReport.State.BACKLOG));
        assertThat(view().server().state()).isEqualTo(new ReplicationState.Backlog());
    }

    @Test
    void aSecondSessionFindsItsVolumesAgain() throws IOException {
        var first = servers().begin(id, Installation.MACHINE, Installation.DISKS);
        assertThat(servers().begin(id, Installation.MACHINE, Installation.DISKS)).isEqualTo(first);
        assertThat(installation.store.volumes).hasSize(2);
    }

    @Test
    void aDiskThatGrewIsFollowedAndOneThatShrankIsRefused() throws IOException {
        var grown = new DiskFacts("/dev/sda", 16 << 20, "model", "serial-a");
        assertThat(
                        servers()
                                .begin(id, Installation.MACHINE, List.of(grown))
                                .volumes()
                                .getFirst()
                                .sizeBytes())
                .isEqualTo(16 << 20);
        var shrunk = new DiskFacts("/dev/sda", 8 << 20, "model", "serial-a");
        assertThatThrownBy(() -> servers().begin(id, Installation.MACHINE, List.of(shrunk)))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("a volume does not shrink");
    }

    @Test
    void anUnknownServerMayNotReplicate() {
        assertThatThrownBy(() ->
                        servers()
                                .begin(
                                        "s-00000000000000000",
                                        Installation.MACHINE,
                                        Installation.DISKS))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        e -> assertThat(e.code()).isEqualTo("unknown-server"));
    }

    private Servers servers() {
        return installation.controller().servers();
    }

    private ServerView view() throws IOException {
        return servers().get(id);
    }
}
