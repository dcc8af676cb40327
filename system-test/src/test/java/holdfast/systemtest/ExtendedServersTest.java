package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.demo.Commands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.AccessDeniedException;
import software.amazon.awssdk.services.drs.model.Account;
import software.amazon.awssdk.services.drs.model.ConflictException;
import software.amazon.awssdk.services.drs.model.DataReplicationState;
import software.amazon.awssdk.services.drs.model.ExtensionStatus;
import software.amazon.awssdk.services.drs.model.FailbackState;
import software.amazon.awssdk.services.drs.model.Job;
import software.amazon.awssdk.services.drs.model.LaunchDisposition;
import software.amazon.awssdk.services.drs.model.ReplicationDirection;
import software.amazon.awssdk.services.drs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.drs.model.SourceServer;
import software.amazon.awssdk.services.drs.model.StartRecoveryRequestSourceServer;
import software.amazon.awssdk.services.drs.model.UninitializedAccountException;
import software.amazon.awssdk.services.drs.model.ValidationException;

/// Servers that are not machines with agents, by unmodified clients: one that replicates in one
/// account is drilled in another, with keys of each; one is made of a recovery instance.
@Tag("long")
class ExtendedServersTest {

    private static DrsFixture fixture;
    private static DrsClient staging;
    private static DrsClient target;
    private static String stagingAccount;
    private static String targetAccount;
    private static DrsFixture.Key eve;

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        fixture = DrsFixture.open();
        staging = fixture.client(fixture.firstKey());
        staging.initializeService(r -> {});
        var installation = fixture.lab.installation;
        targetAccount =
                installation.command("account", "create", "branch").required("id").asString();
        stagingAccount =
                installation
                        .command("account", "list")
                        .required("accounts")
                        .get(0)
                        .required("id")
                        .asString();
        installation.command(
                "user", "create", "eve", "--role", "admin", "--account", targetAccount);
        var key = installation.command("key", "create", "--user", "eve");
        eve =
                new DrsFixture.Key(
                        key.required("accessKeyId").asString(),
                        key.required("secretAccessKey").asString());
        target = fixture.client(eve);
    }

    @AfterAll
    static void close() throws IOException {
        if (fixture != null) {
            fixture.close();
        }
    }

    @Test
    void aServerIsExtendedDrilledAndGoesWithItsOrigin() throws Exception {
        assertThatThrownBy(() -> target.describeSourceServers(r -> {}))
                .isInstanceOf(UninitializedAccountException.class);
        target.initializeService(r -> {});
        assertThat(target.describeSourceServers(r -> {}).items()).isEmpty();
        var origin = staging.describeSourceServers(r -> {}).items().getFirst();
        assertThat(origin.stagingArea().status()).isEqualTo(ExtensionStatus.NOT_EXTENDED);
        assertThat(origin.arn()).contains(":" + stagingAccount + ":");
        assertNotAllowedYet(origin);

        fixture.lab.installation.command(
                "account", "share", stagingAccount, "--with", targetAccount);
        var server = extend(origin);
        assertNothingElseIsSeen(origin, server);
        assertThat(commandOfEve("servers", "--json").output())
                .contains(server.sourceServerID(), stagingAccount)
                .doesNotContain("\"id\" : \"" + origin.sourceServerID());
        assertThat(commandOfEve("user", "list").error()).contains("the whole installation");
        protectWhatWasRecovered(origin);
        var instance = drill(server);
        assertThatThrownBy(() ->
                        staging.disconnectSourceServer(
                                r -> r.sourceServerID(origin.sourceServerID())))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining(targetAccount)
                .hasMessageNotContaining(instance);
        new DrsJobs(fixture.lab, target).terminate(instance);

        staging.disconnectSourceServer(r -> r.sourceServerID(origin.sourceServerID()));
        var left = server(target);
        assertThat(left.stagingArea().status()).isEqualTo(ExtensionStatus.EXTENSION_ERROR);
        assertThat(left.stagingArea().errorMessage()).contains("was disconnected there");
        assertThat(left.dataReplicationInfo().dataReplicationState())
                .isEqualTo(DataReplicationState.DISCONNECTED);
        assertThatThrownBy(() -> start(server.sourceServerID()))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining("was disconnected there");
        target.deleteSourceServer(r -> r.sourceServerID(server.sourceServerID()));
        assertThat(target.describeSourceServers(r -> {}).items()).isEmpty();
        assertThat(target.listStagingAccounts(r -> {}).accounts()).isEmpty();
    }

    private static void assertNotAllowedYet(SourceServer origin) {
        assertThatThrownBy(() ->
                        target.listExtensibleSourceServers(r -> r.stagingAccountID(stagingAccount)))
                .isInstanceOf(AccessDeniedException.class)
                .hasMessageContaining("holdfast account share");
        assertThatThrownBy(() ->
                        target.createExtendedSourceServer(r -> r.sourceServerArn(origin.arn())))
                .isInstanceOf(AccessDeniedException.class);
    }

    private static SourceServer extend(SourceServer origin) {
        var extensible =
                target
                        .listExtensibleSourceServersPaginator(
                                r -> r.stagingAccountID(stagingAccount).maxResults(1))
                        .items()
                        .stream()
                        .toList();
        assertThat(extensible).extracting(one -> one.arn()).containsExactly(origin.arn());
        assertThat(extensible.getFirst().hostname())
                .isEqualTo(origin.sourceProperties().identificationHints().hostname());
        var unknown = origin.arn().substring(0, origin.arn().length() - 17) + "0123456789abcdef0";
        assertThatThrownBy(() -> target.createExtendedSourceServer(r -> r.sourceServerArn(unknown)))
                .isInstanceOf(ResourceNotFoundException.class);
        var server =
                target.createExtendedSourceServer(
                                r -> r.sourceServerArn(origin.arn()).tags(Map.of("site", "branch")))
                        .sourceServer();
        assertThat(server.stagingArea().status()).isEqualTo(ExtensionStatus.EXTENDED);
        assertThat(server.stagingArea().stagingAccountID()).isEqualTo(stagingAccount);
        assertThat(server.stagingArea().stagingSourceServerArn()).isEqualTo(origin.arn());
        assertThat(server.arn()).contains(":" + targetAccount + ":");
        assertThat(server.tags()).containsEntry("site", "branch");
        assertThat(server.dataReplicationInfo().dataReplicationState())
                .isEqualTo(DataReplicationState.CONTINUOUS);
        assertThatThrownBy(() ->
                        target.createExtendedSourceServer(r -> r.sourceServerArn(origin.arn())))
                .isInstanceOf(ValidationException.class)
                .hasMessageContaining(server.sourceServerID());
        assertThat(target.listExtensibleSourceServers(r -> r.stagingAccountID(stagingAccount)))
                .satisfies(left -> assertThat(left.items()).isEmpty());
        assertThat(target.listStagingAccountsPaginator(r -> r.maxResults(1)).accounts())
                .extracting(Account::accountID)
                .containsExactly(stagingAccount);
        assertThatThrownBy(() ->
                        target.stopReplication(r -> r.sourceServerID(server.sourceServerID())))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining(stagingAccount);
        return server;
    }

    private static void assertNothingElseIsSeen(SourceServer origin, SourceServer server) {
        var id = origin.sourceServerID();
        assertThat(target.describeSourceServers(r -> {}).items())
                .extracting(SourceServer::sourceServerID)
                .containsExactly(server.sourceServerID());
        assertThat(
                        target.describeSourceServers(
                                        r -> r.filters(f -> f.stagingAccountIDs(stagingAccount)))
                                .items())
                .hasSize(1);
        assertThat(
                        target.describeSourceServers(
                                        r -> r.filters(f -> f.stagingAccountIDs(targetAccount)))
                                .items())
                .isEmpty();
        assertThatThrownBy(() -> target.getLaunchConfiguration(r -> r.sourceServerID(id)))
                .isInstanceOf(ResourceNotFoundException.class);
        assertThatThrownBy(() -> target.disconnectSourceServer(r -> r.sourceServerID(id)))
                .isInstanceOf(ResourceNotFoundException.class);
        assertThatThrownBy(() -> target.listTagsForResource(r -> r.resourceArn(origin.arn())))
                .isInstanceOf(ResourceNotFoundException.class);
        assertThatThrownBy(() -> start(id)).isInstanceOf(ConflictException.class);
        assertThat(staging.describeSourceServers(r -> {}).items())
                .extracting(SourceServer::sourceServerID)
                .containsExactly(id);
    }

    /// @return the recovery instance
    private static String drill(SourceServer server) throws IOException, InterruptedException {
        var id = server.sourceServerID();
        var points = target.describeRecoverySnapshots(r -> r.sourceServerID(id)).items();
        assertThat(points).isNotEmpty().allMatch(point -> point.sourceServerID().equals(id));
        var job = start(id);
        var participant = new DrsJobs(fixture.lab, target).awaitLaunched(job);
        assertThat(job.arn()).contains(":" + targetAccount + ":");
        var instance = participant.recoveryInstanceID();
        assertThat(target.describeRecoveryInstances(r -> {}).items())
                .extracting(one -> one.recoveryInstanceID())
                .containsExactly(instance);
        assertThat(staging.describeRecoveryInstances(r -> {}).items()).isEmpty();
        assertThat(staging.describeJobs(r -> r.filters(f -> f.jobIDs(job.jobID()))).items())
                .isEmpty();
        assertThat(server(target).recoveryInstanceId()).isEqualTo(instance);
        assertThat(server(staging).recoveryInstanceId()).isNull();
        return instance;
    }

    /// The command with an access key instead of the installation's own.
    private static Commands.Result commandOfEve(String... command)
            throws IOException, InterruptedException {
        var line =
                new ArrayList<>(
                        List.of(
                                "env",
                                "HOLDFAST_ACCESS_KEY_ID=" + eve.id(),
                                "HOLDFAST_SECRET_ACCESS_KEY=" + eve.secret(),
                                "HOLDFAST_URL=" + fixture.endpoint(),
                                "HOLDFAST_DATA=" + fixture.data()));
        line.addAll(Lab.HOLDFAST.command(List.of(command)));
        return fixture.lab.commands.run(line);
    }

    /// Machines are made ready only, which is all that is looked at.
    private static void protectWhatWasRecovered(SourceServer origin)
            throws IOException, InterruptedException {
        var id = origin.sourceServerID();
        var instance = readyOnly(id, false);
        var arn =
                staging.reverseReplication(r -> r.recoveryInstanceID(instance))
                        .reversedDirectionSourceServerArn();
        assertThatThrownBy(() -> staging.reverseReplication(r -> r.recoveryInstanceID(instance)))
                .isInstanceOf(ConflictException.class);
        assertThatThrownBy(() ->
                        staging.reverseReplication(
                                r -> r.recoveryInstanceID("i-0123456789abcdef0")))
                .isInstanceOf(ResourceNotFoundException.class);
        assertThatThrownBy(() -> target.reverseReplication(r -> r.recoveryInstanceID(instance)))
                .isInstanceOf(ResourceNotFoundException.class);
        var reversed = arn.substring(arn.lastIndexOf('/') + 1);
        var server = described(reversed);
        assertThat(server.arn()).isEqualTo(arn);
        assertThat(server.replicationDirection()).isEqualTo(ReplicationDirection.FAILBACK);
        assertThat(server.reversedDirectionSourceServerArn()).isEqualTo(origin.arn());
        assertThat(described(id).reversedDirectionSourceServerArn()).isEqualTo(arn);
        assertThat(server.dataReplicationInfo().dataReplicationState())
                .isEqualTo(DataReplicationState.CONTINUOUS);
        assertThat(staging.describeRecoveryInstances(r -> {}).items().getFirst().failback().state())
                .isEqualTo(FailbackState.FAILBACK_READY_FOR_LAUNCH);
        assertThat(staging.describeRecoverySnapshots(r -> r.sourceServerID(reversed)).items())
                .isNotEmpty();
        var child = readyOnly(reversed, true);
        assertThatThrownBy(() ->
                        staging.terminateRecoveryInstances(r -> r.recoveryInstanceIDs(instance)))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining(reversed);
        terminate(child);
        staging.disconnectSourceServer(r -> r.sourceServerID(reversed));
        staging.deleteSourceServer(r -> r.sourceServerID(reversed));
        terminate(instance);
    }

    private static SourceServer described(String id) {
        return staging.describeSourceServers(r -> r.filters(f -> f.sourceServerIDs(id)))
                .items()
                .getFirst();
    }

    private static String readyOnly(String id, boolean drill)
            throws IOException, InterruptedException {
        staging.updateLaunchConfiguration(
                r -> r.sourceServerID(id).launchDisposition(LaunchDisposition.STOPPED));
        var server = StartRecoveryRequestSourceServer.builder().sourceServerID(id).build();
        var job = staging.startRecovery(r -> r.isDrill(drill).sourceServers(server)).job();
        return new DrsJobs(fixture.lab, staging).awaitLaunched(job).recoveryInstanceID();
    }

    private static void terminate(String instance) throws IOException, InterruptedException {
        new DrsJobs(fixture.lab, staging).terminate(instance);
    }

    private static SourceServer server(DrsClient client) {
        return client.describeSourceServers(r -> {}).items().getFirst();
    }

    private static Job start(String id) {
        var server = StartRecoveryRequestSourceServer.builder().sourceServerID(id).build();
        return target.startRecovery(r -> r.isDrill(true).sourceServers(List.of(server))).job();
    }
}
