package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.replication.ComparedDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How a recovery instance comes home, as the controller sees it.
class FailbackTest {
    @TempDir Path directory;

    @Test
    void aFailbackEndsOnceEveryDiskWasReadBack() throws Exception {
        try (var installation = installation("whole")) {
            var instance = launched(installation);
            var client = new Client(installation, instance);
            assertThat(state(installation, instance)).isEqualTo(FailbackState.IN_PROGRESS);
            assertRefused("failback-not-ready", () -> start(installation, instance));
            client.turn();
            assertThat(state(installation, instance)).isEqualTo(FailbackState.READY);
            var job = start(installation, instance);
            assertRefused(
                    "failback-finishing",
                    () -> installation.controller().instances().terminate(instance));
            installation.controller().instances().noticeEndedMachines();
            installation.time.meanwhile(client);
            installation.work();

            assertThat(state(installation, instance)).isEqualTo(FailbackState.COMPLETED);
            assertThat(installation.host.running).isFalse();
            assertThat(installation.controller().instances().get(instance).state())
                    .isEqualTo(InstanceState.STOPPED);
            var view = installation.controller().jobs().get(job);
            assertThat(view.job().state()).isEqualTo(new JobState.Completed());
            assertThat(view.phases())
                    .extracting(Job.Phase::name)
                    .containsExactly(
                            "stop machine " + instance,
                            "last round " + instance,
                            "verify " + instance);
            assertRefused("failback-completed", client::turn);
        }
    }

    @Test
    void whatIsNotEqualIsNotCompleteAndMayBeTriedAgain() throws Exception {
        try (var installation = installation("unequal")) {
            var instance = launched(installation);
            var client = new Client(installation, instance);
            client.turn();
            client.differingBytes = 4096;
            var job = start(installation, instance);
            installation.time.meanwhile(client);
            installation.work();
            assertThat(state(installation, instance)).isEqualTo(FailbackState.ERROR);
            var ended = installation.controller().jobs().get(job).job();
            assertThat(ended.state()).isEqualTo(new JobState.Failed());
            assertThat(ended.reason()).contains("4096 bytes that were read back");

            client.differingBytes = 0;
            client.turn();
            start(installation, instance);
            installation.work();
            assertThat(state(installation, instance)).isEqualTo(FailbackState.COMPLETED);
        }
    }

    @Test
    void verifyingAnythingButTheLastPointIsRefused() throws Exception {
        try (var installation = installation("early")) {
            var instance = launched(installation);
            var client = new Client(installation, instance);
            client.turn();
            assertRefused(
                    "failback-not-finishing",
                    () ->
                            installation
                                    .controller()
                                    .failbacks()
                                    .verified(client.id, client.newest, List.of()));
        }
    }

    @Test
    void aClientThatMakesNoProgressFailsTheJobByName() throws Exception {
        try (var installation = installation("silent")) {
            var instance = launched(installation);
            new Client(installation, instance).turn();
            var job = start(installation, instance);
            installation.work();
            assertThat(installation.controller().jobs().get(job).job().reason())
                    .contains("made no progress for 300 s");
            assertThat(state(installation, instance)).isEqualTo(FailbackState.ERROR);
        }
    }

    @Test
    void aSecondClientIsRefusedByNameWhileTheFirstIsThere() throws Exception {
        try (var installation = installation("two")) {
            var instance = launched(installation);
            var failbacks = installation.controller().failbacks();
            var first = new Client(installation, instance);
            assertThatThrownBy(() -> new Client(installation, instance))
                    .isInstanceOf(RefusalException.class)
                    .hasMessageContaining(first.id + " on web1 follows instance " + instance);
            failbacks.ended(first.id, Optional.empty());
            var second = new Client(installation, instance);
            assertRefused("failback-stopped", first::turn);
            second.turn();
            failbacks.stop(instance);
            assertRefused("failback-stopped", second::turn);
            assertThat(state(installation, instance)).isEqualTo(FailbackState.NOT_STARTED);
        }
    }

    @Test
    void aDisconnectedInstanceIsFollowedByNobodyAndMayBeForgotten() throws Exception {
        try (var installation = installation("disconnected")) {
            var instance = launched(installation);
            var client = new Client(installation, instance);
            var controller = installation.controller();
            assertRefused("instance-connected", () -> controller.instances().delete(instance));
            controller.failbacks().disconnect(instance);
            assertRefused("instance-disconnected", client::turn);
            assertRefused("instance-disconnected", () -> new Client(installation, instance));
            assertRefused("instance-running", () -> controller.instances().delete(instance));
            installation.host.running = false;
            controller.instances().delete(instance);
            installation.work();
            assertThat(controller.instances().get(instance).state())
                    .isEqualTo(InstanceState.TERMINATED);
            assertThat(RecoverWork.branches(installation.store, instance)).isEmpty();
        }
    }

    @Test
    void settingsAreKeptAndAct() throws Exception {
        try (var installation = installation("settings")) {
            var instance = launched(installation);
            var client = new Client(installation, instance);
            installation
                    .controller()
                    .failbacks()
                    .set(instance, known -> new Failback.Settings("home", 80, false));
            installation.restart();
            var failbacks = installation.controller().failbacks();
            assertThat(failbacks.get(instance).failback().settings())
                    .isEqualTo(new Failback.Settings("home", 80, false));
            assertThat(failbacks.bytesPerSecondMax(client.id)).isEqualTo(10_000_000);
        }
    }

    @Test
    void aFailbackKilledAtAnyStepIsFinishedByTheNextController() throws Exception {
        var crashes = 0;
        for (var step = 0; ; step++) {
            try (var installation = installation("step" + step)) {
                var instance = launched(installation);
                var client = new Client(installation, instance);
                client.turn();
                start(installation, instance);
                installation.time.meanwhile(client);
                installation.fuse.dieAfter(step);
                try {
                    installation.controller().engine().runNext();
                    installation.fuse.repair();
                    break;
                } catch (Crash _) {
                    crashes++;
                }
                installation.time.meanwhile(() -> {});
                installation.restart();
                if (state(installation, instance) != FailbackState.COMPLETED) {
                    client.connect();
                }
                installation.time.meanwhile(client);
                installation.work();
                assertThat(state(installation, instance))
                        .as("killed at step " + step)
                        .isEqualTo(FailbackState.COMPLETED);
                assertThat(installation.controller().jobs().list(1).getFirst().job().state())
                        .isEqualTo(new JobState.Completed());
            }
        }
        assertThat(crashes).isGreaterThan(10);
    }

    /// A failback client that is always in step, and reads back what it is told to.
    private static final class Client implements Runnable {
        private final Installation installation;
        private final String id;
        private long newest;
        private long differingBytes;

        Client(Installation installation, String instance) throws IOException {
            this.installation = installation;
            this.id =
                    installation
                            .controller()
                            .failbacks()
                            .pair(instance, "web1", true, name -> name)
                            .clientId();
            connect();
        }

        void connect() throws IOException {
            installation
                    .controller()
                    .failbacks()
                    .begin(id, Installation.MACHINE, Installation.DISKS);
        }

        void turn() throws IOException {
            var failbacks = installation.controller().failbacks();
            var turn = failbacks.nextPoint(id);
            newest = turn.point().sequence();
            failbacks.reached(id, newest);
            if (turn.last()) {
                var disks = new ArrayList<ComparedDisk>();
                for (var disk : Installation.DISKS) {
                    disks.add(
                            new ComparedDisk(
                                    disk.sizeBytes(), disks.isEmpty() ? differingBytes : 0));
                }
                failbacks.verified(id, newest, disks);
            }
        }

        @Override
        public void run() {
            try {
                turn();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (RefusalException _) {
                // it is over
            }
        }
    }

    private static FailbackState state(Installation installation, String instance)
            throws IOException {
        return installation.controller().failbacks().get(instance).failback().state();
    }

    private static String start(Installation installation, String instance) throws IOException {
        return installation.controller().failbacks().start(List.of(instance), Map.of()).job().id();
    }

    private Installation installation(String name) throws IOException {
        return new Installation(Files.createTempDirectory(directory, name));
    }

    private static String launched(Installation installation) throws IOException {
        var server = installation.server();
        installation.store.addPoint(server, 7, FakeTime.START, 5);
        installation.controller().recover(List.of(server), false, new PointChoice.Newest());
        installation.work();
        return installation.controller().instances().list().getFirst().id();
    }

    private static void assertRefused(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
