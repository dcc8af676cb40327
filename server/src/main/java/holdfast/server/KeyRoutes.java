package holdfast.server;

import holdfast.control.AccessKey;
import holdfast.control.Controller;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// `/keys`: the access keys of AWS clients.
final class KeyRoutes implements HttpService {
    /// Longer would be no rotation.
    private static final long OLD_VALID_SECONDS_MAX = Duration.ofDays(30).toSeconds();

    private final Controller controller;

    KeyRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list)
                .post("/", this::create)
                .put("/{id}", this::update)
                .post("/{id}/rotate", this::rotate)
                .delete("/{id}", this::delete);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var user = Api.parameter(request, "user");
        var keys =
                controller.accessKeys().list().stream()
                        .filter(key -> user.map(key.user()::equals).orElse(true))
                        .toList();
        Api.send(response, 200, ApiJson.list("keys", keys, KeyRoutes::shown));
    }

    /// The only time that the secret is told.
    private void create(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("user"));
        Api.send(response, 201, shown(controller.accessKeys().create(body.text("user"))));
    }

    private void rotate(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("oldValidForSeconds"));
        var validFor =
                Duration.ofSeconds(body.number("oldValidForSeconds", 0, OLD_VALID_SECONDS_MAX));
        var made = controller.accessKeys().rotate(Api.id(request), validFor);
        Api.send(response, 201, shown(made));
    }

    private void update(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("active"));
        var key = controller.accessKeys().activate(Api.id(request), body.requiredFlag("active"));
        Api.send(response, 200, shown(key));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.accessKeys().delete(Api.id(request));
        response.status(204).send();
    }

    private static ObjectNode shown(AccessKey.Created created) {
        return shown(created.key()).put("secretAccessKey", created.secret());
    }

    private static ObjectNode shown(AccessKey key) {
        var json =
                ApiJson.object()
                        .put("accessKeyId", key.id())
                        .put("user", key.user())
                        .put("active", key.active())
                        .put("createdAt", ApiJson.time(key.createdAt()));
        key.expiresAt().ifPresent(at -> json.put("expiresAt", ApiJson.time(at)));
        return json;
    }
}
