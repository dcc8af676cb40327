package holdfast.server;

import holdfast.control.Account;
import holdfast.control.Controller;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// `/accounts`: who has servers and users of their own, and who may extend whose servers.
final class AccountRoutes implements HttpService {
    private final Controller controller;

    AccountRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list)
                .post("/", this::create)
                .delete("/{id}", this::delete)
                .put("/{id}/shares/{target}", this::share)
                .delete("/{id}/shares/{target}", this::unshare);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var json = ApiJson.object();
        var array = json.putArray("accounts");
        for (var account : controller.accounts().list()) {
            array.add(shown(account));
        }
        Api.send(response, 200, json);
    }

    private void create(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("name"));
        Api.send(response, 201, shown(controller.accounts().create(body.text("name"))));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.accounts().delete(Api.id(request));
        response.status(204).send();
    }

    private void share(ServerRequest request, ServerResponse response) throws IOException {
        controller.accounts().share(Api.id(request), target(request));
        response.status(204).send();
    }

    private void unshare(ServerRequest request, ServerResponse response) throws IOException {
        controller.accounts().unshare(Api.id(request), target(request));
        response.status(204).send();
    }

    private static String target(ServerRequest request) {
        return request.path().pathParameters().get("target");
    }

    private ObjectNode shown(Account account) throws IOException {
        var json =
                ApiJson.object()
                        .put("id", account.id())
                        .put("name", account.name())
                        .put("home", account.home());
        controller.accounts().sharedWith(account.id()).forEach(json.putArray("sharedWith")::add);
        return json;
    }
}
