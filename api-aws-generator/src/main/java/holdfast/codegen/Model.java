package holdfast.codegen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A service model in AWS's form ("C2J"), asked by shape. Protocol: REST with JSON.
record Model(JsonNode json, Set<String> inputs) {
    private static final Set<String> RESERVED =
            Set.of(
                    "default",
                    "package",
                    "enum",
                    "public",
                    "class",
                    "new",
                    "switch",
                    "case",
                    "import",
                    "hashCode",
                    "toString",
                    "clone",
                    "finalize",
                    "getClass",
                    "notify",
                    "wait",
                    "builder");

    /// A member of a structure.
    ///
    /// @param name in the model
    /// @param variable in Java
    /// @param wire name in JSON, path, query or header
    /// @param location `uri`, `querystring` or `header`; null for the body
    record Member(
            String name,
            String variable,
            String wire,
            String shape,
            JsonNode reference,
            @Nullable String location,
            boolean required) {}

    /// @param supplements with further operations and shapes, in the same form; shapes of the model
    ///   may be referred to, but none is replaced. Under `members`, those that structures of the
    ///   model have besides
    static Model read(String resource, List<Path> supplements) throws IOException {
        try (var in = Model.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IOException("no model " + resource + " on the class path");
            }
            var json = (ObjectNode) JsonMapper.shared().readTree(in);
            var protocol = json.path("metadata").path("protocol").asString();
            if (!protocol.equals("rest-json")) {
                throw new IOException(resource + " is for another protocol: " + protocol);
            }
            for (var supplement : supplements) {
                add(json, supplement);
            }
            var model = new Model(json, new HashSet<>());
            for (var operation : model.operations().values()) {
                model.reach(operation.path("input").path("shape").asString());
            }
            return model;
        }
    }

    private static void add(ObjectNode json, Path supplement) throws IOException {
        var more = JsonMapper.shared().readTree(Files.readString(supplement));
        for (var part : List.of("operations", "shapes")) {
            var known = (ObjectNode) json.path(part);
            for (var entry : more.path(part).properties()) {
                if (known.has(entry.getKey())) {
                    throw new IOException(
                            supplement
                                    + ": the model has "
                                    + entry.getKey()
                                    + " itself by now: take it out here");
                }
                known.set(entry.getKey(), entry.getValue());
            }
        }
        for (var structure : more.path("members").properties()) {
            var path = "/shapes/" + structure.getKey() + "/members";
            if (!(json.at(path) instanceof ObjectNode known)) {
                throw new IOException(
                        supplement + ": the model has no structure " + structure.getKey());
            }
            for (var member : structure.getValue().properties()) {
                if (known.has(member.getKey())) {
                    throw new IOException(
                            supplement
                                    + ": the model has "
                                    + structure.getKey()
                                    + "."
                                    + member.getKey()
                                    + " itself by now: take it out here");
                }
                known.set(member.getKey(), member.getValue());
            }
        }
    }

    private void reach(String name) {
        if (!inputs.add(name)) {
            return;
        }
        shape(name).path("members").forEach(member -> reach(member.path("shape").asString()));
        for (var part : List.of("member", "key", "value")) {
            if (shape(name).has(part)) {
                reach(part(name, part));
            }
        }
    }

    String signingName() {
        var metadata = json.path("metadata");
        return metadata.path("signingName").asString(metadata.path("endpointPrefix").asString());
    }

    Map<String, JsonNode> operations() {
        return entries(json.path("operations"));
    }

    Map<String, JsonNode> shapes() {
        return entries(json.path("shapes"));
    }

    private static Map<String, JsonNode> entries(JsonNode object) {
        var entries = new java.util.TreeMap<String, JsonNode>();
        object.properties().forEach(entry -> entries.put(entry.getKey(), entry.getValue()));
        return entries;
    }

    JsonNode shape(String name) {
        var shape = json.path("shapes").path(name);
        if (shape.isMissingNode()) {
            throw new IllegalArgumentException("the model lacks the shape " + name);
        }
        return shape;
    }

    String type(String name) {
        return shape(name).path("type").asString();
    }

    boolean isEnum(String name) {
        return shape(name).has("enum");
    }

    boolean is(String name, String trait) {
        return shape(name).path(trait).asBoolean(false);
    }

    /// @param part `member` of a list, `key` or `value` of a map
    String part(String name, String part) {
        return shape(name).path(part).path("shape").asString();
    }

    List<Member> members(String name) {
        var shape = shape(name);
        var required = new HashSet<String>();
        shape.path("required").forEach(member -> required.add(member.asString()));
        return shape.path("members").properties().stream()
                .map(entry -> member(entry, required.contains(entry.getKey())))
                .toList();
    }

    private static Member member(Map.Entry<String, JsonNode> entry, boolean required) {
        var name = entry.getKey();
        var reference = entry.getValue();
        return new Member(
                name,
                variable(name),
                reference.path("locationName").asString(name),
                reference.path("shape").asString(),
                reference,
                reference.has("location") ? reference.path("location").asString() : null,
                required);
    }

    /// `sourceServerID` stays, `ARNs` becomes `arns`, `S3Url` becomes `s3Url`.
    static String variable(String name) {
        var capitals = 0;
        while (capitals < name.length() && Character.isUpperCase(name.charAt(capitals))) {
            capitals++;
        }
        String variable;
        if (capitals <= 1) {
            variable = name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
        } else if (capitals == name.length()) {
            variable = name.toLowerCase(Locale.ROOT);
        } else {
            variable =
                    name.substring(0, capitals - 1).toLowerCase(Locale.ROOT)
                            + name.substring(capitals - 1);
        }
        return RESERVED.contains(variable) ? variable + "_" : variable;
    }

    /// Whether anything within the shape can be violated.
    boolean constrained(String name) {
        return constrained(name, new HashSet<>());
    }

    private boolean constrained(String name, Set<String> seen) {
        if (!seen.add(name)) {
            return false;
        }
        var shape = shape(name);
        if (shape.has("min") || shape.has("max") || shape.has("pattern")) {
            return true;
        }
        if (!shape.path("required").isEmpty()) {
            return true;
        }
        for (var member : shape.path("members")) {
            if (constrained(member.path("shape").asString(), seen)) {
                return true;
            }
        }
        for (var part : List.of("member", "key", "value")) {
            if (shape.has(part) && constrained(part(name, part), seen)) {
                return true;
            }
        }
        return false;
    }
}
