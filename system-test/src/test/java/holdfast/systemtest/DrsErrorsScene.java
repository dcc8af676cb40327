package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// What the rows of `drs_errors.json` are about, and by which names: a job that does not end, since
/// its machine never asks for a login; an instance that is made ready only; a run of a plan that
/// waits, and one that was cancelled; one of each template; an account that lets this one extend
/// its servers; a source network that was recovered, and others. One thread uses it.
final class DrsErrorsScene {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String WAIT = "{'waitStepConfiguration':{'waitDurationMinutes':120}}";

    /// For networks that no machine of these tests is really in (RFC 5737, RFC 2544).
    private static final Map<String, String> SUBNETS =
            Map.of(
                    "vpc", "198.51.100.0/24",
                    "otherVpc", "203.0.113.0/24",
                    "thirdVpc", "198.18.0.0/24");

    private final Lab lab;
    private final DrsErrorCallers callers;
    private final Map<String, String> values = new HashMap<>();

    DrsErrorsScene(Lab lab, DrsErrorCallers callers) {
        this.lab = lab;
        this.callers = callers;
        values.put("arn", "arn:aws:drs:" + DrsFixture.REGION + ":000000000000:");
        values.put("account", "000000000000");
        values.put("sharing", "000000000001");
    }

    /// With what is known by now in the place of its `${name}`.
    JsonNode filled(JsonNode request) {
        var text = request.toString();
        for (var value : values.entrySet()) {
            text = text.replace("${" + value.getKey() + "}", value.getValue());
        }
        assertThat(text).doesNotContain("${");
        return JSON.readTree(text);
    }

    private JsonNode ask(String operation, String request)
            throws IOException, InterruptedException {
        return callers.ask(operation, filled(JSON.readTree(request.replace('\'', '"'))));
    }

    void initialize() throws IOException, InterruptedException {
        ask("InitializeService", "{}");
    }

    /// @param template a request that makes a replication configuration template
    void prepare(JsonNode template) throws Exception {
        var addresses = SUBNETS.values().stream().map(net -> net.replace(".0/", ".1/")).toList();
        lab.keep(DummyCard.make(lab.commands, addresses));
        var machines = lab.keep(new TinyMachines(lab));
        values.put("server", machines.protect("one"));
        values.put("idle", machines.protect("two"));
        var arn =
                ask("DescribeSourceServers", "{}")
                        .required("items")
                        .get(0)
                        .required("arn")
                        .asString();
        values.put("arn", arn.replaceFirst("source-server/.*", ""));
        values.put("account", arn.split(":", -1)[4]);
        prepareInstances(machines);
        prepareSettings(template);
        prepareAccount();
        preparePlans();
        awaitInstances();
        prepareNetworks(); // which they are not in, since their machines were made before
    }

    private void prepareInstances(TinyMachines machines) throws Exception {
        BootSector.write(machines.disk("one"), "silent\0");
        values.put("job", recover("server"));
        ask(
                "UpdateLaunchConfiguration",
                "{'sourceServerID':'${idle}','launchDisposition':'STOPPED'}");
        recover("idle");
    }

    private String recover(String server) throws IOException, InterruptedException {
        return ask("StartRecovery", "{'sourceServers':[{'sourceServerID':'${" + server + "}'}]}")
                .required("job")
                .required("jobID")
                .asString();
    }

    private void awaitInstances() throws Exception {
        var job = "/jobs/" + values.get("job").replaceFirst("^drs", "");
        await(() ->
                lab.installation.api().get(job).required("phases").values().stream()
                        .anyMatch(phase -> phase.required("name").asString().equals("boot")));
        await(() -> instance("server", "instance").isPresent());
        await(() ->
                instance("idle", "stopped")
                        .filter(one ->
                                one.required("ec2InstanceState").asString().equals("STOPPED"))
                        .isPresent());
    }

    private Optional<JsonNode> instance(String server, String name)
            throws IOException, InterruptedException {
        var found =
                ask("DescribeRecoveryInstances", "{}").required("items").values().stream()
                        .filter(one ->
                                one.required("sourceServerID")
                                        .asString()
                                        .equals(values.get(server)))
                        .findFirst();
        found.ifPresent(one -> values.put(name, one.required("recoveryInstanceID").asString()));
        return found;
    }

    private void prepareSettings(JsonNode template) throws IOException, InterruptedException {
        var scripts = Files.createDirectory(lab.installation.data().resolve("launch-actions"));
        Files.writeString(scripts.resolve("check"), "exit 0\n");
        ask(
                "PutLaunchAction",
                "{'resourceId':'${server}','actionCode':'check','order':2,'actionId':'01234567-89ab-cdef-0123-456789abcdef','optional':true,'active':true,'name':'Check','actionVersion':'$LATEST','category':'OTHER','description':'d'}");
        ask("CreateLaunchConfigurationTemplate", "{}");
        callers.ask("CreateReplicationConfigurationTemplate", template);
        var key = lab.installation.api().post("/encryption-keys", JSON.createObjectNode());
        Files.delete(Path.of(key.required("file").asString()));
        values.put("keyTakenAway", key.required("arn").asString());
    }

    private void prepareAccount() throws IOException, InterruptedException {
        var api = lab.installation.api();
        var sharing =
                api.post("/accounts", JsonNodeFactory.instance.objectNode().put("name", "sharing"))
                        .required("id")
                        .asString();
        api.put(
                "/accounts/" + sharing + "/shares/" + values.get("account"),
                JsonNodeFactory.instance.objectNode());
        values.put("sharing", sharing);
    }

    private void preparePlans() throws Exception {
        values.put("plan", plan("running"));
        values.put("execution", execution("${plan}"));
        values.put("cancelledPlan", plan("cancelled"));
        values.put("cancelled", execution("${cancelledPlan}"));
        ask("CancelRecoveryPlanExecution", "{'recoveryPlanExecutionArn':'${cancelled}'}");
        values.put("fullPlan", plan("full"));
        for (var i = 1; i < 20; i++) {
            step("${fullPlan}", "token" + i);
        }
        await(() -> {
            var steps =
                    ask(
                                    "ListRecoveryPlanExecutionSteps",
                                    "{'recoveryPlanExecutionArn':'${execution}'}")
                            .required("recoveryPlanExecutionSteps");
            values.put("step", steps.get(0).required("recoveryPlanExecutionStepArn").asString());
            return !steps.get(0).required("status").asString().equals("NOT_STARTED");
        });
    }

    private String plan(String name) throws IOException, InterruptedException {
        var arn =
                ask("CreateRecoveryPlan", "{'name':'" + name + "'}")
                        .required("recoveryPlan")
                        .required("recoveryPlanArn")
                        .asString();
        step(arn, "token");
        return arn;
    }

    private void step(String plan, String token) throws IOException, InterruptedException {
        ask(
                "CreateRecoveryPlanStep",
                String.format(
                        Locale.ROOT,
                        "{'recoveryPlanArn':'%s','stepName':'%s','configuration':%s,'clientToken':'%s'}",
                        plan,
                        token,
                        WAIT,
                        token));
    }

    private String execution(String plan) throws IOException, InterruptedException {
        return ask(
                        "StartRecoveryPlanExecution",
                        "{'recoveryPlanArn':'" + plan + "','mode':'DRILL'}")
                .required("recoveryPlanExecution")
                .required("recoveryPlanExecutionArn")
                .asString();
    }

    private void prepareNetworks() throws Exception {
        for (var network : lab.installation.api().get("/networks").required("networks")) {
            SUBNETS.forEach((name, subnet) -> {
                if (network.required("subnet").asString().equals(subnet)) {
                    values.put(name, network.required("id").asString());
                }
            });
        }
        values.put("network", sourceNetwork("vpc"));
        values.put("otherNetwork", sourceNetwork("otherVpc"));
        ask("StartSourceNetworkReplication", "{'sourceNetworkID':'${network}'}");
        await(() -> network().required("replicationStatus").asString().equals("PROTECTED"));
        ask(
                "StartSourceNetworkRecovery",
                "{'sourceNetworks':[{'sourceNetworkID':'${network}','cfnStackName':'made'}]}");
        await(() -> {
            var result = network().required("lastRecovery").required("lastRecoveryResult");
            assertThat(result.asString()).isNotEqualTo("FAIL");
            return result.asString().equals("SUCCESS");
        });
    }

    private String sourceNetwork(String vpc) throws IOException, InterruptedException {
        return ask(
                        "CreateSourceNetwork",
                        "{'vpcID':'${"
                                + vpc
                                + "}','originAccountID':'${account}','originRegion':'eu-central-1'}")
                .required("sourceNetworkID")
                .asString();
    }

    private JsonNode network() throws IOException, InterruptedException {
        return ask("DescribeSourceNetworks", "{'filters':{'sourceNetworkIDs':['${network}']}}")
                .required("items")
                .get(0);
    }

    /// Has what was made on the launch host removed, which needs a server that works.
    void leaveNetworks() throws Exception {
        var namespace = "holdfast-" + network().required("launchedVpcID").asString();
        ask("StopSourceNetworkReplication", "{'sourceNetworkID':'${network}'}");
        ask("DeleteSourceNetwork", "{'sourceNetworkID':'${network}'}");
        await(() -> !lab.commands.output("ip", "netns", "list").contains(namespace));
    }

    private void await(Condition condition) throws Exception {
        var deadline = lab.time.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            assertThat(lab.time.nanoTime()).as("time is up").isLessThan(deadline);
            lab.time.sleep(Duration.ofMillis(100));
        }
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds() throws Exception;
    }
}
