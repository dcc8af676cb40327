package holdfast.server;

import holdfast.control.Controller;
import holdfast.control.User;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Set;
import java.util.function.UnaryOperator;
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
        var accounts = accounts();
        Api.send(
                response,
                200,
                ApiJson.list("users", controller.users().list(), user -> shown(user, accounts)));
    }

    private void create(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("name", "role", "account"));
        var name = body.text("name");
        var role = body.text("role");
        var account = body.optionalText("account");
        var user =
                account.isPresent()
                        ? controller
                                .accounts()
                                .as(account.get(), () -> controller.users().create(name, role))
                        : controller.users().create(name, role);
        Api.send(response, 201, shown(user, accounts()));
    }

    private void update(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("role"));
        var user = controller.users().update(Api.id(request), body.text("role"));
        Api.send(response, 200, shown(user, accounts()));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.users().delete(Api.id(request));
        response.status(204).send();
    }

    /// By user; that of all others is the home account.
    private UnaryOperator<String> accounts() throws IOException {
        var home = controller.accounts().get().id();
        var further = controller.users().accounts();
        return user -> further.getOrDefault(user, home);
    }

    private static ObjectNode shown(User user, UnaryOperator<String> accounts) {
        return ApiJson.object()
                .put("name", user.name())
                .put("role", user.role())
                .put("account", accounts.apply(user.name()))
                .put("createdAt", ApiJson.time(user.createdAt()));
    }
}
