package holdfast.server;

import holdfast.aws.AwsServices;
import holdfast.control.Controller;
import holdfast.control.NetworkChange;
import holdfast.control.NetworkDocuments;
import holdfast.control.NetworkStack;
import holdfast.control.Networks;
import holdfast.control.SourceNetwork;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

/// `/networks`: what source servers are in; `/source-networks`: what is kept of them; `/stacks`:
/// what is made of that on the launch host.
final class NetworkRoutes implements HttpService {
    /// Where exported templates are fetched, by a secret instead of a key, as AWS clients have
    /// none.
    static final String TEMPLATES = AwsServices.NETWORK_TEMPLATES;

    private final Controller controller;

    NetworkRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/networks", this::list)
                .get("/networks/{id}", this::show)
                .put("/networks/{id}", this::set)
                .get("/source-networks", this::sources)
                .get("/stacks", this::stacks)
                .post("/stacks", this::importTemplate)
                .delete("/stacks/{id}", this::delete);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var networks = controller.networks().list();
        Api.send(response, 200, ApiJson.list("networks", networks, NetworkRoutes::network));
    }

    private void show(ServerRequest request, ServerResponse response) throws IOException {
        Api.send(response, 200, network(controller.networks().get(Api.id(request))));
    }

    private void set(ServerRequest request, ServerResponse response) throws IOException {
        var body =
                RequestBody.read(
                        request, Set.of("gateway", "range", "nameServers", "domain", "rules"));
        NetworkChange change;
        try {
            change = NetworkDocuments.change(body.json());
        } catch (JacksonException | IllegalArgumentException e) {
            throw RequestBody.malformed(String.valueOf(e.getMessage()));
        }
        Api.send(response, 200, network(controller.networks().set(Api.id(request), change)));
    }

    private void sources(ServerRequest request, ServerResponse response) throws IOException {
        var networks = controller.sourceNetworks().list();
        Api.send(response, 200, ApiJson.list("sourceNetworks", networks, NetworkRoutes::source));
    }

    private void stacks(ServerRequest request, ServerResponse response) throws IOException {
        var stacks = controller.networkStacks().list();
        Api.send(response, 200, ApiJson.list("stacks", stacks, NetworkRoutes::stack));
    }

    private void importTemplate(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.read(request, Set.of("name", "template"));
        var template = body.json().path("template");
        if (!template.isObject()) {
            throw RequestBody.malformed("the body lacks \"template\", an object");
        }
        var stack =
                controller.networkStacks().importTemplate(body.text("name"), template.toString());
        Api.send(response, 201, stack(stack));
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.networkStacks().delete(Api.id(request));
        response.status(204).send();
    }

    /// An exported template, for whoever has its secret.
    void template(ServerRequest request, ServerResponse response) throws IOException {
        var template = controller.sourceNetworks().template(Api.id(request));
        response.header(HeaderNames.CONTENT_TYPE, "application/json").send(template);
    }

    private static ObjectNode network(Networks.Network network) {
        return ApiJson.object()
                .put("id", network.id())
                .setAll(NetworkDocuments.json(network.description()));
    }

    private static ObjectNode source(SourceNetwork network) {
        var json =
                ApiJson.object()
                        .put("id", network.id())
                        .put("network", network.vpc())
                        .put("state", network.state().name())
                        .put("reason", network.reason())
                        .put("createdAt", ApiJson.time(network.createdAt()));
        network.captured()
                .ifPresent(captured -> json.set("captured", NetworkDocuments.json(captured)));
        network.stack().ifPresent(name -> json.put("stack", name));
        network.recovery()
                .ifPresent(recovery ->
                        json.putObject("recovery")
                                .put("job", recovery.job())
                                .put("askedAt", ApiJson.time(recovery.askedAt()))
                                .put("result", recovery.result().name()));
        return json;
    }

    private static ObjectNode stack(NetworkStack stack) {
        var json = ApiJson.object().put("name", stack.name()).put("network", stack.network());
        stack.origin().ifPresent(origin -> json.put("sourceNetwork", origin));
        json.put("createdAt", ApiJson.time(stack.createdAt()))
                .put("updatedAt", ApiJson.time(stack.updatedAt()));
        json.set("description", NetworkDocuments.json(stack.description()));
        return json;
    }
}
