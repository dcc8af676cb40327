package holdfast.server;

import holdfast.control.AccessKey;
import holdfast.control.AccessRole;
import holdfast.control.Controller;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// `/keys`: the access keys of AWS clients.
final class KeyRoutes implements HttpService {
    private final Controller controller;

    KeyRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list).post("/", this::create).delete("/{id}", this::delete);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var keys = controller.accessKeys().list();
        Api.send(response, 200, ApiJson.list("keys", keys, KeyRoutes::shown));
    }

    /// The only time that the secret is told.
    private void create(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("role"));
        var key = controller.accessKeys().create(AccessRole.of(body.text("role")));
        Api.send(response, 201, shown(key).put("secretAccessKey", key.secret()));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.accessKeys().delete(Api.id(request));
        response.status(204).send();
    }

    private static ObjectNode shown(AccessKey key) {
        return ApiJson.object()
                .put("accessKeyId", key.id())
                .put("role", key.role().text())
                .put("createdAt", ApiJson.time(key.createdAt()));
    }
}
