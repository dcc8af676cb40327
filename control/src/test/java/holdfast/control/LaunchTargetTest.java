package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.recovery.MachineSpec;
import holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A recovery into an instance that there is: it stays what it is, on the disks of another point.
class LaunchTargetTest {
    @TempDir Path directory;

    @Test
    void anInstanceThatIsLaunchedIntoStaysItselfAndGetsTheDisksOfThePoint() throws Exception {
        try (var installation = installation("into")) {
            var server = installation.server();
            recoverNetwork(installation);
            var earlier = launched(installation, server, 1, true);
            var other = launched(installation, server, 2, true);
            var card = card(installation, earlier.id());
            launchInto(installation, server, earlier.id());
            installation.controller().tags().put(earlier.id(), Map.of("kept", "yes"));
            installation.store.addPoint(server, 3, FakeTime.START.plusSeconds(3), 5);
            var job = recover(installation, server, true);
            installation.work();

            var view = installation.controller().jobs().get(job);
            assertThat(view.job().state()).as("%s", view).isEqualTo(new JobState.Completed());
            assertThat(view.instances()).containsExactly(earlier.id());
            assertThat(view.phases())
                    .extracting(Job.Phase::name)
                    .endsWith("replace disks", "branch", "launch", "boot");
            assertRuns(installation, earlier.id(), 3);
            assertThat(card(installation, earlier.id())).isEqualTo(card);
            assertThat(installation.controller().tags().of(earlier.id()))
                    .containsEntry("kept", "yes");
            var now = installation.controller().instances().get(earlier.id());
            assertThat(now.createdAt()).isEqualTo(earlier.createdAt());
            // another one of the server ends, as ever
            assertThat(installation.controller().instances().get(other.id()).state())
                    .isEqualTo(InstanceState.TERMINATED);
        }
    }

    @Test
    void aDrillThatIsLaunchedIntoForARecoveryChangesItsNetwork() throws Exception {
        try (var installation = installation("network")) {
            var server = installation.server();
            recoverNetwork(installation);
            var drill = launched(installation, server, 1, true);
            var before = card(installation, drill.id());
            launchInto(installation, server, drill.id());
            recover(installation, server, false);
            installation.work();

            assertThat(installation.controller().instances().get(drill.id()).drill()).isFalse();
            var after = card(installation, drill.id());
            assertThat(before.network()).isEqualTo(after.network() + "-drill");
            assertThat(before.hardwareAddress()).isEqualTo(after.hardwareAddress());
        }
    }

    @Test
    void whatSomebodyReliesUponOrIsGoneIsNotLaunchedInto() throws Exception {
        try (var installation = installation("unfit")) {
            var server = installation.server();
            launchInto(installation, server, "i-0123456789abcdef0");
            installation.store.addPoint(server, 1, FakeTime.START, 5);
            assertUnfit("no such recovery instance", () -> recover(installation, server, true));
            launchInto(installation, server, null);
            var another = installation.server();
            var foreign = launched(installation, another, 2, true);
            launchInto(installation, server, foreign.id());
            assertUnfit("no such recovery instance", () -> recover(installation, server, true));

            launchInto(installation, server, null);
            var recovery = launched(installation, server, 3, false);
            launchInto(installation, server, recovery.id());
            assertUnfit("a drill would end it", () -> recover(installation, server, true));
            var controller = installation.controller();
            controller.failbacks().pair(recovery.id(), "host", false, _ -> "certificate");
            assertUnfit("its failback is under way", () -> recover(installation, server, false));
            controller.failbacks().stop(recovery.id());
            var reversed = controller.reversals().create(recovery.id());
            assertUnfit("protected as " + reversed, () -> recover(installation, server, false));
            controller.orders().disconnect(reversed);
            controller.instances().terminate(recovery.id());
            assertUnfit("it is TERMINATING", () -> recover(installation, server, false));
            installation.work();
            assertUnfit("it is TERMINATED", () -> recover(installation, server, false));
        }
    }

    /// It runs once, on the new disks, and nothing is left of the old ones.
    @Test
    void aLaunchIntoAnInstanceKilledAtAnyStepIsFinished() throws Exception {
        var crashes = 0;
        for (var step = 0; ; step++) {
            try (var installation = installation("step" + step)) {
                var server = installation.server();
                var earlier = launched(installation, server, 1, true);
                launchInto(installation, server, earlier.id());
                installation.store.addPoint(server, 2, FakeTime.START.plusSeconds(2), 5);
                var job = recover(installation, server, true);
                installation.fuse.dieAfter(step);
                var died = false;
                try {
                    installation.controller().engine().runNext();
                } catch (Crash _) {
                    died = true;
                }
                installation.restart();
                installation.work();
                var view = installation.controller().jobs().get(job);
                assertThat(view.job().state())
                        .as("killed at step %d: %s", step, view)
                        .isEqualTo(new JobState.Completed());
                assertRuns(installation, earlier.id(), 2);
                if (!died) {
                    break;
                }
                crashes++;
            }
        }
        assertThat(crashes).isGreaterThan(20);
    }

    private static void assertRuns(Installation installation, String id, long sequence)
            throws IOException {
        var instance = installation.controller().instances().get(id);
        assertThat(instance.state()).isEqualTo(InstanceState.RUNNING);
        assertThat(instance.point().sequence()).isEqualTo(sequence);
        var branches = RecoverWork.branches(installation.store, id);
        assertThat(branches)
                .hasSize(2)
                .allMatch(branch -> branch.origin().orElseThrow().sequence() == sequence);
        assertThat(installation.host.machines).containsOnlyKeys(id);
        assertThat(installation.host.machines.get(id).disks())
                .extracting(MachineSpec.Disk::export)
                .containsExactlyInAnyOrderElementsOf(
                        branches.stream().map(Volume::id).map(one -> one.text()).toList());
        assertThat(installation.store.volumes()).hasSize(2 * Installation.DISKS.size());
    }

    private Installation installation(String name) throws IOException {
        return new Installation(Files.createTempDirectory(directory, name));
    }

    private static void recoverNetwork(Installation installation) throws IOException {
        var controller = installation.controller();
        var vpc = controller.networks().list().getFirst().id();
        var id = controller.sourceNetworks().create(vpc, "eu-central-1", Map.of()).id();
        controller.sourceNetworks().start(id);
        controller.sourceNetworks().replicate();
        var target = new NetworkRecoveries.Target(id, Optional.empty());
        controller.networkRecoveries().recover(List.of(target), false, Map.of());
        installation.work();
    }

    private static MachineSpec.Card card(Installation installation, String instance) {
        return installation.host.machines.get(instance).cards().getFirst();
    }

    /// A new instance that runs, from a point of its own.
    private static RecoveryInstance launched(
            Installation installation, String server, long sequence, boolean drill)
            throws IOException {
        installation.store.addPoint(server, sequence, FakeTime.START.plusSeconds(sequence), 5);
        var job =
                installation
                        .controller()
                        .recover(List.of(server), drill, new PointChoice.Newest())
                        .job()
                        .id();
        installation.work();
        var instances = installation.controller().jobs().get(job).instances();
        var instance = installation.controller().instances().get(instances.getFirst());
        assertThat(instance.state()).isEqualTo(InstanceState.RUNNING);
        return instance;
    }

    private static String recover(Installation installation, String server, boolean drill)
            throws IOException {
        var target = new RecoveryTarget(server, new PointChoice.Newest());
        return installation.controller().recover(List.of(target), drill, Map.of()).job().id();
    }

    private static void launchInto(Installation installation, String server, String instance)
            throws IOException {
        installation
                .controller()
                .launchSettings()
                .change(
                        server,
                        _ ->
                                new LaunchSettings(
                                        true,
                                        false,
                                        false,
                                        false,
                                        false,
                                        Optional.ofNullable(instance),
                                        ""));
    }

    private static void assertUnfit(String why, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo("launch-target-unfit"))
                .hasMessageContaining(why);
    }
}
