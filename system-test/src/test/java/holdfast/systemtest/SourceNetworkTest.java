package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.recovery.Subnet;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.services.drs.DrsClient;
import software.amazon.awssdk.services.drs.model.ConflictException;
import software.amazon.awssdk.services.drs.model.InitiatedBy;
import software.amazon.awssdk.services.drs.model.Job;
import software.amazon.awssdk.services.drs.model.JobLogEvent;
import software.amazon.awssdk.services.drs.model.JobType;
import software.amazon.awssdk.services.drs.model.LaunchActionCategory;
import software.amazon.awssdk.services.drs.model.LaunchStatus;
import software.amazon.awssdk.services.drs.model.RecoveryResult;
import software.amazon.awssdk.services.drs.model.ReplicationStatus;
import software.amazon.awssdk.services.drs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.drs.model.SourceNetwork;
import software.amazon.awssdk.services.drs.model.StartRecoveryRequestSourceServer;
import software.amazon.awssdk.services.drs.model.StartSourceNetworkRecoveryRequestNetworkEntry;
import software.amazon.awssdk.services.drs.model.UninitializedAccountException;
import software.amazon.awssdk.services.drs.model.ValidationException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// A real client on networks that are really made: the machine below gets its original's address
/// from one by DHCP, and its firewall holds.
class SourceNetworkTest {
    private static final Duration JOB_MAX = Duration.ofMinutes(6);
    private static final String NOBODY = "sn-0123456789abcdef0";
    private static final String NO_NETWORK = "vpc-0123456789abcdef0";

    /// Run in the recovery instance. Two services answer whoever connects, one of which the
    /// network's rules allow.
    private static final String SCRIPT =
            """
            cat > /dhcp << 'END'
            #!/bin/sh
            [ "$1" = bound ] || exit 0
            busybox ip address replace $ip/$mask dev $interface
            echo leased $ip
            END
            chmod 700 /dhcp
            busybox ip link set eth0 up
            busybox udhcpc -i eth0 -n -q -f -t 10 -s /dhcp
            for port in 8080 8081; do
                setsid busybox nc -ll -p $port -e /bin/busybox echo hello \
                    < /dev/null > /dev/null 2>&1 &
            done
            """;

    private static DrsFixture fixture;
    private static DrsClient drs;
    private static DrsJobs jobs;
    private static String account = "";

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        fixture = DrsFixture.open();
        drs = fixture.client(fixture.firstKey());
        jobs = new DrsJobs(fixture.lab, drs);
        for (var call : onNetworks(NOBODY)) {
            assertThatThrownBy(() -> call.accept(drs))
                    .isInstanceOf(UninitializedAccountException.class);
        }
        drs.initializeService(r -> {});
        var arn = drs.describeSourceServers(r -> {}).items().getFirst().arn();
        account = arn.split(":", -1)[4];
    }

    @AfterAll
    static void close() throws IOException {
        if (fixture != null) {
            drs.close();
            fixture.close();
        }
    }

    /// Every operation, on a network that there is not.
    private static List<Consumer<DrsClient>> onNetworks(String id) {
        return List.of(
                c -> c.describeSourceNetworks(r -> {}),
                c -> c.startSourceNetworkRecovery(r -> r.sourceNetworks(entry(id, null))),
                c ->
                        c.createSourceNetwork(r ->
                                r.vpcID(NO_NETWORK)
                                        .originAccountID("123456789012")
                                        .originRegion(DrsFixture.REGION)),
                c -> c.deleteSourceNetwork(r -> r.sourceNetworkID(id)),
                c -> c.startSourceNetworkReplication(r -> r.sourceNetworkID(id)),
                c -> c.stopSourceNetworkReplication(r -> r.sourceNetworkID(id)),
                c -> c.associateSourceNetworkStack(r -> r.sourceNetworkID(id).cfnStackName("a")),
                c -> c.exportSourceNetworkCfnTemplate(r -> r.sourceNetworkID(id)));
    }

    private static StartSourceNetworkRecoveryRequestNetworkEntry entry(String id, String stack) {
        return StartSourceNetworkRecoveryRequestNetworkEntry.builder()
                .sourceNetworkID(id)
                .cfnStackName(stack)
                .build();
    }

    @Test
    void whatIsNotThereOrMalformedIsToldByType() {
        var calls = onNetworks(NOBODY);
        for (var call : calls.subList(2, calls.size())) {
            assertThatThrownBy(() -> call.accept(drs))
                    .isInstanceOfSatisfying(
                            ResourceNotFoundException.class,
                            e -> assertThat(e.resourceType()).isNotBlank());
        }
        assertThatThrownBy(() -> calls.get(1).accept(drs)) // it has no type for that
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining("no source network " + NOBODY);
        assertThatThrownBy(() -> create(NO_NETWORK))
                .isInstanceOf(ResourceNotFoundException.class)
                .hasMessageContaining("holdfast networks");
        assertThatThrownBy(() -> create("vpc-x")).isInstanceOf(ValidationException.class);
        assertThatThrownBy(() ->
                        drs.startSourceNetworkRecovery(
                                r -> r.sourceNetworks(entry(NOBODY, null), entry(NOBODY, null))))
                .isInstanceOf(ValidationException.class);
        assertThatThrownBy(() -> drs.describeSourceNetworks(r -> r.nextToken("x")))
                .isInstanceOf(ValidationException.class);
    }

    private static String create(String vpc) {
        return drs.createSourceNetwork(r ->
                        r.vpcID(vpc)
                                .originAccountID(account)
                                .originRegion(DrsFixture.REGION)
                                .tags(Map.of("tier", "web")))
                .sourceNetworkID();
    }

    private static SourceNetwork get(String id) {
        return drs.describeSourceNetworks(r -> r.filters(f -> f.sourceNetworkIDs(id)))
                .items()
                .getFirst();
    }

    @Test
    @Tag("long")
    void aNetworkIsReplicatedRecoveredAndItsServerIsInIt() throws Exception {
        var told = network();
        var vpc = told.required("id").asString();
        var subnet = Subnet.parse(told.required("subnet").asString());
        allow(vpc, subnet, 8080);
        var id = create(vpc);
        var made = get(id);
        assertThat(made.replicationStatus()).isEqualTo(ReplicationStatus.STOPPED);
        assertThat(made.sourceVpcID()).isEqualTo(vpc);
        assertThat(made.sourceAccountID()).isEqualTo(account);
        assertThat(made.lastRecovery().lastRecoveryResult()).isEqualTo(RecoveryResult.NOT_STARTED);
        assertConflicts(id, vpc);
        var filtered = drs.describeSourceNetworks(r -> r.filters(f -> f.originRegion("us-east-1")));
        assertThat(filtered.items()).isEmpty();

        assertThat(
                        drs.startSourceNetworkReplication(r -> r.sourceNetworkID(id))
                                .sourceNetwork()
                                .replicationStatus())
                .isEqualTo(ReplicationStatus.IN_PROGRESS);
        await(() -> get(id).replicationStatus() == ReplicationStatus.PROTECTED);
        assertThatThrownBy(() -> drs.startSourceNetworkReplication(r -> r.sourceNetworkID(id)))
                .isInstanceOf(ConflictException.class);
        assertThatThrownBy(() -> drs.deleteSourceNetwork(r -> r.sourceNetworkID(id)))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining("stop that first");
        assertThat(drs.describeSourceServers(r -> {}).items().getFirst().sourceNetworkID())
                .isEqualTo(id);

        var job =
                drs.startSourceNetworkRecovery(
                                r -> r.sourceNetworks(entry(id, null)).tags(Map.of("ticket", "1")))
                        .job();
        assertThat(job.type()).isEqualTo(JobType.LAUNCH);
        assertThat(job.initiatedBy()).isEqualTo(InitiatedBy.CREATE_NETWORK_RECOVERY);
        assertThat(job.tags()).containsEntry("ticket", "1");
        assertLaunched(job, id);
        assertThat(events(job.jobID()))
                .containsExactly(
                        JobLogEvent.JOB_START,
                        JobLogEvent.DEPLOY_NETWORK_CONFIGURATION_START,
                        JobLogEvent.DEPLOY_NETWORK_CONFIGURATION_END,
                        JobLogEvent.UPDATE_LAUNCH_TEMPLATE_START,
                        JobLogEvent.UPDATE_LAUNCH_TEMPLATE_END,
                        JobLogEvent.JOB_END);
        var recovered = get(id);
        assertThat(recovered.lastRecovery().lastRecoveryResult()).isEqualTo(RecoveryResult.SUCCESS);
        assertThat(recovered.lastRecovery().jobID()).isEqualTo(job.jobID());
        assertThat(recovered.cfnStackName()).isEqualTo("holdfast-" + id);
        assertThat(namespaces()).contains("holdfast-" + recovered.launchedVpcID());

        drill(recovered.launchedVpcID(), told, subnet);
        var imported = exportAndAssociate(id, recovered.launchedVpcID());

        var arn = made.arn();
        assertThat(arn).endsWith(":source-network/" + id);
        drs.tagResource(r -> r.resourceArn(arn).tags(Map.of("more", "1")));
        drs.untagResource(r -> r.resourceArn(arn).tagKeys("tier"));
        assertThat(drs.listTagsForResource(r -> r.resourceArn(arn)).tags())
                .isEqualTo(Map.of("more", "1"));
        assertThat(get(id).tags()).isEqualTo(Map.of("more", "1"));
        assertThat(
                        drs.stopSourceNetworkReplication(r -> r.sourceNetworkID(id))
                                .sourceNetwork()
                                .replicationStatus())
                .isEqualTo(ReplicationStatus.STOPPED);
        drs.deleteSourceNetwork(r -> r.sourceNetworkID(id));
        assertThat(drs.describeSourceNetworks(r -> {}).items()).isEmpty();
        assertThatThrownBy(() -> drs.listTagsForResource(r -> r.resourceArn(arn)))
                .isInstanceOf(ResourceNotFoundException.class);
        await(() -> !namespaces().contains(recovered.launchedVpcID()));
        await(() -> !namespaces().contains(imported));
    }

    /// The one in which the agent's machine has its default route.
    private static JsonNode network() throws Exception {
        for (var network : fixture.lab.installation.api().get("/networks").required("networks")) {
            if (!network.required("members").isEmpty()) {
                return network;
            }
        }
        assumeTrue(false, "this machine has no network");
        throw new IllegalStateException();
    }

    private static void allow(String vpc, Subnet subnet, int port) throws Exception {
        var change = JsonNodeFactory.instance.objectNode();
        change.putArray("rules")
                .addObject()
                .put("protocol", "TCP")
                .put("source", subnet.toString())
                .put("fromPort", port);
        fixture.lab.installation.api().put("/networks/" + vpc, change);
    }

    private static void assertConflicts(String id, String vpc) {
        assertThatThrownBy(() -> create(vpc)).isInstanceOf(ConflictException.class);
        assertThatThrownBy(() -> drs.stopSourceNetworkReplication(r -> r.sourceNetworkID(id)))
                .isInstanceOf(ConflictException.class);
        assertThatThrownBy(() -> drs.exportSourceNetworkCfnTemplate(r -> r.sourceNetworkID(id)))
                .isInstanceOf(ConflictException.class);
        assertThatThrownBy(() ->
                        drs.startSourceNetworkRecovery(r -> r.sourceNetworks(entry(id, null))))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining("start its replication");
        assertThatThrownBy(() ->
                        drs.associateSourceNetworkStack(
                                r -> r.sourceNetworkID(id).cfnStackName("none")))
                .isInstanceOf(ResourceNotFoundException.class);
    }

    /// The machine is in a network for drills, with its original's address, and lets in what the
    /// rules allow.
    private static void drill(String launched, JsonNode told, Subnet subnet) throws Exception {
        var server = drs.describeSourceServers(r -> {}).items().getFirst().sourceServerID();
        var address = told.required("members").get(0).required("address").asString();
        withScript(server);
        var job = drs.startRecovery(r -> r.isDrill(true).sourceServers(named(server))).job();
        var instance = jobs.awaitLaunched(job).recoveryInstanceID();
        var ours = "/jobs/" + job.jobID().replace("drsjob-", "job-");
        var phases = fixture.lab.installation.api().get(ours).required("phases");
        assertThat(phases.toString()).contains("leased " + address);
        assertThat(ports(launched)).as("drills are apart").isEmpty();
        assertThat(ports(launched + "-drill")).isNotEmpty();

        var probe = "hf-probe-" + ProcessHandle.current().pid();
        var commands = fixture.lab.commands;
        commands.output("ip", "netns", "add", probe);
        try {
            commands.output(
                    "ip",
                    "link",
                    "add",
                    "probe",
                    "netns",
                    "holdfast-" + launched + "-drill",
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "eth0",
                    "netns",
                    probe);
            commands.output(
                    "ip",
                    "-n",
                    "holdfast-" + launched + "-drill",
                    "link",
                    "set",
                    "probe",
                    "master",
                    "br0",
                    "up");
            commands.output("ip", "-n", probe, "link", "set", "eth0", "up");
            var own = subnet.lastHost() + "/" + subnet.prefix();
            commands.output("ip", "-n", probe, "address", "add", own, "dev", "eth0");
            await(() -> hears(probe, address, 8080));
            assertThat(hears(probe, address, 8081)).as("no rule allows it").isFalse();
        } finally {
            commands.output("ip", "netns", "delete", probe);
        }
        jobs.terminate(instance);
        await(() -> !namespaces().contains(launched + "-drill"));
        assertThat(namespaces()).contains("holdfast-" + launched);
    }

    private static StartRecoveryRequestSourceServer named(String server) {
        return StartRecoveryRequestSourceServer.builder().sourceServerID(server).build();
    }

    private static void withScript(String server) throws IOException {
        var scripts = Files.createDirectories(fixture.data().resolve("launch-actions"));
        Files.writeString(scripts.resolve("network"), SCRIPT);
        drs.updateLaunchConfiguration(
                r -> r.sourceServerID(server).copyPrivateIp(true).postLaunchEnabled(true));
        drs.putLaunchAction(r ->
                r.resourceId(server)
                        .actionId("00000000-0000-0000-0000-000000000001")
                        .actionCode("network")
                        .actionVersion("$LATEST")
                        .order(2)
                        .optional(false)
                        .active(true)
                        .name("Network")
                        .description("takes an address")
                        .category(LaunchActionCategory.CONFIGURATION));
    }

    private static boolean hears(String probe, String address, int port) throws Exception {
        return fixture.lab
                .commands
                .run(
                        List.of(
                                "ip",
                                "netns",
                                "exec",
                                probe,
                                "busybox",
                                "nc",
                                "-w",
                                "3",
                                address,
                                Integer.toString(port)))
                .output()
                .contains("hello");
    }

    private static String ports(String network) throws Exception {
        return fixture.lab.commands.output(
                "ip", "-n", "holdfast-" + network, "-brief", "link", "show", "master", "br0");
    }

    private static String namespaces() throws IOException, InterruptedException {
        return fixture.lab.commands.output("ip", "netns", "list");
    }

    /// The export is fetched by its address alone, and our own import takes it.
    ///
    /// @return the network that was made of it
    private static String exportAndAssociate(String id, String earlier) throws Exception {
        var url = drs.exportSourceNetworkCfnTemplate(r -> r.sourceNetworkID(id)).s3DestinationUrl();
        assertThat(fetch(url.substring(0, url.length() - 1) + "x").status()).isEqualTo(404);
        var template = fetch(url);
        assertThat(template.status()).isEqualTo(200);
        var json = JsonMapper.shared().readTree(template.body());
        assertThat(json.required("AWSTemplateFormatVersion").asString()).isEqualTo("2010-09-09");
        var request = JsonNodeFactory.instance.objectNode().put("name", "imported");
        request.set("template", json);
        fixture.lab.installation.api().post("/stacks", request);

        var job =
                drs.associateSourceNetworkStack(r -> r.sourceNetworkID(id).cfnStackName("imported"))
                        .job();
        assertThat(job.initiatedBy()).isEqualTo(InitiatedBy.ASSOCIATE_NETWORK_RECOVERY);
        assertLaunched(job, id);
        var associated = get(id);
        assertThat(associated.lastRecovery().lastRecoveryResult())
                .isEqualTo(RecoveryResult.ASSOCIATE_SUCCESS);
        assertThat(associated.cfnStackName()).isEqualTo("imported");
        await(() -> !namespaces().contains(earlier));
        assertThat(namespaces()).contains("holdfast-" + associated.launchedVpcID());

        // back to the earlier one, and up to date
        jobs.awaitEnd(
                drs.associateSourceNetworkStack(
                                r -> r.sourceNetworkID(id).cfnStackName("holdfast-" + id))
                        .job());
        var update = drs.startSourceNetworkRecovery(r -> r.sourceNetworks(entry(id, null))).job();
        assertThat(update.initiatedBy()).isEqualTo(InitiatedBy.UPDATE_NETWORK_RECOVERY);
        assertLaunched(update, id);
        assertThat(events(update.jobID()))
                .contains(
                        JobLogEvent.UPDATE_NETWORK_CONFIGURATION_START,
                        JobLogEvent.UPDATE_NETWORK_CONFIGURATION_END);
        assertThat(get(id).launchedVpcID()).isEqualTo(earlier);
        assertThatThrownBy(() ->
                        drs.startSourceNetworkRecovery(
                                r -> r.deployAsNew(true).sourceNetworks(entry(id, "imported"))))
                .isInstanceOf(ConflictException.class);
        return associated.launchedVpcID();
    }

    private record Fetched(int status, String body) {}

    private static Fetched fetch(String url) throws IOException {
        try (var http = fixture.http()) {
            var response =
                    http.prepareRequest(
                                    HttpExecuteRequest.builder()
                                            .request(
                                                    SdkHttpRequest.builder()
                                                            .method(SdkHttpMethod.GET)
                                                            .uri(URI.create(url))
                                                            .build())
                                            .build())
                            .call();
            var body = response.responseBody();
            return new Fetched(
                    response.httpResponse().statusCode(),
                    body.isEmpty()
                            ? ""
                            : new String(body.get().readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static void assertLaunched(Job job, String id) throws Exception {
        var resource = jobs.awaitEnd(job).participatingResources().getFirst();
        assertThat(resource.participatingResourceID().sourceNetworkID()).isEqualTo(id);
        assertThat(resource.launchStatus())
                .as("%s", log(job.jobID()))
                .isEqualTo(LaunchStatus.LAUNCHED);
    }

    private static List<JobLogEvent> events(String job) {
        return drs.describeJobLogItems(r -> r.jobID(job)).items().stream()
                .map(item -> item.event())
                .toList();
    }

    private static String log(String job) {
        return drs.describeJobLogItems(r -> r.jobID(job)).items().toString();
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        var deadline = fixture.lab.time.nanoTime() + JOB_MAX.toNanos();
        while (!condition.holds()) {
            assertThat(fixture.lab.time.nanoTime()).as("time is up").isLessThan(deadline);
            fixture.lab.time.sleep(Duration.ofMillis(500));
        }
    }
}
