package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// All operations on recovery plans by signed HTTP, since SDKs do not have them yet, with servers
/// that have no point to be recovered from.
class RecoveryPlanApiTest {
    private static final String PLAN_ARN =
            "arn:aws:drs:eu-central-1:[0-9]{12}:recovery-plan/plan-[0-9a-f]{17}";
    private static final String EXECUTION_ARN =
            "arn:aws:drs:eu-central-1:[0-9]{12}:recovery-plan-execution/exec-[0-9a-f]{17}";
    private static final String TIME = "20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z";

    @TempDir static Path data;
    private static RunningServer running;
    private static SignedCall.Key admin;
    private static int calls;

    @BeforeAll
    static void start() throws Exception {
        running = new RunningServer(data);
        var lines = Files.readAllLines(data.resolve("aws-credentials"));
        admin =
                new SignedCall.Key(
                        lines.get(1).split(" = ")[1],
                        lines.get(2).split(" = ")[1],
                        Optional.empty());
        assertThat(error("ListRecoveryPlans", "{}", 400))
                .isEqualTo("UninitializedAccountException");
        assertThat(running.send(SignedCall.drs(admin, "InitializeService", "")).statusCode())
                .isEqualTo(204);
    }

    @AfterAll
    static void stop() throws IOException {
        running.close();
    }

    /// Equal calls within a second must differ, or they are taken for replayed ones.
    private static HttpResponse<String> send(String operation, String body) throws Exception {
        var different = body + " ".repeat(++calls);
        return running.send(SignedCall.drs(admin, operation, different));
    }

    private static JsonNode call(String operation, String body) throws Exception {
        return call(operation, body, 200);
    }

    private static JsonNode call(String operation, String body, int status) throws Exception {
        var response = send(operation, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return JsonMapper.shared().readTree(response.body());
    }

    private static String error(String operation, String body, int status) throws Exception {
        var response = send(operation, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(JsonMapper.shared().readTree(response.body()).has("message")).isTrue();
        return response.headers().firstValue("x-amzn-ErrorType").orElseThrow();
    }

    private static String quoted(String name, String value) {
        return "\"" + name + "\":\"" + value + "\"";
    }

    private static String object(String... members) {
        return "{" + String.join(",", members) + "}";
    }

    private static String newPlan(String name) throws Exception {
        return call("CreateRecoveryPlan", object(quoted("name", name)), 201)
                .path("recoveryPlan")
                .path("recoveryPlanArn")
                .asString();
    }

    private static String servers(String... ids) {
        var members =
                List.of(ids).stream()
                        .map(id ->
                                object(
                                        quoted("serverArn", serverArn(id)),
                                        quoted("impactLevel", "CRITICAL")))
                        .toList();
        return "{\"serverStepConfiguration\":{\"servers\":[" + String.join(",", members) + "]}}";
    }

    private static String serverArn(String id) {
        try {
            var account = running.server().controller().accounts().get().id();
            return "arn:aws:drs:eu-central-1:" + account + ":source-server/" + id;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String wait(int minutes) {
        return "{\"waitStepConfiguration\":{\"waitDurationMinutes\":" + minutes + "}}";
    }

    private static JsonNode newStep(String plan, String name, String configuration, String... more)
            throws Exception {
        var members =
                object(
                        quoted("recoveryPlanArn", plan),
                        quoted("stepName", name),
                        "\"configuration\":" + configuration);
        for (var member : more) {
            members = members.substring(0, members.length() - 1) + "," + member + "}";
        }
        return call("CreateRecoveryPlanStep", members, 201).path("recoveryPlanStep");
    }

    @Test
    void plansAreMadeReadChangedListedTaggedAndDeleted() throws Exception {
        var body =
                object(
                        quoted("name", "site b"),
                        quoted("description", "all"),
                        quoted("clientToken", "t1"),
                        "\"tags\":{\"team\":\"a\"}");
        var made = call("CreateRecoveryPlan", body, 201).path("recoveryPlan");
        var arn = made.path("recoveryPlanArn").asString();
        assertThat(arn).matches(PLAN_ARN);
        assertThat(made.path("status").asString()).isEqualTo("ACTIVE");
        assertThat(made.path("createdAt").asString()).matches(TIME);
        assertThat(made.path("tags").path("team").asString()).isEqualTo("a");
        assertThat(call("CreateRecoveryPlan", body, 201).path("recoveryPlan")).isEqualTo(made);
        assertThat(error("CreateRecoveryPlan", object(quoted("name", "site b")), 409))
                .isEqualTo("ConflictException");
        var named = object(quoted("recoveryPlanArn", arn));
        assertThat(call("GetRecoveryPlan", named).path("recoveryPlan")).isEqualTo(made);
        var changed =
                call(
                                "UpdateRecoveryPlan",
                                object(quoted("recoveryPlanArn", arn), quoted("name", "site c")))
                        .path("recoveryPlan");
        assertThat(changed.path("name").asString()).isEqualTo("site c");
        assertThat(changed.path("description").asString()).isEqualTo("all");
        newPlan("another");
        var page = call("ListRecoveryPlans", "{\"maxResults\":1}");
        assertThat(page.path("recoveryPlans").size()).isEqualTo(1);
        var next =
                call(
                        "ListRecoveryPlans",
                        object(
                                "\"maxResults\":1",
                                quoted("nextToken", page.path("nextToken").asString())));
        assertThat(next.path("recoveryPlans").get(0))
                .isNotEqualTo(page.path("recoveryPlans").get(0));
        assertThat(call("DeleteRecoveryPlan", named).path("recoveryPlanArn").asString())
                .isEqualTo(arn);
        assertThat(error("GetRecoveryPlan", named, 404)).isEqualTo("ResourceNotFoundException");
    }

    @Test
    void stepsAreMadePlacedReadChangedReorderedListedAndDeleted() throws Exception {
        var server = running.enrol();
        var plan = newPlan("steps");
        var second = newStep(plan, "database", servers(server));
        var first = newStep(plan, "wait", wait(5), "\"stepOrder\":1", quoted("clientToken", "t"));
        assertThat(first.path("stepOrder").asInt()).isEqualTo(1);
        var arn = second.path("recoveryPlanStepArn").asString();
        var read = call("GetRecoveryPlanStep", object(quoted("recoveryPlanStepArn", arn)));
        assertThat(read.path("recoveryPlanStep").path("stepOrder").asInt()).isEqualTo(2);
        assertThat(
                        read.path("recoveryPlanStep")
                                .path("configuration")
                                .path("serverStepConfiguration")
                                .path("servers")
                                .get(0)
                                .path("serverArn")
                                .asString())
                .isEqualTo(serverArn(server));
        var firstArn = first.path("recoveryPlanStepArn").asString();
        var order =
                object(
                        quoted("recoveryPlanArn", plan),
                        "\"orderedStepArns\":[\"" + arn + "\",\"" + firstArn + "\"]");
        assertThat(
                        call("ReorderRecoveryPlanSteps", order)
                                .path("recoveryPlanSteps")
                                .get(0)
                                .path("stepName")
                                .asString())
                .isEqualTo("database");
        assertThat(
                        error(
                                "ReorderRecoveryPlanSteps",
                                order.replace(",\"" + firstArn + "\"", ""),
                                400))
                .isEqualTo("ValidationException");
        var updated =
                call(
                                "UpdateRecoveryPlanStep",
                                object(
                                        quoted("recoveryPlanStepArn", firstArn),
                                        quoted("stepName", "pause"),
                                        "\"configuration\":" + wait(7)))
                        .path("recoveryPlanStep");
        assertThat(updated.path("stepOrder").asInt()).isEqualTo(2);
        assertThat(
                        updated.path("configuration")
                                .path("waitStepConfiguration")
                                .path("waitDurationMinutes")
                                .asInt())
                .isEqualTo(7);
        var steps =
                call(
                        "ListRecoveryPlanSteps",
                        object(quoted("recoveryPlanArn", plan), "\"maxResults\":1"));
        assertThat(steps.path("recoveryPlanSteps").size()).isEqualTo(1);
        assertThat(steps.has("nextToken")).isTrue();
        call("DeleteRecoveryPlanStep", object(quoted("recoveryPlanStepArn", firstArn)));
        assertThat(
                        error(
                                "GetRecoveryPlanStep",
                                object(quoted("recoveryPlanStepArn", firstArn)),
                                404))
                .isEqualTo("ResourceNotFoundException");
    }

    @Test
    void whatIsMalformedIsToldByField() throws Exception {
        var plan = newPlan("malformed");
        for (var wrong :
                List.of(
                        object(quoted("name", "-x")),
                        object(quoted("name", "")),
                        object(quoted("description", "no name")),
                        object(quoted("name", "x"), quoted("clientToken", "t".repeat(65))))) {
            assertThat(error("CreateRecoveryPlan", wrong, 400)).isEqualTo("ValidationException");
        }
        var response =
                send(
                        "CreateRecoveryPlanStep",
                        object(
                                quoted("recoveryPlanArn", plan),
                                quoted("stepName", "x"),
                                "\"configuration\":" + wait(121)));
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(
                        JsonMapper.shared()
                                .readTree(response.body())
                                .path("fieldList")
                                .get(0)
                                .path("name")
                                .asString())
                .isEqualTo("configuration.waitStepConfiguration.waitDurationMinutes");
        assertThat(
                        error(
                                "CreateRecoveryPlanStep",
                                object(
                                        quoted("recoveryPlanArn", plan),
                                        quoted("stepName", "x"),
                                        "\"configuration\":" + servers("s-0123456789abcdef0")),
                                404))
                .isEqualTo("ResourceNotFoundException");
        assertThat(
                        error(
                                "StartRecoveryPlanExecution",
                                object(quoted("recoveryPlanArn", plan), quoted("mode", "DRILL")),
                                409))
                .isEqualTo("ConflictException");
        assertThat(
                        error(
                                "StartRecoveryPlanExecution",
                                object(quoted("recoveryPlanArn", plan), quoted("mode", "TEST")),
                                400))
                .isEqualTo("ValidationException");
        for (var i = 0; i < 20; i++) {
            newStep(plan, "wait", wait(1));
        }
        assertThat(
                        error(
                                "CreateRecoveryPlanStep",
                                object(
                                        quoted("recoveryPlanArn", plan),
                                        quoted("stepName", "x"),
                                        "\"configuration\":" + wait(1)),
                                402))
                .isEqualTo("ServiceQuotaExceededException");
    }

    private static JsonNode execution(String arn) throws Exception {
        return call("GetRecoveryPlanExecution", object(quoted("recoveryPlanExecutionArn", arn)))
                .path("recoveryPlanExecution");
    }

    private static JsonNode steps(String arn, String... more) throws Exception {
        var members = object(quoted("recoveryPlanExecutionArn", arn));
        for (var member : more) {
            members = members.substring(0, members.length() - 1) + "," + member + "}";
        }
        return call("ListRecoveryPlanExecutionSteps", members).path("recoveryPlanExecutionSteps");
    }

    private static void await(String arn, String status) throws Exception {
        var end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (!execution(arn).path("status").asString().equals(status)) {
            assertThat(System.nanoTime()).as(execution(arn).toString()).isLessThan(end);
        }
    }

    private static String awaitStep(String arn, int index, String status) throws Exception {
        var end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (true) {
            var step = steps(arn).get(index);
            if (step.path("status").asString().equals(status)) {
                return step.path("recoveryPlanExecutionStepArn").asString();
            }
            assertThat(System.nanoTime()).as(step.toString()).isLessThan(end);
        }
    }

    @Test
    void anExecutionFailsIsRetriedChangedSkippedCancelledAndDeleted() throws Exception {
        var server = running.enrol();
        var other = running.enrol();
        var plan = newPlan("execution");
        newStep(plan, "database", servers(server));
        newStep(plan, "pause", wait(120));
        newStep(plan, "clients", servers(other));
        var start =
                object(
                        quoted("recoveryPlanArn", plan),
                        quoted("mode", "DRILL"),
                        quoted("clientToken", "t"),
                        "\"tags\":{\"a\":\"b\"}");
        var started = call("StartRecoveryPlanExecution", start, 201).path("recoveryPlanExecution");
        var arn = started.path("recoveryPlanExecutionArn").asString();
        assertThat(arn).matches(EXECUTION_ARN);
        assertThat(started.path("status").asString()).isEqualTo("CREATED");
        assertThat(started.path("mode").asString()).isEqualTo("DRILL");
        assertThat(started.path("tags").path("a").asString()).isEqualTo("b");
        assertThat(
                        call("StartRecoveryPlanExecution", start, 201)
                                .path("recoveryPlanExecution")
                                .path("recoveryPlanExecutionArn")
                                .asString())
                .isEqualTo(arn);

        await(arn, "FAILED"); // the server has no point
        assertThat(execution(arn).path("errorDetail").path("message").asString()).contains(server);
        var failed = steps(arn).get(0);
        var failedArn = failed.path("recoveryPlanExecutionStepArn").asString();
        assertThat(failed.path("status").asString()).isEqualTo("FAILED");
        assertThat(failed.path("attempt").asInt()).isEqualTo(1);
        assertThat(
                        failed.path("configuration")
                                .path("executionServerStepConfiguration")
                                .path("servers")
                                .get(0)
                                .path("jobID")
                                .asString())
                .matches("drsjob-[0-9a-f]{17}");
        assertThat(steps(arn, "\"filter\":{\"status\":\"FAILED\"}").size()).isEqualTo(1);

        var step = quoted("recoveryPlanExecutionStepArn", failedArn);
        var retried =
                call("RetryRecoveryPlanExecutionStep", object(step))
                        .path("recoveryPlanExecutionStep");
        assertThat(retried.path("attempt").asInt()).isEqualTo(2);
        await(arn, "FAILED");

        var last = steps(arn).get(2).path("recoveryPlanExecutionStepArn").asString();
        var edited =
                call(
                                "UpdateRecoveryPlanExecutionStep",
                                object(
                                        quoted("recoveryPlanExecutionStepArn", last),
                                        "\"servers\":["
                                                + object(
                                                        quoted("serverArn", serverArn(other)),
                                                        quoted("impactLevel", "OPTIONAL"))
                                                + "]"))
                        .path("recoveryPlanExecutionStep");
        assertThat(edited.toString()).contains("OPTIONAL");
        var pause = steps(arn).get(1).path("recoveryPlanExecutionStepArn").asString();
        var paused = quoted("recoveryPlanExecutionStepArn", pause);
        call("UpdateRecoveryPlanExecutionStep", object(paused, "\"waitDurationMinutes\":90"));
        assertThat(error("UpdateRecoveryPlanExecutionStep", object(paused), 400))
                .isEqualTo("ValidationException");
        assertThat(error("RetryRecoveryPlanExecutionStep", object(paused), 409))
                .isEqualTo("ConflictException");

        var skipped =
                call("UpdateRecoveryPlanExecutionStep", object(step, quoted("status", "SKIPPED")))
                        .path("recoveryPlanExecutionStep");
        assertThat(skipped.path("status").asString()).isEqualTo("SKIPPED");
        awaitStep(arn, 1, "WAITING");
        assertThat(
                        call("GetRecoveryPlanExecutionStep", object(paused))
                                .path("recoveryPlanExecutionStep")
                                .path("configuration")
                                .path("waitStepConfiguration")
                                .path("waitDurationMinutes")
                                .asInt())
                .isEqualTo(90);
        assertThat(error("DeleteRecoveryPlan", object(quoted("recoveryPlanArn", plan)), 409))
                .isEqualTo("ConflictException");
        var named = object(quoted("recoveryPlanExecutionArn", arn));
        assertThat(error("DeleteRecoveryPlanExecution", named, 409)).isEqualTo("ConflictException");
        var cancelling = call("CancelRecoveryPlanExecution", named).path("recoveryPlanExecution");
        assertThat(cancelling.path("status").asString()).isEqualTo("CANCELLING");
        await(arn, "CANCELLED");
        assertThat(error("CancelRecoveryPlanExecution", named, 409)).isEqualTo("ConflictException");
        assertThat(
                        call(
                                        "ListRecoveryPlanExecutions",
                                        object(
                                                quoted("recoveryPlanArn", plan),
                                                quoted("status", "CANCELLED")))
                                .path("recoveryPlanExecutions")
                                .size())
                .isEqualTo(1);
        assertThat(
                        call("ListRecoveryPlanExecutions", object(quoted("status", "COMPLETED")))
                                .path("recoveryPlanExecutions")
                                .size())
                .isZero();
        call("DeleteRecoveryPlanExecution", named);
        assertThat(error("GetRecoveryPlanExecution", named, 404))
                .isEqualTo("ResourceNotFoundException");
        call("DeleteRecoveryPlan", object(quoted("recoveryPlanArn", plan)));
    }
}
