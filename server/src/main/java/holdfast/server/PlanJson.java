package holdfast.server;

import holdfast.control.ExecutionStep;
import holdfast.control.PlanExecution;
import holdfast.control.RecoveryPlan;
import holdfast.control.StepWork;
import tools.jackson.databind.node.ObjectNode;

/// Recovery plans and their runs as docs/api.md shows them.
final class PlanJson {
    private PlanJson() {}

    static ObjectNode plan(RecoveryPlan.View view) {
        var plan = view.plan();
        var json =
                ApiJson.object()
                        .put("id", plan.id())
                        .put("name", plan.name())
                        .put("description", plan.description())
                        .put("createdAt", ApiJson.time(plan.createdAt()))
                        .put("updatedAt", ApiJson.time(plan.updatedAt()));
        var steps = json.putArray("steps");
        plan.steps().forEach(step -> steps.add(step(step)));
        view.missing().forEach(json.putArray("missingServers")::add);
        return json;
    }

    static ObjectNode step(RecoveryPlan.Step step) {
        var json = ApiJson.object().put("id", step.id()).put("name", step.name());
        switch (step.work()) {
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

    static ObjectNode execution(PlanExecution execution) {
        var json =
                ApiJson.object()
                        .put("id", execution.id())
                        .put("plan", execution.plan())
                        .put("drill", execution.drill())
                        .put("state", execution.state().name())
                        .put("startedAt", ApiJson.time(execution.startedAt()));
        execution.completedAt().ifPresent(at -> json.put("completedAt", ApiJson.time(at)));
        execution.reason().ifPresent(reason -> json.put("reason", reason));
        if (!execution.points().isEmpty()) {
            var points = json.putObject("points");
            execution.points().forEach(points::put);
        }
        var steps = json.putArray("steps");
        execution.steps().forEach(step -> steps.add(step(step)));
        return json;
    }

    private static ObjectNode step(ExecutionStep step) {
        var json =
                ApiJson.object()
                        .put("id", step.id())
                        .put("name", step.name())
                        .put("state", step.state().name())
                        .put("attempt", step.attempt());
        step.reason().ifPresent(reason -> json.put("reason", reason));
        step.begunAt().ifPresent(at -> json.put("begunAt", ApiJson.time(at)));
        switch (step.work()) {
            case StepWork.Wait(var duration) -> json.put("waitMinutes", duration.toMinutes());
            case StepWork.Recover(var members) -> {
                var servers = json.putArray("servers");
                for (var member : members) {
                    var entry =
                            servers.addObject()
                                    .put("server", member.server())
                                    .put("critical", member.critical());
                    var run = step.runs().get(member.server());
                    if (run != null) {
                        entry.put("outcome", run.outcome().name());
                        run.job().ifPresent(job -> entry.put("job", job));
                        if (!run.reason().isEmpty()) {
                            entry.put("reason", run.reason());
                        }
                    }
                }
            }
        }
        return json;
    }
}
