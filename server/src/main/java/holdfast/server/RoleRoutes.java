package holdfast.server;

import holdfast.control.Controller;
import holdfast.control.Role;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// `/roles`: what users of the AWS API may do.
final class RoleRoutes implements HttpService {
    private final Controller controller;

    RoleRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list)
                .post("/", this::create)
                .get("/{id}", this::show)
                .put("/{id}", this::update)
                .delete("/{id}", this::delete);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(
                response, 200, ApiJson.list("roles", controller.roles().list(), RoleRoutes::shown));
    }

    private void show(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 200, shown(controller.roles().get(Api.id(request))));
    }

    private void create(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("name", "actions"));
        var role = controller.roles().create(body.text("name"), body.texts("actions"));
        Api.send(response, 201, shown(role));
    }

    private void update(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("actions"));
        var role = controller.roles().update(Api.id(request), body.texts("actions"));
        Api.send(response, 200, shown(role));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.roles().delete(Api.id(request));
        response.status(204).send();
    }

    private static ObjectNode shown(Role role) {
        var json = ApiJson.object().put("name", role.name()).put("builtIn", role.builtIn());
        role.actions().forEach(json.putArray("actions")::add);
        return json;
    }
}
