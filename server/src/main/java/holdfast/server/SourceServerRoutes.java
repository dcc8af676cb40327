package holdfast.server;

import holdfast.control.Controller;
import holdfast.control.PointChoice;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/// `/servers`: source servers and their points.
final class SourceServerRoutes implements HttpService {
    private static final int POINTS_MAX = 10_000;

    /// Before and after every instant that a source's clock may give.
    private static final Instant EARLIEST = Instant.parse("0000-01-01T00:00:00Z");

    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999Z");

    private final Controller controller;

    SourceServerRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list)
                .get("/{id}", this::show)
                .delete("/{id}", this::delete)
                .post("/{id}/stop", this::stop)
                .post("/{id}/start", this::start)
                .post("/{id}/machine", this::acceptMachine)
                .get("/{id}/points", this::points);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var servers = controller.servers().list();
        Api.send(response, 200, ApiJson.list("servers", servers, ApiJson::server));
    }

    private void show(ServerRequest request, ServerResponse response) throws IOException {
        var server = controller.servers().get(Api.id(request));
        var refused = controller.servers().refusedMachines(server.server().id());
        var json = ApiJson.server(server, refused);
        controller
                .extensions()
                .replication(server.server().id())
                .encryptionKey()
                .ifPresent(key -> json.put("encryptionKey", key.toString()));
        Api.send(response, 200, json);
    }

    private void acceptMachine(ServerRequest request, ServerResponse response) throws IOException {
        var boot = RequestBody.read(request, Set.of("bootId")).optionalText("bootId");
        var server = controller.orders().acceptMachine(Api.id(request), boot);
        Api.send(response, 200, ApiJson.server(server));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.orders().remove(Api.id(request));
        response.status(204).send();
    }

    private void stop(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 200, ApiJson.server(controller.orders().stop(Api.id(request))));
    }

    private void start(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 200, ApiJson.server(controller.orders().start(Api.id(request))));
    }

    private void points(ServerRequest request, ServerResponse response) throws IOException {
        var id = Api.id(request);
        var at = Api.parameter(request, "at");
        var points =
                at.isPresent()
                        ? controller.pointAt(id, RequestBody.instant("at", at.get())).stream()
                                .toList()
                        : range(request, id);
        Api.send(response, 200, ApiJson.list("points", points, ApiJson::point));
    }

    private List<holdfast.volume.ConsistencyPoint> range(ServerRequest request, String id)
            throws IOException {
        var from = Api.parameter(request, "from");
        var to = Api.parameter(request, "to");
        return controller.points(
                id,
                from.map(text -> RequestBody.instant("from", text)).orElse(EARLIEST),
                to.map(text -> RequestBody.instant("to", text)).orElse(LATEST),
                Api.limit(request, POINTS_MAX));
    }

    /// `at` or `point` of a request, or neither for the newest.
    static PointChoice choice(RequestBody body) {
        var at = body.optionalText("at");
        var point = body.optionalText("point");
        if (at.isPresent() && point.isPresent()) {
            throw RequestBody.malformed("\"at\" and \"point\" exclude each other");
        }
        if (at.isPresent()) {
            return new PointChoice.At(RequestBody.instant("at", at.get()));
        }
        return point.isPresent() ? new PointChoice.ById(point.get()) : new PointChoice.Newest();
    }
}
