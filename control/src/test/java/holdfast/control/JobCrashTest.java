package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A controller that dies at any call to the clock, the store or the machine host leaves jobs that
/// the next one ends, with nothing done twice and nothing left over.
class JobCrashTest {
    @TempDir Path directory;

    @Test
    void aRecoveryKilledAtAnyStepIsFinishedByTheNextController() throws IOException {
        var crashes = 0;
        for (var step = 0; ; step++) {
            try (var installation = installation(step)) {
                var server = installation.server();
                installation.store.addPoint(server, 7, FakeTime.START, 5);
                var job = recover(installation, server);
                if (!diesAfter(installation, step)) {
                    break;
                }
                crashes++;
                installation.restart();
                installation.work();
                assertRuns(installation, server, job);
            }
        }
        assertThat(crashes).isGreaterThan(15);
    }

    /// A recovery that only makes ready is done with its instance before its own row says so.
    @Test
    void aStartAskedForBeforeTheRecoveryHasEndedIsNotTheRecoverysToEnd() throws IOException {
        var started = 0;
        for (var step = 0; ; step++) {
            try (var installation = installation(step)) {
                var server = installation.server();
                installation.store.addPoint(server, 7, FakeTime.START, 5);
                installation
                        .controller()
                        .launchSettings()
                        .change(
                                server,
                                _ -> new LaunchSettings(false, false, false, false, false, ""));
                var recovery = recover(installation, server);
                if (!diesAfter(installation, step)) {
                    break;
                }
                installation.restart();
                var instances = installation.controller().instances();
                var ready =
                        instances.list().stream()
                                .filter(one -> one.state() == InstanceState.STOPPED)
                                .findFirst();
                if (ready.isEmpty()) {
                    continue;
                }
                started++;
                var start = instances.start(ready.get().id()).job().id();
                installation.work();
                assertThat(installation.controller().jobs().get(recovery).job().state())
                        .isEqualTo(new JobState.Completed());
                assertThat(installation.controller().jobs().get(start).job().state())
                        .isEqualTo(new JobState.Completed());
                assertThat(instances.get(ready.get().id()).state())
                        .isEqualTo(InstanceState.RUNNING);
            }
        }
        assertThat(started).isPositive();
    }

    /// What AWS clients begin: an earlier instance ends, a point is waited for, an action is run.
    @Test
    void aSupersedingRecoveryKilledAtAnyStepLeavesOneInstance() throws IOException {
        var crashes = 0;
        for (var step = 0; ; step++) {
            try (var installation = installation(step)) {
                var server = installation.server();
                installation.store.addPoint(server, 7, FakeTime.START, 5);
                recover(installation, server);
                installation.work();
                var earlier = installation.controller().instances().list().getFirst().id();
                withAction(installation, server);
                var job =
                        installation
                                .controller()
                                .recover(
                                        List.of(
                                                new RecoveryTarget(
                                                        server, new PointChoice.Newest())),
                                        true,
                                        Map.of())
                                .job()
                                .id();
                if (!diesAfter(installation, step)) {
                    break;
                }
                crashes++;
                installation.restart();
                installation.work();
                var view = installation.controller().jobs().get(job);
                assertThat(view.job().state())
                        .as("killed at step %d: %s", step, view)
                        .isEqualTo(new JobState.Completed());
                assertThat(installation.controller().instances().get(earlier).state())
                        .isEqualTo(InstanceState.TERMINATED);
                var now = installation.controller().instances().get(view.instances().getFirst());
                assertThat(now.state()).isEqualTo(InstanceState.RUNNING);
                assertThat(installation.host.machines).containsOnlyKeys(now.id());
                assertThat(installation.host.scripts).isNotEmpty();
                assertThat(installation.store.volumes()).hasSize(4);
                assertThat(view.phases()).allMatch(phase -> phase.endedAt().isPresent());
            }
        }
        assertThat(crashes).isGreaterThan(30);
    }

    /// The network is made once, under one name, and the server's instance is in it.
    @Test
    void aNetworksRecoveryAndALaunchIntoItKilledAtAnyStepAreFinished() throws Exception {
        var crashes = 0;
        for (var step = 0; ; step++) {
            try (var installation = installation(step)) {
                var server = installation.server();
                installation.store.addPoint(server, 7, FakeTime.START, 5);
                var networks = installation.controller().sourceNetworks();
                var vpc = installation.controller().networks().list().getFirst().id();
                var id = networks.create(vpc, "eu-central-1", Map.of()).id();
                networks.start(id);
                networks.replicate();
                var target = new NetworkRecoveries.Target(id, Optional.empty());
                installation
                        .controller()
                        .networkRecoveries()
                        .recover(List.of(target), false, Map.of());
                var died = diesAfter(installation, step);
                if (died) {
                    crashes++;
                    installation.restart();
                    installation.controller().networkStacks().settle();
                    installation.work();
                }
                networks = installation.controller().sourceNetworks();
                assertThat(networks.list().getFirst().recovery().orElseThrow().result())
                        .as("killed at step %d", step)
                        .isEqualTo(SourceNetwork.Result.SUCCEEDED);
                var network = installation.controller().networkStacks().list().getFirst().network();
                assertThat(installation.networkHost.networks).containsOnlyKeys(network);

                var job = recover(installation, server);
                if (!diesAfter(installation, step) && !died) {
                    break;
                }
                installation.restart();
                installation.controller().networkStacks().settle();
                installation.work();
                var view = installation.controller().jobs().get(job);
                assertThat(view.job().state())
                        .as("killed at step %d: %s", step, view)
                        .isEqualTo(new JobState.Completed());
                assertThat(installation.host.machines.values())
                        .singleElement()
                        .satisfies(machine ->
                                assertThat(machine.cards())
                                        .singleElement()
                                        .satisfies(card ->
                                                assertThat(card.network())
                                                        .isEqualTo(network + "-drill")));
                assertThat(installation.networkHost.networks)
                        .containsOnlyKeys(network, network + "-drill");
            }
        }
        assertThat(crashes).isGreaterThan(4);
    }

    /// What failed is not taken for done by the next controller.
    @Test
    void aNetworksRecoveryThatFailsAndIsKilledAtAnyStepHasFailed() throws Exception {
        for (var step = 0; ; step++) {
            try (var installation = installation(step)) {
                installation.server();
                var vpc = installation.controller().networks().list().getFirst().id();
                var id =
                        installation
                                .controller()
                                .sourceNetworks()
                                .create(vpc, "eu-central-1", Map.of())
                                .id();
                installation.controller().sourceNetworks().start(id);
                installation.controller().sourceNetworks().replicate();
                installation.networkHost.refusing = true;
                var target = new NetworkRecoveries.Target(id, Optional.empty());
                installation
                        .controller()
                        .networkRecoveries()
                        .recover(List.of(target), false, Map.of());
                var died = diesAfter(installation, step);
                if (died) {
                    installation.restart();
                    installation.work();
                }
                var network = installation.controller().sourceNetworks().list().getFirst();
                assertThat(network.recovery().orElseThrow().result())
                        .as("killed at step %d", step)
                        .isEqualTo(SourceNetwork.Result.FAILED);
                assertThat(network.stack()).isEmpty();
                assertThat(installation.controller().networkStacks().list()).isEmpty();
                assertThat(installation.controller().jobs().list(1).getFirst().job().state())
                        .isEqualTo(new JobState.Failed());
                if (!died) {
                    return;
                }
            }
        }
    }

    private static void withAction(Installation installation, String server) throws IOException {
        installation.script("check", "exit 0");
        installation
                .controller()
                .launchActions()
                .put(new LaunchAction(server, "a", 2, "check", false, true, Map.of(), "{}"));
        installation
                .controller()
                .launchSettings()
                .change(server, _ -> new LaunchSettings(true, false, false, true, false, ""));
    }

    @Test
    void aTerminationKilledAtAnyStepIsFinishedByTheNextController() throws IOException {
        var crashes = 0;
        for (var step = 0; ; step++) {
            try (var installation = installation(step)) {
                var server = installation.server();
                installation.store.addPoint(server, 7, FakeTime.START, 5);
                recover(installation, server);
                installation.work();
                var instance = installation.controller().instances().list().getFirst().id();
                installation.controller().instances().terminate(instance);
                if (!diesAfter(installation, step)) {
                    break;
                }
                crashes++;
                installation.restart();
                installation.work();
                assertThat(installation.controller().instances().get(instance).state())
                        .as("killed at step " + step)
                        .isEqualTo(InstanceState.TERMINATED);
                assertThat(installation.host.machines).isEmpty();
                assertThat(installation.store.volumes()).hasSize(Installation.DISKS.size());
            }
        }
        assertThat(crashes).isGreaterThan(8);
    }

    /// A scrub that found damage must not be reported as clean because its controller died between
    /// writing what it found and ending the job.
    @Test
    void damageFoundBeforeACrashIsStillReported() throws IOException {
        for (var step = 0; ; step++) {
            try (var installation = installation(step)) {
                installation.store.damage.add(
                        new holdfast.volume.Damage("vol-1", 0, 4096, "segment-1", 64, "flipped"));
                var job = installation.controller().scrub().job().id();
                if (!diesAfter(installation, step)) {
                    break;
                }
                installation.restart();
                installation.work();
                var ended = installation.controller().jobs().get(job).job();
                assertThat(ended.state()).isEqualTo(new JobState.Failed());
                assertThat(ended.result().orElseThrow().damage()).hasSize(1);
            }
        }
    }

    @Test
    void aJobThatEndsEveryControllerFailsByName() throws IOException {
        try (var installation = installation(0)) {
            var job = installation.controller().scrub().job().id();
            for (var attempt = 0; attempt < Jobs.ATTEMPTS_MAX; attempt++) {
                // Late enough to have claimed the job, early enough not to end it.
                assertThat(diesAfter(installation, 2)).isTrue();
                installation.restart();
            }
            installation.work();
            var ended = installation.controller().jobs().get(job).job();
            assertThat(ended.state()).isEqualTo(new JobState.Failed());
            assertThat(ended.reason()).contains("given up: 5 controllers ended");
        }
    }

    @Test
    void aLeaseThatHasNotRunOutIsRespected() throws IOException {
        try (var installation = installation(0)) {
            installation.controller().scrub();
            assertThat(diesAfter(installation, 2)).isTrue();
            installation.fuse.repair();
            try (var database = Database.open(installation.file(), installation.time);
                    var other = installation.another(database)) {
                assertThat(other.engine().runNext()).isFalse();
                installation.time.advance(Jobs.LEASE);
                assertThat(other.engine().runNext()).isTrue();
            }
        }
    }

    @Test
    void aControllerThatLostItsLeaseWritesNothingMore() throws IOException {
        try (var installation = installation(0)) {
            var job = installation.controller().scrub().job().id();
            var jobs =
                    new Jobs(installation.database(), installation.time, bytes -> {}, Quotas.NONE);
            jobs.claim("first");
            installation.time.advance(Jobs.LEASE);
            jobs.claim("second");
            assertThat(jobs.renew(job, "first")).isFalse();
            assertThat(jobs.renew(job, "second")).isTrue();
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> jobs.end(job, "first", new JobState.Completed(), "done"))
                    .isInstanceOf(LeaseLostException.class);
        }
    }

    @Test
    void twoControllersDoNotRunOneJobTwice() throws Exception {
        try (var installation = installation(0);
                var database = Database.open(installation.file(), installation.time);
                var other = installation.another(database)) {
            for (var i = 0; i < 20; i++) {
                installation.controller().scrub();
            }
            var runs = ConcurrentHashMap.<String>newKeySet();
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (var controller : List.of(installation.controller(), other)) {
                    threads.submit(() -> {
                        while (controller.engine().runNext()) {
                            runs.add("ran");
                        }
                        return null;
                    });
                }
            }
            assertThat(installation.store.scrubs).isEqualTo(20);
            assertThat(installation.controller().jobs().list(100))
                    .allMatch(view -> view.job().state().equals(new JobState.Completed()));
        }
    }

    private Installation installation(int step) throws IOException {
        return new Installation(Files.createTempDirectory(directory, "step" + step));
    }

    private static String recover(Installation installation, String server) throws IOException {
        return installation
                .controller()
                .recover(List.of(server), true, new PointChoice.Newest())
                .job()
                .id();
    }

    private static boolean diesAfter(Installation installation, int calls) throws IOException {
        installation.fuse.dieAfter(calls);
        try {
            installation.controller().engine().runNext();
            installation.fuse.repair();
            return false;
        } catch (Crash _) {
            return true;
        }
    }

    private static void assertRuns(Installation installation, String server, String job)
            throws IOException {
        var view = installation.controller().jobs().get(job);
        assertThat(view.job().state()).as(view.toString()).isEqualTo(new JobState.Completed());
        assertThat(view.phases())
                .extracting(Job.Phase::name)
                .containsExactly("pick point", "branch", "launch", "boot");
        assertThat(view.phases()).allMatch(phase -> phase.endedAt().isPresent());
        assertThat(view.instances()).hasSize(1);
        var instance = installation.controller().instances().get(view.instances().getFirst());
        assertThat(instance.state()).isEqualTo(InstanceState.RUNNING);
        assertThat(installation.host.launches).isEqualTo(1);
        assertThat(installation.host.machines.get(instance.id()).disks())
                .extracting(disk -> disk.serial())
                .containsExactly("serial-a", "serial-b");
        assertThat(RecoverWork.branches(installation.store, instance.id())).hasSize(2);
        assertThat(installation.store.volumes()).hasSize(4);
        assertThat(installation.store.volumes())
                .filteredOn(volume -> volume.owner().equals(server))
                .hasSize(2);
    }
}
