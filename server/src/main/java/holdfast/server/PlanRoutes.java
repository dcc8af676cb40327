package holdfast.server;

import holdfast.control.Controller;
import holdfast.control.StepWork;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// `/plans`: which servers are recovered after which; `/executions`: their runs.
final class PlanRoutes implements HttpService {
    private static final int EXECUTIONS_MAX = 1000;

    private final Controller controller;

    PlanRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/plans", this::list)
                .post("/plans", this::create)
                .get("/plans/{id}", this::show)
                .put("/plans/{id}", this::rename)
                .delete("/plans/{id}", this::delete)
                .post("/plans/{id}/steps", this::addStep)
                .put("/plans/{id}/steps/{step}", this::changeStep)
                .delete("/plans/{id}/steps/{step}", this::deleteStep)
                .put("/plans/{id}/order", this::reorder)
                .post("/plans/{id}/executions", this::start)
                .get("/executions", this::executions)
                .get("/executions/{id}", this::execution)
                .delete("/executions/{id}", this::deleteExecution)
                .post("/executions/{id}/cancel", this::cancel)
                .put("/executions/{id}/steps/{step}", this::edit)
                .post("/executions/{id}/steps/{step}/retry", this::retry)
                .post("/executions/{id}/steps/{step}/skip", this::skip);
    }

    private static String step(ServerRequest request) {
        return request.path().pathParameters().get("step");
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 200, ApiJson.list("plans", controller.plans().list(), PlanJson::plan));
    }

    private void create(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("name", "description"));
        var plan =
                controller
                        .plans()
                        .create(
                                body.text("name"),
                                body.optionalText("description").orElse(""),
                                Optional.empty(),
                                Map.of());
        Api.send(response, 201, PlanJson.plan(plan));
    }

    private void show(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 200, PlanJson.plan(controller.plans().get(Api.id(request))));
    }

    private void rename(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("name", "description"));
        var plan =
                controller
                        .plans()
                        .rename(
                                Api.id(request),
                                body.optionalText("name"),
                                body.optionalText("description"));
        Api.send(response, 200, PlanJson.plan(plan));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.plans().delete(Api.id(request));
        response.status(204).send();
    }

    private void addStep(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("name", "servers", "waitMinutes", "position"));
        var position =
                body.json().hasNonNull("position")
                        ? OptionalInt.of(Math.toIntExact(body.number("position", 1, 20)))
                        : OptionalInt.empty();
        var work =
                work(body)
                        .orElseThrow(() ->
                                RequestBody.malformed(
                                        "the body lacks \"servers\" or \"waitMinutes\""));
        var added =
                controller
                        .plans()
                        .addStep(
                                Api.id(request),
                                body.text("name"),
                                work,
                                position,
                                Optional.empty());
        Api.send(response, 201, PlanJson.step(added.step()));
    }

    private void changeStep(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("name", "servers", "waitMinutes"));
        var changed =
                controller
                        .plans()
                        .changeStep(
                                Api.id(request),
                                step(request),
                                body.optionalText("name"),
                                work(body));
        Api.send(response, 200, PlanJson.step(changed.step()));
    }

    private void deleteStep(ServerRequest request, ServerResponse response) throws IOException {
        controller.plans().deleteStep(Api.id(request), step(request));
        response.status(204).send();
    }

    private void reorder(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("steps"));
        controller.plans().reorder(Api.id(request), body.texts("steps"));
        show(request, response);
    }

    /// `servers`, each an id or `{"server", "critical"}`, or `waitMinutes`.
    private static Optional<StepWork> work(RequestBody body) {
        var servers = body.json().path("servers");
        var waits = body.json().hasNonNull("waitMinutes");
        if (waits && !servers.isMissingNode()) {
            throw RequestBody.malformed("\"servers\" and \"waitMinutes\" exclude each other");
        }
        if (waits) {
            var minutes = body.number("waitMinutes", 1, StepWork.WAIT_MAX.toMinutes());
            return Optional.of(new StepWork.Wait(Duration.ofMinutes(minutes)));
        }
        if (servers.isMissingNode()) {
            return Optional.empty();
        }
        if (!servers.isArray()) {
            throw RequestBody.malformed("\"servers\" is not an array");
        }
        var members = new ArrayList<StepWork.Member>();
        for (var member : servers) {
            var id = member.isString() ? member : member.path("server");
            var critical = member.path("critical");
            if (!id.isString() || !(critical.isMissingNode() || critical.isBoolean())) {
                throw RequestBody.malformed(
                        "\"servers\" is not an array of ids or of {\"server\", \"critical\"}");
            }
            members.add(new StepWork.Member(id.asString(), critical.asBoolean(true)));
        }
        return Optional.of(new StepWork.Recover(members));
    }

    private void start(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("drill", "points"));
        var points = new java.util.HashMap<String, String>();
        for (var pin : body.json().path("points").properties()) {
            if (!pin.getValue().isString()) {
                throw RequestBody.malformed(
                        "\"points\" is not an object of ids of points by server");
            }
            points.put(pin.getKey(), pin.getValue().asString());
        }
        var execution =
                controller
                        .executions()
                        .start(
                                Api.id(request),
                                body.flag("drill"),
                                points,
                                Optional.empty(),
                                Map.of());
        Api.send(response, 202, PlanJson.execution(execution));
    }

    private void executions(ServerRequest request, ServerResponse response) throws IOException {
        var plan = Api.parameter(request, "plan");
        var found =
                controller.executions().list().stream()
                        .filter(execution -> plan.map(execution.plan()::equals).orElse(true))
                        .limit(Api.limit(request, EXECUTIONS_MAX))
                        .toList();
        Api.send(response, 200, ApiJson.list("executions", found, PlanJson::execution));
    }

    private void execution(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 200, PlanJson.execution(controller.executions().get(Api.id(request))));
    }

    private void deleteExecution(ServerRequest request, ServerResponse response)
            throws IOException {
        controller.executions().delete(Api.id(request));
        response.status(204).send();
    }

    private void cancel(ServerRequest request, ServerResponse response) throws IOException {
        var execution = controller.executions().cancel(Api.id(request));
        Api.send(response, 202, PlanJson.execution(execution));
    }

    private void edit(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("servers", "waitMinutes"));
        var work =
                work(body)
                        .orElseThrow(() ->
                                RequestBody.malformed(
                                        "the body lacks \"servers\" or \"waitMinutes\""));
        var execution = controller.executions().edit(Api.id(request), step(request), work);
        Api.send(response, 200, PlanJson.execution(execution));
    }

    private void retry(ServerRequest request, ServerResponse response) throws IOException {
        var execution = controller.executions().retry(Api.id(request), step(request));
        Api.send(response, 202, PlanJson.execution(execution));
    }

    private void skip(ServerRequest request, ServerResponse response) throws IOException {
        var execution = controller.executions().skip(Api.id(request), step(request));
        Api.send(response, 200, PlanJson.execution(execution));
    }
}
