package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.AccessDeniedException;
import software.amazon.awssdk.services.drs.model.ConflictException;
import software.amazon.awssdk.services.drs.model.DataReplicationState;
import software.amazon.awssdk.services.drs.model.DrsException;
import software.amazon.awssdk.services.drs.model.EC2InstanceState;
import software.amazon.awssdk.services.drs.model.InitiatedBy;
import software.amazon.awssdk.services.drs.model.Job;
import software.amazon.awssdk.services.drs.model.JobLogEvent;
import software.amazon.awssdk.services.drs.model.JobType;
import software.amazon.awssdk.services.drs.model.LastLaunchResult;
import software.amazon.awssdk.services.drs.model.LaunchStatus;
import software.amazon.awssdk.services.drs.model.RecoverySnapshotsOrder;
import software.amazon.awssdk.services.drs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.drs.model.StartRecoveryRequestSourceServer;
import software.amazon.awssdk.services.drs.model.ValidationException;
import software.amazon.awssdk.services.drs.model.ValidationExceptionReason;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Real clients of AWS Elastic Disaster Recovery against a real server: each machine below is
/// launched, proves that it booted, and is ended.
class DrsApiTest {
    private static final Duration JOB_MAX = Duration.ofMinutes(6);

    private static DrsFixture fixture;
    private static DrsFixture.Key admin;

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        fixture = DrsFixture.open();
        admin = fixture.firstKey();
        try (var client = fixture.client(admin)) {
            assertThatThrownBy(() -> client.describeSourceServers(r -> {}))
                    .isInstanceOf(
                            software.amazon.awssdk.services.drs.model.UninitializedAccountException
                                    .class);
            client.initializeService(r -> {});
            client.initializeService(r -> {}); // harmless when repeated
        }
    }

    @AfterAll
    static void close() throws IOException {
        if (fixture != null) {
            fixture.close();
        }
    }

    @Test
    void theJavaSdkDrillsFollowsTheJobAndTerminates() throws Exception {
        try (var client = fixture.client(admin)) {
            var server = client.describeSourceServers(r -> {}).items().getFirst();
            var id = server.sourceServerID();
            assertThat(server.arn()).endsWith(":source-server/" + id);
            var replication = server.dataReplicationInfo();
            assertThat(replication.dataReplicationState())
                    .isEqualTo(DataReplicationState.CONTINUOUS);
            assertThat(Duration.parse(replication.lagDuration()))
                    .isBetween(Duration.ZERO, Duration.ofMinutes(1));
            var disk = replication.replicatedDisks().getFirst();
            assertThat(disk.deviceName()).isEqualTo(fixture.device.toString());
            assertThat(disk.totalStorageBytes()).isEqualTo(128L << 20);
            assertThat(disk.replicatedStorageBytes()).isEqualTo(128L << 20);
            assertThat(server.sourceProperties().ramBytes()).isPositive();

            var snapshots =
                    client.describeRecoverySnapshots(
                                    r -> r.sourceServerID(id).order(RecoverySnapshotsOrder.ASC))
                            .items();
            var point = snapshots.getLast();
            assertThat(point.snapshotID()).matches("pit-[0-9a-f]{17}");

            var started =
                    client.startRecovery(r ->
                                    r.isDrill(true)
                                            .tags(Map.of("ticket", "42"))
                                            .sourceServers(named(id, point.snapshotID())))
                            .job();
            assertThat(started.type()).isEqualTo(JobType.LAUNCH);
            assertThat(started.initiatedBy()).isEqualTo(InitiatedBy.START_DRILL);
            assertThat(started.tags()).containsEntry("ticket", "42");
            assertThatThrownBy(() -> client.startRecovery(r -> r.sourceServers(named(id, null))))
                    .isInstanceOf(ConflictException.class)
                    .hasMessageContaining("works on server " + id);
            var jobs = new DrsJobs(fixture.lab, client);
            var participant = jobs.awaitLaunched(started);
            assertThat(events(client, started))
                    .containsExactly(
                            JobLogEvent.JOB_START,
                            JobLogEvent.USING_PREVIOUS_SNAPSHOT,
                            JobLogEvent.LAUNCH_START,
                            JobLogEvent.JOB_END);

            var instanceId = participant.recoveryInstanceID();
            var instance =
                    client.describeRecoveryInstances(r -> r.filters(f -> f.sourceServerIDs(id)))
                            .items()
                            .getFirst();
            assertThat(instance.recoveryInstanceID()).isEqualTo(instanceId);
            assertThat(instance.ec2InstanceState()).isEqualTo(EC2InstanceState.RUNNING);
            assertThat(instance.isDrill()).isTrue();
            assertThat(instance.jobID()).isEqualTo(started.jobID());
            assertThat(Instant.parse(instance.pointInTimeSnapshotDateTime()))
                    .isEqualTo(Instant.parse(point.timestamp()));
            var after = client.describeSourceServers(r -> {}).items().getFirst();
            assertThat(after.lastLaunchResult()).isEqualTo(LastLaunchResult.SUCCEEDED);
            assertThat(after.recoveryInstanceId()).isEqualTo(instanceId);
            assertThat(machines()).anyMatch(line -> line.contains(instanceId));

            var ended =
                    jobs.awaitEnd(
                            client.terminateRecoveryInstances(
                                            r -> r.recoveryInstanceIDs(instanceId))
                                    .job());
            assertThat(ended.participatingServers().getFirst().launchStatus())
                    .isEqualTo(LaunchStatus.TERMINATED);
            assertThat(events(client, ended))
                    .containsExactly(
                            JobLogEvent.JOB_START,
                            JobLogEvent.CLEANUP_START,
                            JobLogEvent.CLEANUP_END,
                            JobLogEvent.JOB_END);
            assertThat(
                            client.describeRecoveryInstances(
                                            r -> r.filters(f -> f.recoveryInstanceIDs(instanceId)))
                                    .items())
                    .isEmpty();
            assertThat(machines()).noneMatch(line -> line.contains(instanceId));

            var pages = client.describeJobsPaginator(r -> r.maxResults(1)).stream().toList();
            assertThat(pages).hasSizeGreaterThanOrEqualTo(2);
            assertThat(pages.stream().flatMap(page -> page.items().stream()).map(Job::jobID))
                    .contains(started.jobID(), ended.jobID())
                    .doesNotHaveDuplicates();
        }
    }

    private static StartRecoveryRequestSourceServer named(String server, @Nullable String point) {
        return StartRecoveryRequestSourceServer.builder()
                .sourceServerID(server)
                .recoverySnapshotID(point)
                .build();
    }

    /// Processes of QEMU, which are the recovery instances.
    private static List<String> machines() throws IOException, InterruptedException {
        return fixture.lab
                .commands
                .run(List.of("pgrep", "-a", "qemu-system"))
                .output()
                .lines()
                .toList();
    }

    private static List<JobLogEvent> events(DrsClient client, Job job) {
        return client
                .describeJobLogItemsPaginator(r -> r.jobID(job.jobID()).maxResults(1))
                .items()
                .stream()
                .map(item -> item.event())
                .toList();
    }

    /// What a whole programme with it is in [DrsClientsTest].
    @Test
    void debiansCommandLineIsToldWhatItMayNot() throws Exception {
        var server =
                fixture.aws(
                                admin,
                                "drs",
                                "describe-source-servers",
                                "--query",
                                "items[0].sourceServerID",
                                "--output",
                                "text")
                        .orThrow()
                        .strip();
        assertThat(server).matches("s-[0-9a-f]{17}");
        var refused =
                fixture.aws(
                        fixture.newKey("read-only"),
                        "drs",
                        "start-recovery",
                        "--source-servers",
                        "sourceServerID=" + server);
        assertThat(refused.error()).contains("(AccessDeniedException)", "drs:StartRecovery");
    }

    @Test
    void whatIsSignedWronglyIsRefused() throws Exception {
        var wrong = new DrsFixture.Key(admin.id(), "wrong");
        var unknown = new DrsFixture.Key("AKIAAAAAAAAAAAAAAAAA", admin.secret());
        assertCode("InvalidSignatureException", 403, wrong, fixture.http());
        assertCode("UnrecognizedClientException", 403, unknown, fixture.http());
        assertCode("InvalidSignatureException", 403, admin, new Tampering(fixture.http()));
        var deleted = fixture.newKey("admin");
        try (var client = fixture.client(deleted)) {
            client.describeJobs(r -> {});
            fixture.lab.installation.command("key", "delete", deleted.id());
        }
        assertCode("UnrecognizedClientException", 403, deleted, fixture.http());
        var listed = fixture.lab.installation.attempt("key", "list").orThrow();
        assertThat(listed).contains(admin.id()).doesNotContain(admin.secret(), deleted.id());
    }

    private static void assertCode(
            String code, int status, DrsFixture.Key key, SdkHttpClient http) {
        try (var client = fixture.client(key, http)) {
            assertError(code, status, () -> client.describeJobs(r -> r.maxResults(5)));
        }
    }

    private static void assertError(String code, int status, ThrowingCallable call) {
        var error = catchThrowableOfType(DrsException.class, call);
        assertThat(error).isNotNull();
        assertThat(error.awsErrorDetails().errorCode()).isEqualTo(code);
        assertThat(error.statusCode()).isEqualTo(status);
        assertThat(error.requestId()).isNotBlank();
    }

    /// Sends another body than was signed, as something on the way might.
    private record Tampering(SdkHttpClient real) implements SdkHttpClient {
        @Override
        public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
            var other = "{\"maxResults\":6}".getBytes(StandardCharsets.UTF_8);
            return real.prepareRequest(
                    HttpExecuteRequest.builder()
                            .request(request.httpRequest())
                            .contentStreamProvider(() -> new ByteArrayInputStream(other))
                            .build());
        }

        @Override
        public void close() {
            real.close();
        }
    }

    @Test
    void aRoleWithoutTheActionIsDeniedByType() throws Exception {
        try (var reader = fixture.client(fixture.newKey("read-only"));
                var operator = fixture.client(fixture.newKey("operator"))) {
            var id = reader.describeSourceServers(r -> {}).items().getFirst().sourceServerID();
            assertThatThrownBy(() -> reader.startRecovery(r -> r.sourceServers(named(id, null))))
                    .isInstanceOf(AccessDeniedException.class)
                    .hasMessageContaining("drs:StartRecovery");
            assertThatThrownBy(() -> operator.deleteSourceServer(r -> r.sourceServerID(id)))
                    .isInstanceOf(AccessDeniedException.class);
            assertThatThrownBy(() -> reader.initializeService(r -> {}))
                    .isInstanceOf(AccessDeniedException.class);
        }
    }

    @Test
    void whatIsMalformedOrUnknownIsToldByTypeAndField() {
        try (var client = fixture.client(admin)) {
            var invalid =
                    catchThrowableOfType(
                            ValidationException.class,
                            () ->
                                    client.startRecovery(r ->
                                            r.sourceServers(
                                                    named("s-0123456789abcdef0", null),
                                                    named("none", null))));
            assertThat(invalid.reason())
                    .isEqualTo(ValidationExceptionReason.FIELD_VALIDATION_FAILED);
            assertThat(invalid.fieldList())
                    .extracting(field -> field.name())
                    .containsExactly("sourceServers.2.member.sourceServerID");
            assertThatThrownBy(() -> client.startRecovery(r -> {}))
                    .isInstanceOf(ValidationException.class)
                    .hasMessageContaining("'sourceServers'");
            assertThatThrownBy(() -> client.describeJobs(r -> r.maxResults(0)))
                    .isInstanceOf(ValidationException.class)
                    .hasMessageContaining("'maxResults'");
            assertThatThrownBy(() -> client.describeJobs(r -> r.nextToken("x")))
                    .isInstanceOf(ValidationException.class);
            assertThatThrownBy(() ->
                            client.terminateRecoveryInstances(
                                    r -> r.recoveryInstanceIDs("i-0123456789abcdef0")))
                    .isInstanceOf(ConflictException.class);
        }
    }

    @Test
    void tagsAreKept() {
        try (var client = fixture.client(admin)) {
            var server = client.describeSourceServers(r -> {}).items().getFirst();
            client.tagResource(
                    r -> r.resourceArn(server.arn()).tags(Map.of("team", "a b/ü", "tier", "1")));
            client.untagResource(r -> r.resourceArn(server.arn()).tagKeys("tier", "absent+&="));
            assertThat(client.listTagsForResource(r -> r.resourceArn(server.arn())).tags())
                    .isEqualTo(Map.of("team", "a b/ü"));
            assertThat(client.describeSourceServers(r -> {}).items().getFirst().tags())
                    .isEqualTo(Map.of("team", "a b/ü"));
            assertThatThrownBy(() ->
                            client.listTagsForResource(r ->
                                    r.resourceArn(
                                            server.arn()
                                                    .replace(
                                                            server.sourceServerID(),
                                                            "s-00000000000000000"))))
                    .isInstanceOf(ResourceNotFoundException.class);
        }
    }

    /// The machine boots, the plan waits, is cancelled meanwhile, and the machine stays.
    @Test
    void aPlanDrillsAndWhatItLaunchedStaysWhenItIsCancelled() throws Exception {
        var api = fixture.lab.installation.api();
        var id = serverIds().getFirst();
        var json = JsonNodeFactory.instance;
        var plan = api.post("/plans", json.objectNode().put("name", "drill"));
        var path = "/plans/" + plan.required("id").asString();
        var step = json.objectNode().put("name", "first");
        step.putArray("servers").add(id);
        api.post(path + "/steps", step);
        api.post(path + "/steps", json.objectNode().put("name", "pause").put("waitMinutes", 120));
        var started = api.post(path + "/executions", json.objectNode().put("drill", true));
        var execution = "/executions/" + started.required("id").asString();
        awaitPlan(execution, run -> state(run, 1).equals("WAITING"));
        var job =
                api.get(execution)
                        .required("steps")
                        .get(0)
                        .required("servers")
                        .get(0)
                        .required("job")
                        .asString();
        api.post(execution + "/cancel", json.objectNode());
        awaitPlan(execution, run -> run.required("state").asString().equals("CANCELLED"));
        var instance = api.get("/jobs/" + job).required("instances").get(0).asString();
        try (var client = fixture.client(admin)) {
            var running =
                    client.describeRecoveryInstances(
                                    r -> r.filters(f -> f.recoveryInstanceIDs(instance)))
                            .items()
                            .getFirst();
            assertThat(running.ec2InstanceState()).isEqualTo(EC2InstanceState.RUNNING);
            assertThat(running.isDrill()).isTrue();
            new DrsJobs(fixture.lab, client).terminate(instance);
        }
    }

    private static String state(JsonNode execution, int step) {
        return execution.required("steps").get(step).required("state").asString();
    }

    private static void awaitPlan(String execution, Predicate<JsonNode> condition)
            throws IOException, InterruptedException {
        var deadline = fixture.lab.time.nanoTime() + JOB_MAX.toNanos();
        while (true) {
            var run = fixture.lab.installation.api().get(execution);
            if (condition.test(run)) {
                return;
            }
            assertThat(run.required("state").asString()).as("%s", run).isNotEqualTo("FAILED");
            assertThat(fixture.lab.time.nanoTime()).as("%s goes on", run).isLessThan(deadline);
            fixture.lab.time.sleep(Duration.ofMillis(500));
        }
    }

    /// Its role lets it in; another role does not, nor does the key let it do anything else.
    @Test
    void anAgentIsInstalledWithAnAccessKey() throws Exception {
        var key = fixture.newKey("agent-installation");
        assertError(
                "AccessDeniedException",
                403,
                () -> {
                    try (var client = fixture.client(key)) {
                        client.describeSourceServers(r -> {});
                    }
                });
        assertThat(fixture.refusalOfAgent(fixture.newKey("read-only"), "refused").orElseThrow())
                .contains("does not allow drs:CreateSourceServerForDrs");
        var before = serverIds();
        assertThat(fixture.refusalOfAgent(key, "installed")).isEmpty();
        var after = new ArrayList<>(serverIds());
        after.removeAll(before);
        assertThat(after).hasSize(1);
        fixture.lab.installation.command("servers", "remove", after.getFirst(), "--yes");
    }

    private static List<String> serverIds() throws IOException, InterruptedException {
        var servers = fixture.lab.installation.api().get("/servers").required("servers").values();
        return servers.stream().map(server -> server.required("id").asString()).toList();
    }
}
