package holdfast.server;

import holdfast.control.Controller;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Set;
import java.util.function.UnaryOperator;

/// `/exports`: points served over NBD.
final class ExportRoutes implements HttpService {
    private final Controller controller;
    private final UnaryOperator<String> uri;

    /// @param uri where the NBD server serves an export of that id
    ExportRoutes(Controller controller, UnaryOperator<String> uri) {
        this.controller = controller;
        this.uri = uri;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list).post("/", this::create).delete("/{id}", this::delete);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var exports = controller.exports().list();
        Api.send(
                response,
                200,
                ApiJson.list(
                        "exports",
                        exports,
                        export -> ApiJson.export(export, uri.apply(export.id()))));
    }

    private void create(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("server", "disk", "at", "point"));
        var export =
                controller
                        .exports()
                        .create(
                                body.text("server"),
                                body.text("disk"),
                                SourceServerRoutes.choice(body));
        Api.send(response, 201, ApiJson.export(export, uri.apply(export.id())));
    }

    /// All disks of a recovery instance, at one point; of `POST /instances/{id}/exports`.
    void createOfInstance(ServerRequest request, ServerResponse response) throws IOException {
        var exports = controller.exports().createOfInstance(Api.id(request));
        Api.send(
                response,
                201,
                ApiJson.list(
                        "exports",
                        exports,
                        export -> ApiJson.export(export, uri.apply(export.id()))));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.exports().delete(Api.id(request));
        response.status(204).send();
    }
}
