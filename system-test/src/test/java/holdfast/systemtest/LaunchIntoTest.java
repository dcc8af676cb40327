package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.ConflictException;
import software.amazon.awssdk.services.drs.model.Job;
import software.amazon.awssdk.services.drs.model.RecoveryInstance;
import software.amazon.awssdk.services.drs.model.StartRecoveryRequestSourceServer;
import software.amazon.awssdk.services.drs.model.ValidationException;

/// A recovery into a machine that there is, as an AWS client orders it: what boots is the new
/// point, and the machine is the same.
class LaunchIntoTest {
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    @Test
    @Tag("long")
    void aMachineThatIsLaunchedIntoIsTheSameOnNewDisks() throws Exception {
        try (var lab = Lab.open("into")) {
            lab.installation.startServer();
            var machines = lab.keep(new TinyMachines(lab));
            var clients = new DrsFixture(lab, lab.directory);
            try (var drs = clients.client(clients.firstKey())) {
                drs.initializeService(r -> {});
                var server = machines.protect("one");
                var first = recovered(lab, drs, machines, server, 1);
                var uuid = uuid(lab, first);
                assertThatThrownBy(() -> launchInto(drs, server, first.recoveryInstanceID()))
                        .isInstanceOf(ValidationException.class)
                        .hasMessageContaining("AWSDRS=AllowLaunchingIntoThisInstance");
                drs.tagResource(r ->
                        r.resourceArn(first.arn())
                                .tags(Map.of("AWSDRS", "AllowLaunchingIntoThisInstance")));
                launchInto(drs, server, first.recoveryInstanceID());
                assertThatThrownBy(() ->
                                drs.updateLaunchConfiguration(
                                        r -> r.sourceServerID(server).copyTags(true)))
                        .isInstanceOf(ValidationException.class)
                        .hasMessageContaining("keeps its own addresses and tags");

                var second = recovered(lab, drs, machines, server, 2);
                assertThat(second.recoveryInstanceID()).isEqualTo(first.recoveryInstanceID());
                assertThat(uuid(lab, second)).isEqualTo(uuid);
                assertThat(second.tags())
                        .isEqualTo(Map.of("AWSDRS", "AllowLaunchingIntoThisInstance"));
                assertThat(machines.running()).containsExactly(first.recoveryInstanceID());

                drs.updateLaunchConfiguration(
                        r -> r.sourceServerID(server).launchIntoInstanceProperties(into -> {}));
                var third = recovered(lab, drs, machines, server, 3);
                assertThat(third.recoveryInstanceID()).isNotEqualTo(first.recoveryInstanceID());
                assertThatThrownBy(() -> launchInto(drs, server, first.recoveryInstanceID()))
                        .isInstanceOf(ValidationException.class);
                drs.tagResource(r ->
                        r.resourceArn(third.arn())
                                .tags(Map.of("AWSDRS", "AllowLaunchingIntoThisInstance")));
                launchInto(drs, server, third.recoveryInstanceID());
                drs.terminateRecoveryInstances(
                        r -> r.recoveryInstanceIDs(third.recoveryInstanceID()));
                await(lab, () -> drs.describeRecoveryInstances(r -> {}).items().isEmpty());
                assertThatThrownBy(() -> start(drs, server))
                        .isInstanceOf(ConflictException.class)
                        .hasMessageContaining("it is TERMINATED");
            }
        }
    }

    private static void launchInto(DrsClient drs, String server, String instance) {
        var kept =
                drs.updateLaunchConfiguration(r ->
                        r.sourceServerID(server)
                                .launchIntoInstanceProperties(
                                        into -> into.launchIntoEC2InstanceID(instance)));
        assertThat(kept.launchIntoInstanceProperties().launchIntoEC2InstanceID())
                .isEqualTo(instance);
    }

    private static Job start(DrsClient drs, String server) {
        var target = StartRecoveryRequestSourceServer.builder().sourceServerID(server).build();
        return drs.startRecovery(r -> r.sourceServers(target).isDrill(true)).job();
    }

    /// What a drill of the disk as it is now makes.
    private static RecoveryInstance recovered(
            Lab lab, DrsClient drs, TinyMachines machines, String server, int round)
            throws Exception {
        BootSector.write(machines.disk("one"), "one-" + round);
        var job = start(drs, server);
        var id = new DrsJobs(lab, drs).awaitLaunched(job).recoveryInstanceID();
        assertThat(
                        Files.readString(
                                lab.installation.data().resolve("evidence/" + id + "/console.log")))
                .contains("one-" + round + " login:");
        return drs.describeRecoveryInstances(r -> r.filters(f -> f.recoveryInstanceIDs(id)))
                .items()
                .getFirst();
    }

    /// By which the guest's firmware tells machines apart (SMBIOS).
    private static String uuid(Lab lab, RecoveryInstance instance) throws IOException {
        var pid =
                Files.readString(
                                lab.installation
                                        .data()
                                        .resolve("machines")
                                        .resolve(instance.recoveryInstanceID())
                                        .resolve("pid"))
                        .strip();
        var arguments = List.of(Files.readString(Path.of("/proc", pid, "cmdline")).split("\0", -1));
        return arguments.get(arguments.indexOf("-uuid") + 1);
    }

    private static void await(Lab lab, Condition condition) throws Exception {
        var deadline = lab.time.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            assertThat(lab.time.nanoTime()).as("time is up").isLessThan(deadline);
            lab.time.sleep(Duration.ofMillis(200));
        }
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds() throws Exception;
    }
}
