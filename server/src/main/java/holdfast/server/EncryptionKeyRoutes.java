package holdfast.server;

import holdfast.control.Controller;
import holdfast.control.EncryptionKey;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// `/encryption-keys`, and which of them a server has.
final class EncryptionKeyRoutes implements HttpService {
    /// An installation answers to every Region's name; an ARN has to have one.
    private static final String REGION = "us-east-1";

    private static final Pattern REGION_FORM = Pattern.compile("[a-z0-9-]{1,64}");

    private static final Pattern NAMED =
            Pattern.compile(
                    "(?:arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})");

    private final Controller controller;

    EncryptionKeyRoutes(Controller controller) {
        this.controller = controller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/encryption-keys", this::list)
                .post("/encryption-keys", this::create)
                .delete("/encryption-keys/{id}", this::delete)
                .put("/servers/{id}/encryption-key", this::assign)
                .delete("/servers/{id}/encryption-key", this::unassign);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        var region = region(Api.parameter(request, "region"));
        var keys = controller.encryptionKeys().list();
        Api.send(response, 200, ApiJson.list("encryptionKeys", keys, key -> shown(region, key)));
    }

    private void create(ServerRequest request, ServerResponse response) throws IOException {
        var body = RequestBody.readOptional(request, Set.of("name", "region"));
        var region = region(body.optionalText("region"));
        var made = controller.encryptionKeys().create(body.optionalText("name").orElse(""));
        Api.send(response, 201, shown(region, made));
    }

    private static String region(Optional<String> given) {
        if (given.isPresent() && !REGION_FORM.matcher(given.get()).matches()) {
            throw RequestBody.malformed("not the name of a Region: " + given.get());
        }
        return given.orElse(REGION);
    }

    private void delete(ServerRequest request, ServerResponse response) throws IOException {
        controller.encryptionKeys().delete(named(Api.id(request)));
        response.status(204).send();
    }

    private void assign(ServerRequest request, ServerResponse response) throws IOException {
        var key = named(RequestBody.read(request, Set.of("key")).text("key"));
        configure(Api.id(request), Optional.of(key));
        response.status(204).send();
    }

    private void unassign(ServerRequest request, ServerResponse response) throws IOException {
        configure(Api.id(request), Optional.empty());
        response.status(204).send();
    }

    private void configure(String server, Optional<UUID> key) throws IOException {
        controller.orders().configure(server, before -> before.encryptedBy(key));
    }

    /// @param text an id or an ARN
    private static UUID named(String text) {
        var parts = NAMED.matcher(text);
        if (!parts.matches()) {
            throw RequestBody.malformed(
                    String.format(
                            Locale.ROOT,
                            "not the id or ARN of an encryption key, such as 0b6f1a2c-… or arn:aws:kms:eu-central-1:123456789012:key/0b6f1a2c-…: %s",
                            text));
        }
        return UUID.fromString(parts.group(1));
    }

    private static ObjectNode shown(String region, EncryptionKey.View view) {
        var key = view.key();
        var json =
                ApiJson.object()
                        .put("id", key.id().toString())
                        .put(
                                "arn",
                                "arn:aws:kms:" + region + ":" + view.account() + ":key/" + key.id())
                        .put("name", key.name())
                        .put("createdAt", ApiJson.time(key.createdAt()))
                        .put("file", view.file())
                        .put("usable", view.fault().isEmpty());
        view.fault().ifPresent(fault -> json.put("fault", fault));
        view.servers().forEach(json.putArray("servers")::add);
        view.templates().forEach(json.putArray("templates")::add);
        return json;
    }
}
