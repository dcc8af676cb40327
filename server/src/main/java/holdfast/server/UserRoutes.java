package holdfast.server;

import holdfast.control.Controller;
import holdfast.control.User;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// `/users`: who may call the AWS API.
final class UserRoutes implements HttpService {
    private final Controller controller;

    UserRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list)
                .post("/", this::create)
                .put("/{id}", this::update)
                .delete("/{id}", this::delete);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(
                response, 200, ApiJson.list("users", controller.users().list(), UserRoutes::shown));
    }

    private void create(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("name", "role"));
        var user = controller.users().create(body.text("name"), body.text("role"));
        Api.send(response, 201, shown(user));
    }

    private void update(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("role"));
        var user = controller.users().update(Api.id(request), body.text("role"));
        Api.send(response, 200, shown(user));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.users().delete(Api.id(request));
        response.status(204).send();
    }

    private static ObjectNode shown(User user) {
        return ApiJson.object()
                .put("name", user.name())
                .put("role", user.role())
                .put("createdAt", ApiJson.time(user.createdAt()));
    }
}
