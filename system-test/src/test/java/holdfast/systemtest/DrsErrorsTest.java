package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.aws.drs.model.DrsOperations;
import holdfast.aws.drs.model.DrsService;
import holdfast.demo.AwsApi;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/// Each error that the model documents for an operation, provoked, and received by the SDK for Java
/// and by boto3 as the exception of its type, with a message. Operations that neither has are
/// called by signed HTTP.
///
/// `drs_errors.json` is the table: a request for each operation about things that there are not,
/// which does for the errors that all have; one that breaks a constraint, where the emptied first
/// text of that request would not; rows for the other errors; and which never come, and why. An
/// operation or an error of the model without an entry fails the test.
class DrsErrorsTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Map<String, Set<String>> DOCUMENTED = documented();

    private final JsonNode table = read();
    private final Map<String, String> values = new HashMap<>();

    private static Map<String, Set<String>> documented() {
        var documented = new TreeMap<String, Set<String>>();
        DrsOperations.of(new DrsService() {})
                .forEach(operation -> documented.put(operation.name(), operation.errors()));
        return documented;
    }

    private static JsonNode read() {
        try (var in = DrsErrorsTest.class.getResourceAsStream("drs_errors.json")) {
            return JSON.readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// A documented error of an operation.
    private record Error(String operation, String type) {}

    @Test
    void everyDocumentedErrorArrivesByItsTypeWithAMessage() throws Exception {
        var open = expected();
        try (var lab = Lab.open("errors")) {
            lab.installation.startServer();
            var machines = lab.keep(new TinyMachines(lab));
            var clients = new DrsFixture(lab, lab.directory);
            try (var callers = new DrsErrorCallers(clients)) {
                var admin = callers.admin();
                values.put("arn", "arn:aws:drs:" + DrsFixture.REGION + ":000000000000:");
                provoke(open, "UninitializedAccountException", callers, admin, false);
                ask(callers, "InitializeService", "{}");
                prepare(lab, machines, callers);
                provoke(open, "AccessDeniedException", callers, callers.powerless(), false);
                provoke(open, "ValidationException", callers, admin, false);
                provoke(open, "ResourceNotFoundException", callers, admin, false);
                provoke(open, "ThrottlingException", callers, admin, true);
                for (var row : table.required("rows")) {
                    var error =
                            new Error(
                                    row.required("operation").asString(),
                                    row.required("error").asString());
                    assertThat(open.remove(error)).as("documented: %s", error).isTrue();
                    callers.expect(
                            error.operation(),
                            error.type(),
                            filled(row.required("request")),
                            admin,
                            false);
                }
                try (var database =
                        new RandomAccessFile(
                                lab.installation.data().resolve("control.db").toFile(), "rw")) {
                    database.write(new byte[4096]);
                }
                provoke(open, "InternalServerException", callers, admin, false);
                assertThat(callers.botoCalls()).isGreaterThan(100);
            }
        }
        assertThat(open).as("documented errors without an entry in drs_errors.json").isEmpty();
    }

    /// All that are documented and can come.
    private Set<Error> expected() {
        var absent = texts(table.required("absent"));
        assertThat(DOCUMENTED.keySet()).containsAll(absent);
        var expected = new LinkedHashSet<Error>();
        DOCUMENTED.forEach((operation, errors) -> {
            if (!absent.contains(operation)) {
                assertThat(table.required("requests").has(operation)).as(operation).isTrue();
                errors.forEach(error -> expected.add(new Error(operation, error)));
            }
        });
        for (var rule : table.required("never")) {
            var operations = Pattern.compile(rule.required("operations").asString());
            var type = rule.required("error").asString();
            assertThat(rule.required("why").asString()).isNotBlank();
            var found =
                    expected.removeIf(error ->
                            error.type().equals(type)
                                    && operations.matcher(error.operation()).matches());
            assertThat(found).as("%s matches something", rule).isTrue();
        }
        return expected;
    }

    private static List<String> texts(JsonNode array) {
        return array.values().stream().map(JsonNode::asString).toList();
    }

    /// Provokes an error that comes the same way from all operations that have it.
    private void provoke(
            Set<Error> open, String type, DrsErrorCallers callers, AwsApi.Key key, boolean twice)
            throws Exception {
        for (var error : List.copyOf(open)) {
            if (error.type().equals(type)) {
                open.remove(error);
                var request = table.required("requests").required(error.operation());
                var broken = twice || type.equals("ValidationException");
                callers.expect(
                        error.operation(),
                        type,
                        filled(broken ? broken(error.operation(), request) : request),
                        key,
                        twice);
            }
        }
    }

    private JsonNode broken(String operation, JsonNode request) {
        var given = table.required("invalid").get(operation);
        var copy = given == null ? request.deepCopy() : given;
        if (given == null) {
            emptyFirstText(copy);
        }
        return copy;
    }

    private static boolean emptyFirstText(JsonNode json) {
        return switch (json) {
            case ObjectNode object -> {
                for (var name : List.copyOf(object.propertyNames())) {
                    if (object.get(name).isString()) {
                        object.put(name, "");
                        yield true;
                    }
                    if (emptyFirstText(object.get(name))) {
                        yield true;
                    }
                }
                yield false;
            }
            case ArrayNode array -> {
                if (!array.isEmpty() && array.get(0).isString()) {
                    array.set(0, StringNode.valueOf(""));
                    yield true;
                }
                yield !array.isEmpty() && emptyFirstText(array.get(0));
            }
            default -> false;
        };
    }

    /// With what is known by now in the place of its `${name}`.
    private JsonNode filled(JsonNode request) {
        var text = request.toString();
        for (var value : values.entrySet()) {
            text = text.replace("${" + value.getKey() + "}", value.getValue());
        }
        assertThat(text).doesNotContain("${");
        return JSON.readTree(text);
    }

    /// Makes what the rows are about: a job that does not end, since its machine never asks for a
    /// login; a run of a plan that waits, and one that was cancelled; one of each template.
    private void prepare(Lab lab, TinyMachines machines, DrsErrorCallers callers) throws Exception {
        var server = machines.protect("one");
        values.put("server", server);
        var arn =
                ask(callers, "DescribeSourceServers", "{}")
                        .required("items")
                        .get(0)
                        .required("arn")
                        .asString();
        values.put("arn", arn.replaceFirst("source-server/.*", ""));
        BootSector.write(machines.disk("one"), "silent\0");
        var job =
                ask(callers, "StartRecovery", "{'sourceServers':[{'sourceServerID':'${server}'}]}")
                        .required("job");
        values.put("job", job.required("jobID").asString());

        var scripts = Files.createDirectory(lab.installation.data().resolve("launch-actions"));
        Files.writeString(scripts.resolve("check"), "exit 0\n");
        ask(
                callers,
                "PutLaunchAction",
                "{'resourceId':'${server}','actionCode':'check','order':2,'actionId':'01234567-89ab-cdef-0123-456789abcdef','optional':true,'active':true,'name':'Check','actionVersion':'$LATEST','category':'OTHER','description':'d'}");
        ask(callers, "CreateLaunchConfigurationTemplate", "{}");
        ask(
                callers,
                "CreateReplicationConfigurationTemplate",
                table.required("requests")
                        .required("CreateReplicationConfigurationTemplate")
                        .toString());
        values.put("plan", plan(callers, "running"));
        values.put("execution", execution(callers, "${plan}"));
        values.put("cancelledPlan", plan(callers, "cancelled"));
        values.put("cancelled", execution(callers, "${cancelledPlan}"));
        ask(callers, "CancelRecoveryPlanExecution", "{'recoveryPlanExecutionArn':'${cancelled}'}");
        values.put("fullPlan", plan(callers, "full"));
        for (var i = 1; i < 20; i++) {
            step(callers, "${fullPlan}", "token" + i);
        }
        await(
                lab,
                () -> {
                    var steps =
                            ask(
                                            callers,
                                            "ListRecoveryPlanExecutionSteps",
                                            "{'recoveryPlanExecutionArn':'${execution}'}")
                                    .required("recoveryPlanExecutionSteps");
                    values.put(
                            "step",
                            steps.get(0).required("recoveryPlanExecutionStepArn").asString());
                    return !steps.get(0).required("status").asString().equals("NOT_STARTED");
                });
        await(
                lab,
                () -> {
                    var found = ask(callers, "DescribeRecoveryInstances", "{}").required("items");
                    if (!found.isEmpty()) {
                        values.put(
                                "instance", found.get(0).required("recoveryInstanceID").asString());
                    }
                    return !found.isEmpty();
                });
    }

    private static final String WAIT = "{'waitStepConfiguration':{'waitDurationMinutes':120}}";

    private String plan(DrsErrorCallers callers, String name) throws Exception {
        var arn =
                ask(callers, "CreateRecoveryPlan", "{'name':'" + name + "'}")
                        .required("recoveryPlan")
                        .required("recoveryPlanArn")
                        .asString();
        step(callers, arn, "token");
        return arn;
    }

    private void step(DrsErrorCallers callers, String plan, String token) throws Exception {
        ask(
                callers,
                "CreateRecoveryPlanStep",
                String.format(
                        Locale.ROOT,
                        "{'recoveryPlanArn':'%s','stepName':'%s','configuration':%s,'clientToken':'%s'}",
                        plan,
                        token,
                        WAIT,
                        token));
    }

    private String execution(DrsErrorCallers callers, String plan) throws Exception {
        return ask(
                        callers,
                        "StartRecoveryPlanExecution",
                        "{'recoveryPlanArn':'" + plan + "','mode':'DRILL'}")
                .required("recoveryPlanExecution")
                .required("recoveryPlanExecutionArn")
                .asString();
    }

    private JsonNode ask(DrsErrorCallers callers, String operation, String request)
            throws IOException, InterruptedException {
        return callers.ask(operation, filled(JSON.readTree(request.replace('\'', '"'))));
    }

    private static void await(Lab lab, Condition condition) throws Exception {
        var deadline = lab.time.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            assertThat(lab.time.nanoTime()).isLessThan(deadline);
            lab.time.sleep(Duration.ofMillis(100));
        }
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds() throws Exception;
    }
}
