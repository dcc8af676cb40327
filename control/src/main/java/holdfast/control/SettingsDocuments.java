package holdfast.control;

import holdfast.volume.SnapshotPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Settings that are kept whole in one column, as JSON; see [Documents].
final class SettingsDocuments {
    private static final JsonMapper JSON = JsonMapper.shared();

    private SettingsDocuments() {}

    static String ofReplication(ReplicationSettings settings) {
        var json =
                JSON.createObjectNode()
                        .put("limitBytesPerSecond", settings.limitBytesPerSecond())
                        .put("document", settings.document());
        settings.encryptionKey().ifPresent(key -> json.put("encryptionKey", key.toString()));
        var rules = json.putArray("rules");
        for (var rule : settings.policy().rules()) {
            rules.addObject()
                    .put("everySeconds", rule.every().toSeconds())
                    .put("keptForSeconds", rule.keptFor().toSeconds());
        }
        var types = json.putObject("stagingTypes");
        new TreeMap<>(settings.staging().ofDisks()).forEach(types::put);
        settings.staging().ofLarge().ifPresent(type -> json.put("stagingTypeOfLarge", type));
        return json.toString();
    }

    static ReplicationSettings replication(String text) {
        var json = JSON.readTree(text);
        var rules = new ArrayList<SnapshotPolicy.Rule>();
        for (var rule : json.required("rules")) {
            rules.add(
                    new SnapshotPolicy.Rule(
                            Duration.ofSeconds(rule.required("everySeconds").asLong()),
                            Duration.ofSeconds(rule.required("keptForSeconds").asLong())));
        }
        return new ReplicationSettings(
                json.required("limitBytesPerSecond").asLong(),
                new SnapshotPolicy(rules),
                Optional.ofNullable(json.get("encryptionKey"))
                        .map(key -> UUID.fromString(key.asString())),
                staging(json),
                json.required("document").asString());
    }

    /// Not in version 12.
    private static StagingTypes staging(JsonNode json) {
        var ofDisks = new HashMap<String, String>();
        for (var entry : json.path("stagingTypes").properties()) {
            ofDisks.put(entry.getKey(), entry.getValue().asString());
        }
        return new StagingTypes(
                ofDisks,
                Optional.ofNullable(json.get("stagingTypeOfLarge")).map(type -> type.asString()));
    }

    static String ofLaunch(LaunchSettings settings) {
        var json = JSON.createObjectNode();
        settings.into().ifPresent(instance -> json.put("into", instance));
        return json.put("start", settings.start())
                .put("exactSize", settings.exactSize())
                .put("copyTags", settings.copyTags())
                .put("runActions", settings.runActions())
                .put("copyAddress", settings.copyAddress())
                .put("document", settings.document())
                .toString();
    }

    static LaunchSettings launch(String text) {
        var json = JSON.readTree(text);
        return new LaunchSettings(
                json.required("start").asBoolean(),
                json.required("exactSize").asBoolean(),
                json.required("copyTags").asBoolean(),
                json.required("runActions").asBoolean(),
                json.path("copyAddress").asBoolean(false), // not in version 6
                Optional.ofNullable(json.get("into")).map(instance -> instance.asString()),
                json.required("document").asString());
    }

    static String ofTexts(Map<String, String> texts) {
        var json = JSON.createObjectNode();
        new TreeMap<>(texts).forEach(json::put);
        return json.toString();
    }

    static Map<String, String> texts(String text) {
        var texts = new TreeMap<String, String>();
        for (var entry : JSON.readTree(text).properties()) {
            texts.put(entry.getKey(), entry.getValue().asString());
        }
        return texts;
    }
}
