package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.AccessDeniedException;
import software.amazon.awssdk.services.drs.model.Account;
import software.amazon.awssdk.services.drs.model.ConflictException;
import software.amazon.awssdk.services.drs.model.DataReplicationState;
import software.amazon.awssdk.services.drs.model.ExtensionStatus;
import software.amazon.awssdk.services.drs.model.Job;
import software.amazon.awssdk.services.drs.model.JobStatus;
import software.amazon.awssdk.services.drs.model.LaunchStatus;
import software.amazon.awssdk.services.drs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.drs.model.SourceServer;
import software.amazon.awssdk.services.drs.model.StartRecoveryRequestSourceServer;
import software.amazon.awssdk.services.drs.model.UninitializedAccountException;
import software.amazon.awssdk.services.drs.model.ValidationException;

/// A server that replicates in one account is drilled in another, by unmodified clients with keys
/// of each.
class ExtendedServersTest {
    private static final Duration PATIENCE = Duration.ofMinutes(6);

    private static DrsFixture fixture;
    private static DrsClient staging;
    private static DrsClient target;
    private static String stagingAccount;
    private static String targetAccount;

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
        target =
                fixture.client(
                        new DrsFixture.Key(
                                key.required("accessKeyId").asString(),
                                key.required("secretAccessKey").asString()));
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
        var instance = drill(server);
        assertThatThrownBy(() ->
                        staging.disconnectSourceServer(
                                r -> r.sourceServerID(origin.sourceServerID())))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining(targetAccount)
                .hasMessageNotContaining(instance);
        awaitEnd(
                target,
                target.terminateRecoveryInstances(r -> r.recoveryInstanceIDs(instance)).job());

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
    private static String drill(SourceServer server) throws InterruptedException {
        var id = server.sourceServerID();
        var points = target.describeRecoverySnapshots(r -> r.sourceServerID(id)).items();
        assertThat(points).isNotEmpty().allMatch(point -> point.sourceServerID().equals(id));
        var job = awaitEnd(target, start(id));
        var participant = job.participatingServers().getFirst();
        assertThat(participant.launchStatus()).isEqualTo(LaunchStatus.LAUNCHED);
        assertThat(job.arn()).contains(":" + targetAccount + ":");
        var instance = participant.recoveryInstanceID();
        assertThat(target.describeRecoveryInstances(r -> {}).items())
                .extracting(one -> one.recoveryInstanceID())
                .containsExactly(instance);
        assertThat(staging.describeRecoveryInstances(r -> {}).items()).isEmpty();
        assertThat(staging.describeJobs(r -> {}).items()).isEmpty();
        assertThat(staging.describeJobs(r -> r.filters(f -> f.jobIDs(job.jobID()))).items())
                .isEmpty();
        assertThat(server(target).recoveryInstanceId()).isEqualTo(instance);
        assertThat(server(staging).recoveryInstanceId()).isNull();
        return instance;
    }

    private static SourceServer server(DrsClient client) {
        return client.describeSourceServers(r -> {}).items().getFirst();
    }

    private static Job start(String id) {
        var server = StartRecoveryRequestSourceServer.builder().sourceServerID(id).build();
        return target.startRecovery(r -> r.isDrill(true).sourceServers(List.of(server))).job();
    }

    private static Job awaitEnd(DrsClient client, Job started) throws InterruptedException {
        var deadline = fixture.lab.time.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var job =
                    client.describeJobs(r -> r.filters(f -> f.jobIDs(started.jobID())))
                            .items()
                            .getFirst();
            if (job.status() == JobStatus.COMPLETED) {
                return job;
            }
            assertThat(fixture.lab.time.nanoTime()).as("%s", job).isLessThan(deadline);
            fixture.lab.time.sleep(Duration.ofMillis(200));
        }
    }
}
