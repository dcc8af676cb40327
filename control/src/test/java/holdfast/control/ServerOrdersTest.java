package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.replication.AgentReport;
import holdfast.replication.SessionControl;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerOrdersTest {
    @TempDir Path directory;
    private Installation installation;
    private String id = "";
    private final Session session = new Session();

    /// An agent's session, as the replicator would keep it.
    private static final class Session implements SessionControl {
        final List<String> words = new ArrayList<>();
        final List<Long> limits = new ArrayList<>();

        @Override
        public void end(RefusalException why) {
            words.add(why.code());
        }

        @Override
        public void limit(long bytesPerSecond) {
            limits.add(bytesPerSecond);
        }

        @Override
        public boolean finish() {
            throw new AssertionError("servers make no last round");
        }
    }

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        id = installation.server();
        servers().began(id, session);
        servers().reported(id, installation.report(AgentReport.State.CONTINUOUS));
        installation.store.addPoint(id, 1, FakeTime.START, 0);
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    @Test
    void disconnectingEndsTheSessionDestroysTheVolumesAndKeepsTheServerListed() throws IOException {
        var told = orders().disconnect(id);
        assertThat(session.words).containsExactly("server-disconnected");
        assertThat(installation.store.volumes).isEmpty();
        assertThat(told.server().state()).isEqualTo(new ReplicationState.Disconnected());
        assertThat(told.lagMillis()).isEmpty();
        assertThat(told.newestPoint()).isEmpty();
        assertThat(told.report()).isEmpty();
        assertThat(view().server().state()).isEqualTo(new ReplicationState.Disconnected());
        assertCode("server-disconnected", this::agentComes);
        assertCode("server-disconnected", this::recover);
        assertThat(orders().disconnect(id).server().state())
                .as("again")
                .isEqualTo(new ReplicationState.Disconnected());
    }

    /// The session has passed the door when the order comes: it is ended as soon as it shows.
    @Test
    void anOrderIsNotMissedByASessionThatIsBeginning() throws IOException {
        orders().disconnect(id);
        var late = new Session();
        servers().began(id, late);
        assertThat(late.words).containsExactly("server-disconnected");
    }

    /// A reader keeps a volume; the agent is refused at once all the same.
    @Test
    void whatIsStillReadIsDeletedWhenItsReaderIsGone() throws IOException {
        var volume = installation.store.volumes.keySet().iterator().next();
        var view = installation.store.view(volume, 1);
        orders().disconnect(id);
        assertThat(installation.store.volumes).containsOnlyKeys(volume);
        assertCode("server-disconnected", this::agentComes);
        assertCode("server-has-replica", () -> orders().retry(id));
        view.close();
        installation.restart();
        installation.controller().housekeeping().watch();
        assertThat(installation.store.volumes).isEmpty();
    }

    @Test
    void aDisconnectedServerIsDeletedAndItsAgentIsStillToldToGo() throws IOException {
        assertCode("server-not-disconnected", () -> orders().delete(id));
        orders().disconnect(id);
        orders().delete(id);
        assertThat(servers().list()).isEmpty();
        assertCode("unknown-server", this::view);
        assertCode("unknown-server", () -> orders().delete(id));
        assertCode("unknown-server", this::recover);
        assertCode("server-disconnected", this::agentComes);
        installation.time.advance(Duration.ofDays(31));
        installation.controller().housekeeping().schedule();
        assertCode("unknown-server", this::agentComes);
    }

    @Test
    void removingIsBothAtOnce() throws IOException {
        orders().remove(id);
        assertThat(session.words).containsExactly("server-disconnected");
        assertThat(servers().list()).isEmpty();
        assertThat(installation.store.volumes).isEmpty();
    }

    @Test
    void aStoppedServerHasNoReplicaAndBeginsAnewWhenStarted() throws IOException {
        assertCode("server-not-stopped", () -> orders().start(id));
        var stopped = orders().stop(id);
        assertThat(stopped.server().state()).isEqualTo(new ReplicationState.Stopped());
        assertThat(stopped.lagMillis()).isEmpty();
        assertThat(session.words).containsExactly("replication-stopped");
        assertThat(installation.store.volumes).isEmpty();
        assertThat(installation.controller().points(id, FakeTime.START, FakeTime.START, 9))
                .isEmpty();
        assertCode("replication-stopped", this::recover);
        assertCode("replication-stopped", () -> orders().stop(id));
        installation.time.advance(Duration.ofHours(1));
        assertCode("replication-stopped", this::agentComes);
        assertThat(view().lastSeenAt()).as("of one that waits").contains(installation.time.now());
        servers().attendance().noticeSilence();
        installation.restart();
        assertThat(view().server().state()).isEqualTo(new ReplicationState.Stopped());

        installation.store.points.clear();
        assertThat(orders().start(id).server().state())
                .isEqualTo(new ReplicationState.Initiating());
        assertThat(view().report()).as("of the former replica").isEmpty();
        agentComes();
        assertThat(installation.store.volumes).hasSize(2);
    }

    @Test
    void tryingAgainIsForWhatStandsStill() throws IOException {
        assertCode("server-not-stalled", () -> orders().retry(id));
        installation.time.advance(Duration.ofMinutes(1));
        servers().attendance().noticeSilence();
        orders().retry(id);
        assertThat(view().server().state()).isEqualTo(new ReplicationState.Initiating());
        assertThat(session.words).containsExactly("replication-again");
        assertThat(installation.store.volumes).as("the replica is kept").hasSize(2);
        orders().disconnect(id);
        orders().retry(id);
        agentComes();
        assertThat(view().server().state()).isEqualTo(new ReplicationState.Initiating());
    }

    @Test
    void aServerThatIsNeededIsNeitherStoppedNorDisconnected() throws IOException {
        recover();
        assertCode("server-has-job", () -> orders().disconnect(id));
        assertCode("server-has-job", () -> orders().stop(id));
        installation.work();
        assertCode("server-has-instance", () -> orders().disconnect(id));
        assertCode("server-has-instance", () -> orders().remove(id));
        assertCode("server-has-instance", () -> orders().stop(id));
        assertThat(session.words).isEmpty();
    }

    @Test
    void aJobIsForgottenOnceItHasEnded() throws IOException {
        var job = installation.controller().recover(List.of(id), true, new PointChoice.Newest());
        var jobs = installation.controller().jobs();
        assertCode("job-not-ended", () -> jobs.delete(job.job().id()));
        installation.work();
        jobs.delete(job.job().id());
        assertCode("unknown-job", () -> jobs.get(job.job().id()));
        assertCode("unknown-job", () -> jobs.delete(job.job().id()));
        installation.database().verify();
    }

    private static void assertCode(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private void agentComes() throws IOException {
        servers().begin(id, Installation.MACHINE, Installation.DISKS);
    }

    private void recover() throws IOException {
        installation.controller().recover(List.of(id), true, new PointChoice.Newest());
    }

    private Servers servers() {
        return installation.controller().servers();
    }

    private ServerOrders orders() {
        return installation.controller().orders();
    }

    private ServerView view() throws IOException {
        return servers().get(id);
    }
}
