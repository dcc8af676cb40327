package holdfast.failback;

import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Settings on their way to the process of a client, as one JSON object. Holds secrets: it is for
/// pipes, not for files.
final class SettingsText {
    private SettingsText() {}

    static String of(FailbackSettings settings) {
        var json = JsonNodeFactory.instance.objectNode();
        json.put("state", settings.state().toAbsolutePath().toString());
        put(json, "endpoint", settings.endpoint());
        json.put("defaultEndpoint", settings.defaultEndpoint());
        put(json, "authority", settings.authority().map(file -> file.toAbsolutePath() + ""));
        put(json, "accessKeyId", settings.accessKeyId());
        put(json, "secretAccessKey", settings.secretAccessKey());
        put(json, "sessionToken", settings.sessionToken());
        put(json, "region", settings.region());
        put(json, "instance", settings.instance());
        put(json, "mapping", settings.mapping());
        json.put("format", settings.format().text());
        json.put("dryRun", settings.dryRun());
        return json.toString();
    }

    /// Of a client that has nobody to ask.
    ///
    /// @throws IllegalArgumentException if the text is none of ours
    static FailbackSettings parse(String text) {
        try {
            var json = JsonMapper.shared().readTree(text);
            return new FailbackSettings(
                    Path.of(json.required("state").asString()),
                    get(json, "endpoint"),
                    json.required("defaultEndpoint").asString(),
                    get(json, "authority").map(Path::of),
                    get(json, "accessKeyId"),
                    get(json, "secretAccessKey"),
                    get(json, "sessionToken"),
                    get(json, "region"),
                    get(json, "instance"),
                    get(json, "mapping"),
                    ValueFormat.of(json.required("format").asString()),
                    false,
                    json.required("dryRun").asBoolean());
        } catch (JacksonException e) {
            // not as the cause, since it would quote what it read
            throw new IllegalArgumentException("no settings of a failback client");
        }
    }

    private static void put(ObjectNode json, String name, Optional<String> value) {
        value.ifPresent(text -> json.put(name, text));
    }

    private static Optional<String> get(JsonNode json, String name) {
        return json.has(name) ? Optional.of(json.path(name).asString()) : Optional.empty();
    }
}
