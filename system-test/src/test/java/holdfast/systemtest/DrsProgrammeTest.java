package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.AccessDeniedException;
import software.amazon.awssdk.services.drs.model.ConflictException;
import software.amazon.awssdk.services.drs.model.CreateReplicationConfigurationTemplateRequest;
import software.amazon.awssdk.services.drs.model.DataReplicationInfoReplicatedDisk;
import software.amazon.awssdk.services.drs.model.DataReplicationState;
import software.amazon.awssdk.services.drs.model.EC2InstanceState;
import software.amazon.awssdk.services.drs.model.Job;
import software.amazon.awssdk.services.drs.model.JobLog;
import software.amazon.awssdk.services.drs.model.JobLogEvent;
import software.amazon.awssdk.services.drs.model.LaunchAction;
import software.amazon.awssdk.services.drs.model.LaunchActionCategory;
import software.amazon.awssdk.services.drs.model.LaunchActionParameter;
import software.amazon.awssdk.services.drs.model.LaunchActionParameterType;
import software.amazon.awssdk.services.drs.model.LaunchActionRunStatus;
import software.amazon.awssdk.services.drs.model.LaunchDisposition;
import software.amazon.awssdk.services.drs.model.PITPolicyRule;
import software.amazon.awssdk.services.drs.model.PITPolicyRuleUnits;
import software.amazon.awssdk.services.drs.model.PutLaunchActionRequest;
import software.amazon.awssdk.services.drs.model.RecoveryInstance;
import software.amazon.awssdk.services.drs.model.ReplicationConfigurationDataPlaneRouting;
import software.amazon.awssdk.services.drs.model.ReplicationConfigurationDefaultLargeStagingDiskType;
import software.amazon.awssdk.services.drs.model.ReplicationConfigurationEbsEncryption;
import software.amazon.awssdk.services.drs.model.ReplicationConfigurationReplicatedDisk;
import software.amazon.awssdk.services.drs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.drs.model.ServiceQuotaExceededException;
import software.amazon.awssdk.services.drs.model.SourceServer;
import software.amazon.awssdk.services.drs.model.StartRecoveryRequestSourceServer;
import software.amazon.awssdk.services.drs.model.UninitializedAccountException;
import software.amazon.awssdk.services.drs.model.ValidationException;
import software.amazon.awssdk.services.drs.model.ValidationExceptionField;

/// A disaster recovery programme with unmodified clients on a real server, agent and machines, from
/// the templates to the server's deletion. The parts build on each other.
@SuppressWarnings("deprecation") // RetryDataReplication, which clients still have
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DrsProgrammeTest {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final String NO_SERVER = "s-0123456789abcdef0";
    private static final String ACTION = "01234567-89ab-cdef-0123-456789abcdef";

    private static DrsFixture fixture;
    private static DrsFixture.Key admin;
    private static DrsClient drs;
    private static DrsJobs jobs;
    private static Process agent;

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        fixture = DrsFixture.openUnprotected();
        admin = fixture.firstKey();
        drs = fixture.client(admin);
        jobs = new DrsJobs(fixture.lab, drs);
    }

    @AfterAll
    static void close() throws IOException {
        if (fixture != null) {
            drs.close();
            fixture.close();
        }
    }

    /// Of each operation that says so of itself.
    private static List<Consumer<DrsClient>> onServers(String id) {
        return List.of(
                c -> c.stopReplication(r -> r.sourceServerID(id)),
                c -> c.startReplication(r -> r.sourceServerID(id)),
                c -> c.retryDataReplication(r -> r.sourceServerID(id)),
                c -> c.disconnectSourceServer(r -> r.sourceServerID(id)),
                c -> c.deleteSourceServer(r -> r.sourceServerID(id)),
                c -> c.deleteJob(r -> r.jobID("drsjob-0123456789abcdef0")),
                c -> c.getReplicationConfiguration(r -> r.sourceServerID(id)),
                c -> c.updateReplicationConfiguration(r -> r.sourceServerID(id)),
                c ->
                        c.updateReplicationConfigurationTemplate(
                                r -> r.replicationConfigurationTemplateID("rct-0123456789abcdef0")),
                c ->
                        c.deleteReplicationConfigurationTemplate(
                                r -> r.replicationConfigurationTemplateID("rct-0123456789abcdef0")),
                c ->
                        c.describeReplicationConfigurationTemplates(r ->
                                r.replicationConfigurationTemplateIDs("rct-0123456789abcdef0")),
                c -> c.getLaunchConfiguration(r -> r.sourceServerID(id)),
                c -> c.updateLaunchConfiguration(r -> r.sourceServerID(id)),
                c ->
                        c.updateLaunchConfigurationTemplate(
                                r -> r.launchConfigurationTemplateID("lct-0123456789abcdef0")),
                c ->
                        c.deleteLaunchConfigurationTemplate(
                                r -> r.launchConfigurationTemplateID("lct-0123456789abcdef0")),
                c ->
                        c.describeLaunchConfigurationTemplates(
                                r -> r.launchConfigurationTemplateIDs("lct-0123456789abcdef0")),
                c -> c.listLaunchActions(r -> r.resourceId(id)),
                c -> c.deleteLaunchAction(r -> r.resourceId(id).actionId(ACTION)),
                c -> c.putLaunchAction(r -> action(r.resourceId(id))));
    }

    private static void action(PutLaunchActionRequest.Builder request) {
        request.actionId(ACTION)
                .actionCode("check-web")
                .actionVersion("$LATEST")
                .order(2)
                .optional(false)
                .active(true)
                .name("Check")
                .description("looks whether it is there")
                .category(LaunchActionCategory.VALIDATION)
                .parameters(
                        Map.of(
                                "PORT",
                                LaunchActionParameter.builder()
                                        .type(LaunchActionParameterType.DYNAMIC)
                                        .value("8080")
                                        .build()));
    }

    @Test
    @Order(1)
    void whatIsNotInitializedOrNotThereIsToldByType() throws Exception {
        var scripts = Files.createDirectory(fixture.data().resolve("launch-actions"));
        Files.writeString(
                scripts.resolve("check-web"),
                "echo port $PORT of $HOLDFAST_INSTANCE; test -d /proc/1\n");
        for (var call : onServers(NO_SERVER)) {
            assertThatThrownBy(() -> call.accept(drs))
                    .isInstanceOf(UninitializedAccountException.class);
        }
        drs.initializeService(r -> {});
        for (var call : onServers(NO_SERVER)) {
            assertThatThrownBy(() -> call.accept(drs))
                    .isInstanceOfSatisfying(
                            ResourceNotFoundException.class,
                            e -> assertThat(e.resourceType()).isNotBlank())
                    .message()
                    .isNotBlank();
        }
        try (var operator = fixture.client(fixture.newKey("operator"))) {
            assertThatThrownBy(() ->
                            operator.updateReplicationConfiguration(
                                    r -> r.sourceServerID(NO_SERVER)))
                    .isInstanceOf(AccessDeniedException.class);
        }
    }

    private static PITPolicyRule rule(PITPolicyRuleUnits units, int interval, int kept) {
        return PITPolicyRule.builder()
                .ruleID(units.ordinal() + 1L)
                .units(units)
                .interval(interval)
                .retentionDuration(kept)
                .enabled(true)
                .build();
    }

    private static List<PITPolicyRule> policy(int days) {
        return List.of(
                rule(PITPolicyRuleUnits.MINUTE, 10, 60),
                rule(PITPolicyRuleUnits.HOUR, 1, 24),
                rule(PITPolicyRuleUnits.DAY, 1, days));
    }

    private static void template(CreateReplicationConfigurationTemplateRequest.Builder request) {
        request.stagingAreaSubnetId("subnet-01234567")
                .associateDefaultSecurityGroup(true)
                .replicationServersSecurityGroupsIDs("sg-01234567")
                .replicationServerInstanceType("t3.small")
                .useDedicatedReplicationServer(false)
                .defaultLargeStagingDiskType(
                        ReplicationConfigurationDefaultLargeStagingDiskType.GP3)
                .ebsEncryption(ReplicationConfigurationEbsEncryption.DEFAULT)
                .bandwidthThrottling(800L)
                .dataPlaneRouting(ReplicationConfigurationDataPlaneRouting.PRIVATE_IP)
                .createPublicIP(false)
                .stagingAreaTags(Map.of("cost", "dr"))
                .pitPolicy(policy(30))
                .tags(Map.of("name", "usual"));
    }

    @Test
    @Order(2)
    void templatesAreMadeOnceAndCheckedByMember() {
        assertInvalid(
                "pitPolicy.2.member.units",
                () ->
                        drs.createReplicationConfigurationTemplate(r -> {
                            template(r);
                            r.pitPolicy(
                                    rule(PITPolicyRuleUnits.DAY, 1, 7),
                                    rule(PITPolicyRuleUnits.DAY, 1, 8),
                                    rule(PITPolicyRuleUnits.HOUR, 1, 24));
                        }));
        assertInvalid(
                "pitPolicy.3.member.retentionDuration",
                () ->
                        drs.createReplicationConfigurationTemplate(r -> {
                            template(r);
                            r.pitPolicy(policy(366));
                        }));
        assertInvalid(
                "ebsEncryptionKeyArn",
                () ->
                        drs.createReplicationConfigurationTemplate(r -> {
                            template(r);
                            r.ebsEncryptionKeyArn("arn:aws:kms:eu-central-1:123456789012:key/1");
                        }));
        assertInvalid(
                "autoReplicateNewDisks",
                () ->
                        drs.createReplicationConfigurationTemplate(r -> {
                            template(r);
                            r.autoReplicateNewDisks(true);
                        }));
        var made = drs.createReplicationConfigurationTemplate(DrsProgrammeTest::template);
        assertThat(made.arn()).endsWith(made.replicationConfigurationTemplateID());
        var quota =
                catchThrowableOfType(
                        ServiceQuotaExceededException.class,
                        () ->
                                drs.createReplicationConfigurationTemplate(
                                        DrsProgrammeTest::template));
        assertThat(quota.statusCode()).isEqualTo(402);
        assertThat(quota.quotaCode()).isNotBlank();
        drs.updateReplicationConfigurationTemplate(r ->
                r.replicationConfigurationTemplateID(made.replicationConfigurationTemplateID())
                        .bandwidthThrottling(900L));
        var listed = drs.describeReplicationConfigurationTemplates(r -> {}).items().getFirst();
        assertThat(listed.bandwidthThrottling()).isEqualTo(900);
        assertThat(listed.stagingAreaTags()).isEqualTo(Map.of("cost", "dr"));
        assertThat(listed.tags()).isEqualTo(Map.of("name", "usual"));
        drs.tagResource(r -> r.resourceArn(made.arn()).tags(Map.of("more", "1")));
        assertThat(drs.listTagsForResource(r -> r.resourceArn(made.arn())).tags()).hasSize(2);

        assertInvalid(
                "launchIntoSourceInstance",
                () -> drs.createLaunchConfigurationTemplate(r -> r.launchIntoSourceInstance(true)));
        var launch =
                drs.createLaunchConfigurationTemplate(r -> r.postLaunchEnabled(true).copyTags(true))
                        .launchConfigurationTemplate();
        assertThatThrownBy(() -> drs.createLaunchConfigurationTemplate(r -> {}))
                .isInstanceOf(ServiceQuotaExceededException.class);
        assertThat(launch.launchDisposition()).isEqualTo(LaunchDisposition.STARTED);
        var id = launch.launchConfigurationTemplateID();
        assertThat(drs.putLaunchAction(r -> action(r.resourceId(id))).actionId()).isEqualTo(ACTION);
        assertThatThrownBy(() ->
                        drs.putLaunchAction(r -> {
                            action(r.resourceId(id));
                            r.actionCode("no-such-script");
                        }))
                .isInstanceOf(ResourceNotFoundException.class)
                .hasMessageContaining("launch-actions");
        assertInvalid(
                "actionVersion",
                () ->
                        drs.putLaunchAction(r -> {
                            action(r.resourceId(id));
                            r.actionVersion("7");
                        }));
        assertThatThrownBy(() ->
                        drs.putLaunchAction(r -> {
                            action(r.resourceId(id));
                            r.actionId(ACTION.replace('0', '1'));
                        }))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining("has the order 2 already");
    }

    private static void assertInvalid(String member, Runnable call) {
        var invalid = catchThrowableOfType(ValidationException.class, call::run);
        assertThat(invalid).as(member).isNotNull();
        assertThat(invalid.fieldList())
                .extracting(ValidationExceptionField::name)
                .containsExactly(member);
    }

    @Test
    @Order(3)
    void aNewAgentBeginsWithTheTemplates() throws Exception {
        agent = fixture.protect();
        var server = awaitServer(state(DataReplicationState.CONTINUOUS));
        var id = server.sourceServerID();
        var replication = drs.getReplicationConfiguration(r -> r.sourceServerID(id));
        assertThat(replication.bandwidthThrottling()).isEqualTo(900);
        assertThat(replication.pitPolicy()).isEqualTo(policy(30));
        assertThat(replication.stagingAreaSubnetId()).isEqualTo("subnet-01234567");
        assertThat(replication.replicatedDisks())
                .extracting(ReplicationConfigurationReplicatedDisk::deviceName)
                .containsExactly(fixture.device.toString());
        assertInvalid(
                "replicatedDisks",
                () ->
                        drs.updateReplicationConfiguration(r ->
                                r.sourceServerID(id)
                                        .replicatedDisks(
                                                ReplicationConfigurationReplicatedDisk.builder()
                                                        .deviceName("/dev/other")
                                                        .build())));
        var changed =
                drs.updateReplicationConfiguration(
                        r -> r.sourceServerID(id).bandwidthThrottling(0L).pitPolicy(policy(3)));
        assertThat(changed.bandwidthThrottling()).isZero();
        assertThat(changed.pitPolicy()).isEqualTo(policy(3));
        assertThat(changed.stagingAreaTags()).as("left as it was").containsKey("cost");
        assertThat(drs.getLaunchConfiguration(r -> r.sourceServerID(id)).postLaunchEnabled())
                .isTrue();
        assertThat(drs.listLaunchActions(r -> r.resourceId(id)).items())
                .extracting(LaunchAction::actionCode)
                .containsExactly("check-web");
        drs.tagResource(r -> r.resourceArn(server.arn()).tags(Map.of("team", "web")));
        assertThatThrownBy(() -> drs.startReplication(r -> r.sourceServerID(id)))
                .isInstanceOf(ConflictException.class);
        assertThatThrownBy(() -> drs.deleteSourceServer(r -> r.sourceServerID(id)))
                .isInstanceOf(ConflictException.class);
        assertThatThrownBy(() -> drs.retryDataReplication(r -> r.sourceServerID(id)))
                .isInstanceOf(ValidationException.class);
    }

    @Test
    @Order(4)
    void aDrillTakesAPointRunsTheActionAndEndsTheEarlierInstance() throws Exception {
        var id = server().sourceServerID();
        var started = drill(id);
        assertThatThrownBy(() -> drs.deleteJob(r -> r.jobID(started.jobID())))
                .isInstanceOf(ConflictException.class);
        assertThatThrownBy(() -> drs.stopReplication(r -> r.sourceServerID(id)))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining("works on server");
        var participant = jobs.awaitLaunched(started);
        var run = participant.launchActionsStatus().runs().getFirst();
        assertThat(run.action().name()).isEqualTo("Check");
        assertThat(run.status()).isEqualTo(LaunchActionRunStatus.SUCCEEDED);
        assertThat(log(started))
                .containsExactly(
                        JobLogEvent.JOB_START,
                        JobLogEvent.SNAPSHOT_START,
                        JobLogEvent.SNAPSHOT_END,
                        JobLogEvent.LAUNCH_START,
                        JobLogEvent.JOB_END);
        var first = participant.recoveryInstanceID();
        assertThat(instance(first).tags()).isEqualTo(Map.of("team", "web"));
        assertThatThrownBy(() -> drs.disconnectSourceServer(r -> r.sourceServerID(id)))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining(first);

        drs.updateLaunchConfiguration(
                r -> r.sourceServerID(id).launchDisposition(LaunchDisposition.STOPPED));
        var second = drill(id);
        var ready = jobs.awaitLaunched(second).recoveryInstanceID();
        assertThat(log(second))
                .containsExactly(
                        JobLogEvent.JOB_START,
                        JobLogEvent.SNAPSHOT_START,
                        JobLogEvent.SNAPSHOT_END,
                        JobLogEvent.CLEANUP_START,
                        JobLogEvent.CLEANUP_END,
                        JobLogEvent.JOB_END);
        var cleaned =
                drs.describeJobLogItems(r -> r.jobID(second.jobID())).items().stream()
                        .filter(item -> item.event() == JobLogEvent.CLEANUP_END)
                        .findFirst();
        assertThat(cleaned.orElseThrow().eventData().targetInstanceID()).isEqualTo(first);
        assertThat(instance(ready).ec2InstanceState()).isEqualTo(EC2InstanceState.STOPPED);
        assertThat(fixture.lab.commands.run(List.of("pgrep", "-a", "qemu-system")).output())
                .doesNotContain(first, ready);
        jobs.terminate(ready);
        drs.deleteJob(r -> r.jobID(started.jobID()));
        assertThat(drs.describeJobs(r -> r.filters(f -> f.jobIDs(started.jobID()))).items())
                .isEmpty();
    }

    private static RecoveryInstance instance(String id) {
        return drs.describeRecoveryInstances(r -> r.filters(f -> f.recoveryInstanceIDs(id)))
                .items()
                .getFirst();
    }

    private static Job drill(String server) {
        return drs.startRecovery(r ->
                        r.isDrill(true)
                                .sourceServers(
                                        StartRecoveryRequestSourceServer.builder()
                                                .sourceServerID(server)
                                                .build()))
                .job();
    }

    private static List<JobLogEvent> log(Job job) {
        return drs.describeJobLogItems(r -> r.jobID(job.jobID())).items().stream()
                .map(JobLog::event)
                .toList();
    }

    @Test
    @Order(5)
    void aStoppedServerWaitsAndBeginsAnew() throws Exception {
        var id = server().sourceServerID();
        var before = drs.describeRecoverySnapshots(r -> r.sourceServerID(id)).items();
        assertThat(before).isNotEmpty();
        var stopped = drs.stopReplication(r -> r.sourceServerID(id)).sourceServer();
        assertThat(stopped.dataReplicationInfo().dataReplicationState())
                .isEqualTo(DataReplicationState.STOPPED);
        assertThat(stopped.dataReplicationInfo().lagDuration()).isNull();
        assertThat(drs.describeRecoverySnapshots(r -> r.sourceServerID(id)).items()).isEmpty();
        assertThatThrownBy(() -> drill(id))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining("stopped by the operator");
        awaitAgentSays("replication-stopped");
        drs.startReplication(r -> r.sourceServerID(id));
        awaitServer(state(DataReplicationState.CONTINUOUS));
        assertThat(drs.describeRecoverySnapshots(r -> r.sourceServerID(id)).items())
                .isNotEmpty()
                .noneMatch(before::contains);
        assertThat(agent.isAlive()).isTrue();
    }

    @Test
    @Order(6)
    void aDisconnectedServersAgentUninstallsItselfAndTheServerIsDeleted() throws Exception {
        var server = server();
        var id = server.sourceServerID();
        var gone = drs.disconnectSourceServer(r -> r.sourceServerID(id));
        var replication = gone.dataReplicationInfo();
        assertThat(replication.dataReplicationState()).isEqualTo(DataReplicationState.DISCONNECTED);
        assertThat(replication.lagDuration()).isNull();
        assertThat(replication.replicatedDisks())
                .extracting(DataReplicationInfoReplicatedDisk::totalStorageBytes)
                .containsExactly(0L);
        assertThat(agent.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(agent.exitValue()).isZero();
        assertThat(fixture.lab.directory.resolve("agent")).doesNotExist();
        assertThatThrownBy(() -> drs.stopReplication(r -> r.sourceServerID(id)))
                .isInstanceOf(ConflictException.class);
        var said =
                fixture.debian(
                                admin,
                                "/usr/bin/python3",
                                "-c",
                                """
                                import boto3, sys
                                drs = boto3.client("drs", endpoint_url=sys.argv[1])
                                for call in (
                                    lambda: drs.start_replication(sourceServerID=sys.argv[2]),
                                    lambda: drs.retry_data_replication(sourceServerID="s-0123456789abcdef0"),
                                    lambda: drs.get_launch_configuration(sourceServerID="s-0123456789abcdef0"),
                                    lambda: drs.create_replication_configuration_template(
                                        stagingAreaSubnetId="subnet-01234567",
                                        associateDefaultSecurityGroup=True,
                                        replicationServersSecurityGroupsIDs=[],
                                        replicationServerInstanceType="t3.small",
                                        useDedicatedReplicationServer=False,
                                        defaultLargeStagingDiskType="GP3",
                                        ebsEncryption="DEFAULT",
                                        bandwidthThrottling=0,
                                        dataPlaneRouting="PRIVATE_IP",
                                        createPublicIP=False,
                                        stagingAreaTags={},
                                        pitPolicy=[
                                            {"units": "MINUTE", "interval": 10, "retentionDuration": 60},
                                            {"units": "HOUR", "interval": 1, "retentionDuration": 24},
                                            {"units": "DAY", "interval": 1, "retentionDuration": 7},
                                        ],
                                    ),
                                    lambda: drs.update_replication_configuration(sourceServerID=sys.argv[2], ebsEncryption="CUSTOM"),
                                ):
                                    try:
                                        call()
                                    except drs.exceptions.ClientError as e:
                                        print(type(e).__name__)
                                drs.delete_source_server(sourceServerID=sys.argv[2])
                                """,
                                fixture.endpoint().toString(),
                                id)
                        .orThrow();
        assertThat(said.lines())
                .containsExactly(
                        "ConflictException",
                        "ResourceNotFoundException",
                        "ResourceNotFoundException",
                        "ServiceQuotaExceededException",
                        "ValidationException");
        assertThat(drs.describeSourceServers(r -> {}).items()).isEmpty();
        assertThatThrownBy(() -> drs.deleteSourceServer(r -> r.sourceServerID(id)))
                .isInstanceOf(ResourceNotFoundException.class);
        assertThatThrownBy(() -> drs.listTagsForResource(r -> r.resourceArn(server.arn())))
                .isInstanceOf(ResourceNotFoundException.class);
        var template = drs.describeReplicationConfigurationTemplates(r -> {}).items().getFirst();
        drs.deleteReplicationConfigurationTemplate(r ->
                r.replicationConfigurationTemplateID(
                        template.replicationConfigurationTemplateID()));
        assertThat(drs.describeReplicationConfigurationTemplates(r -> {}).items()).isEmpty();
    }

    private static SourceServer server() {
        return drs.describeSourceServers(r -> {}).items().getFirst();
    }

    private static Predicate<SourceServer> state(DataReplicationState state) {
        return server -> server.dataReplicationInfo().dataReplicationState() == state;
    }

    private static SourceServer awaitServer(Predicate<SourceServer> wanted)
            throws InterruptedException {
        var deadline = fixture.lab.time.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var servers = drs.describeSourceServers(r -> {}).items();
            if (!servers.isEmpty() && wanted.test(servers.getFirst())) {
                return servers.getFirst();
            }
            assertThat(fixture.lab.time.nanoTime()).as("%s", servers).isLessThan(deadline);
            assertThat(agent.isAlive()).as("the agent lives").isTrue();
            fixture.lab.time.sleep(Duration.ofMillis(200));
        }
    }

    private static void awaitAgentSays(String text) throws IOException, InterruptedException {
        var deadline = fixture.lab.time.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var said = fixture.lab.installation.agentStatus().toString();
            if (said.contains(text)) {
                return;
            }
            assertThat(fixture.lab.time.nanoTime()).as(said).isLessThan(deadline);
        }
    }
}
