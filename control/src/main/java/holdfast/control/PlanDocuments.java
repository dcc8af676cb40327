package holdfast.control;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The steps of plans and executions as their rows have them; see [Documents].
final class PlanDocuments {
    private static final JsonMapper JSON = JsonMapper.shared();

    private PlanDocuments() {}

    static String ofSteps(List<RecoveryPlan.Step> steps) {
        var json = array();
        for (var step : steps) {
            var object =
                    json.addObject()
                            .put("id", step.id())
                            .put("name", step.name())
                            .put("createdAt", step.createdAt().toEpochMilli())
                            .put("updatedAt", step.updatedAt().toEpochMilli());
            step.clientToken().ifPresent(token -> object.put("clientToken", token));
            object.set("work", work(step.work()));
        }
        return json.toString();
    }

    static List<RecoveryPlan.Step> steps(String text) {
        var steps = new ArrayList<RecoveryPlan.Step>();
        for (var json : JSON.readTree(text)) {
            steps.add(
                    new RecoveryPlan.Step(
                            text(json, "id"),
                            text(json, "name"),
                            work(json.required("work")),
                            optionalText(json, "clientToken"),
                            instant(json, "createdAt"),
                            instant(json, "updatedAt")));
        }
        return steps;
    }

    static String ofExecutionSteps(List<ExecutionStep> steps) {
        var json = array();
        for (var step : steps) {
            var object =
                    json.addObject()
                            .put("id", step.id())
                            .put("name", step.name())
                            .put("state", step.state().name())
                            .put("attempt", step.attempt())
                            .put("createdAt", step.createdAt().toEpochMilli())
                            .put("updatedAt", step.updatedAt().toEpochMilli());
            step.reason().ifPresent(reason -> object.put("reason", reason));
            step.begunAt().ifPresent(at -> object.put("begunAt", at.toEpochMilli()));
            object.set("work", work(step.work()));
            var runs = object.putArray("runs");
            step.runs()
                    .forEach((server, run) -> {
                        var entry =
                                runs.addObject()
                                        .put("server", server)
                                        .put("outcome", run.outcome().name())
                                        .put("reason", run.reason());
                        run.job().ifPresent(job -> entry.put("job", job));
                    });
        }
        return json.toString();
    }

    static List<ExecutionStep> executionSteps(String text) {
        var steps = new ArrayList<ExecutionStep>();
        for (var json : JSON.readTree(text)) {
            var runs = new LinkedHashMap<String, ExecutionStep.Run>();
            for (var run : json.required("runs")) {
                runs.put(
                        text(run, "server"),
                        new ExecutionStep.Run(
                                optionalText(run, "job"),
                                ExecutionStep.Outcome.valueOf(text(run, "outcome")),
                                text(run, "reason")));
            }
            steps.add(
                    new ExecutionStep(
                            text(json, "id"),
                            text(json, "name"),
                            work(json.required("work")),
                            ExecutionStep.State.valueOf(text(json, "state")),
                            optionalText(json, "reason"),
                            json.required("attempt").asInt(),
                            runs,
                            instant(json, "createdAt"),
                            instant(json, "updatedAt"),
                            json.has("begunAt")
                                    ? Optional.of(instant(json, "begunAt"))
                                    : Optional.empty()));
        }
        return steps;
    }

    static String ofPoints(Map<String, String> points) {
        var json = JsonNodeFactory.instance.objectNode();
        points.forEach(json::put);
        return json.toString();
    }

    static Map<String, String> points(String text) {
        var points = new LinkedHashMap<String, String>();
        JSON.readTree(text)
                .properties()
                .forEach(entry -> points.put(entry.getKey(), entry.getValue().asString()));
        return points;
    }

    private static ObjectNode work(StepWork work) {
        var json = JsonNodeFactory.instance.objectNode();
        switch (work) {
            case StepWork.Wait(var duration) -> json.put("waitMinutes", duration.toMinutes());
            case StepWork.Recover(var members) -> {
                var servers = json.putArray("servers");
                for (var member : members) {
                    servers.addObject()
                            .put("server", member.server())
                            .put("critical", member.critical());
                }
            }
        }
        return json;
    }

    private static StepWork work(JsonNode json) {
        if (json.has("waitMinutes")) {
            return new StepWork.Wait(Duration.ofMinutes(json.required("waitMinutes").asLong()));
        }
        var members = new ArrayList<StepWork.Member>();
        for (var member : json.required("servers")) {
            members.add(
                    new StepWork.Member(
                            text(member, "server"), member.required("critical").asBoolean()));
        }
        return new StepWork.Recover(members);
    }

    private static ArrayNode array() {
        return JsonNodeFactory.instance.arrayNode();
    }

    private static String text(JsonNode json, String name) {
        return json.required(name).asString();
    }

    private static Optional<String> optionalText(JsonNode json, String name) {
        return json.has(name) ? Optional.of(text(json, name)) : Optional.empty();
    }

    private static Instant instant(JsonNode json, String name) {
        return Instant.ofEpochMilli(json.required(name).asLong());
    }
}
