package holdfast.aws.drs;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Requests made from AWS's model of the service, read here apart from the generator: for each
/// operation one that keeps every constraint, and from it, for each constraint, one that violates
/// just that.
final class ModelRequests {
    private static final JsonMapper JSON = JsonMapper.shared();

    /// Something for each pattern of the model; a new pattern needs a new example.
    private static final List<String> EXAMPLES =
            List.of(
                    "s-0123456789abcdef0",
                    "lct-0123456789abcdef0",
                    "rct-0123456789abcdef0",
                    "sn-0123456789abcdef0",
                    "pit-0123456789abcdef0",
                    "drsjob-0123456789abcdef0",
                    "i-0123456789abcdef0",
                    "sg-0123456789abcdef0",
                    "subnet-0123456789abcdef0",
                    "vpc-0123456789abcdef",
                    "arn:aws:drs:eu-central-1:123456789012:source-server/s-0123456789abcdef0",
                    "123456789012",
                    "eu-central-1",
                    "2026-11-01T12:00:00Z",
                    "01234567-89ab-cdef-0123-456789abcdef",
                    "$LATEST",
                    "name");

    /// None of them matches more than a pattern that lets everything through.
    private static final List<String> STRANGE =
            List.of("§§§§§§§§§§§§", "\u00e9", "-", "~".repeat(22));

    /// A request that violates one constraint.
    ///
    /// @param constraint in words
    /// @param member that has to be named
    record Violating(String operation, String constraint, String member, Body request) {
        @Override
        public String toString() {
            return operation + " " + member + " " + constraint;
        }
    }

    /// @param body members by their names, those of the path and the query, too
    record Body(JsonNode operation, ObjectNode body) {}

    private final JsonNode model;
    private final List<Violating> found = new ArrayList<>();

    private ModelRequests(JsonNode model) {
        this.model = model;
    }

    static ModelRequests read() throws IOException {
        try (InputStream in =
                ClassLoader.getSystemResourceAsStream("models/drs-2020-02-26-model.json")) {
            return new ModelRequests(JSON.readTree(in));
        }
    }

    /// By the names of their operations.
    Map<String, Body> valid() {
        var requests = new TreeMap<String, Body>();
        for (var entry : model.required("operations").properties()) {
            var input = entry.getValue().path("input").path("shape").asString("");
            var body =
                    input.isEmpty()
                            ? JSON.createObjectNode()
                            : (ObjectNode) example(input, new HashSet<>());
            requests.put(entry.getKey(), new Body(entry.getValue(), body));
        }
        return requests;
    }

    List<Violating> violating() {
        found.clear();
        valid().forEach((name, request) -> {
            var input = request.operation().path("input").path("shape").asString("");
            if (!input.isEmpty()) {
                structure(new Place(name, request, List.of(), ""), input, new HashSet<>());
            }
        });
        return List.copyOf(found);
    }

    /// A member of an operation's input.
    ///
    /// @param location `uri`, `querystring` or, for the body, empty
    record Member(String name, String wire, String location) {}

    List<Member> members(Body request) {
        var input = request.operation().path("input").path("shape").asString("");
        var members = new ArrayList<Member>();
        if (!input.isEmpty()) {
            for (var member : shape(input).path("members").properties()) {
                members.add(
                        new Member(
                                member.getKey(),
                                member.getValue().path("locationName").asString(member.getKey()),
                                member.getValue().path("location").asString("")));
            }
        }
        return members;
    }

    private JsonNode shape(String name) {
        return model.required("shapes").required(name);
    }

    private JsonNode example(String name, Set<String> above) {
        var shape = shape(name);
        return switch (shape.required("type").asString()) {
            case "structure" -> {
                var object = JSON.createObjectNode();
                if (above.add(name)) {
                    for (var member : shape.path("members").properties()) {
                        object.set(
                                member.getKey(),
                                example(member.getValue().required("shape").asString(), above));
                    }
                    above.remove(name);
                }
                yield object;
            }
            case "list" -> {
                var list = JSON.createArrayNode();
                list.add(example(shape.required("member").required("shape").asString(), above));
                yield list;
            }
            case "map" -> {
                var map = JSON.createObjectNode();
                map.set(
                        text(shape.required("key").required("shape").asString()),
                        example(shape.required("value").required("shape").asString(), above));
                yield map;
            }
            case "boolean" -> JSON.getNodeFactory().booleanNode(true);
            case "integer", "long" ->
                    JSON.getNodeFactory().numberNode(Math.max(1, shape.path("min").asLong(1)));
            case "string" -> JSON.getNodeFactory().stringNode(text(name));
            case String other -> throw new IllegalStateException("no example of " + other);
        };
    }

    private String text(String name) {
        var shape = shape(name);
        if (shape.has("enum")) {
            return shape.required("enum").get(0).asString();
        }
        return EXAMPLES.stream()
                .filter(example -> example.length() >= shape.path("min").asInt(0))
                .filter(example -> example.length() <= shape.path("max").asInt(10_000))
                .filter(example -> matches(shape, example))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no example for " + name + shape));
    }

    private static boolean matches(JsonNode shape, String text) {
        return !shape.has("pattern")
                || Pattern.compile(shape.required("pattern").asString()).matcher(text).find();
    }

    /// Where in a request we are.
    ///
    /// @param steps names and indexes that lead there
    /// @param path as an answer names it
    private record Place(String operation, Body request, List<Object> steps, String path) {
        Place in(Object step, String name) {
            var further = new ArrayList<>(steps);
            further.add(step);
            return new Place(
                    operation, request, further, path.isEmpty() ? name : path + "." + name);
        }
    }

    /// Makes a request of the place's with one value changed; null removes it.
    private void violate(Place place, String constraint, JsonNode value) {
        var body = place.request().body().deepCopy();
        JsonNode at = body;
        for (var step : place.steps().subList(0, place.steps().size() - 1)) {
            at = step instanceof Integer index ? at.get(index) : at.get((String) step);
        }
        switch (place.steps().getLast()) {
            case Integer index -> ((ArrayNode) at).set(index, value);
            case String name -> ((ObjectNode) at).set(name, value);
            case Object other -> throw new IllegalStateException(other.toString());
        }
        found.add(
                new Violating(
                        place.operation(),
                        constraint,
                        place.path(),
                        new Body(place.request().operation(), body)));
    }

    private void structure(Place place, String name, Set<String> above) {
        if (!above.add(name)) {
            return;
        }
        var shape = shape(name);
        for (var required : shape.path("required")) {
            var member = required.asString();
            var located = shape.required("members").required(member).path("location");
            if (!located.asString("").equals("uri")) { // without it, it is another operation
                violate(place.in(member, member), "missing", JSON.getNodeFactory().nullNode());
            }
        }
        for (var member : shape.path("members").properties()) {
            value(
                    place.in(member.getKey(), member.getKey()),
                    member.getValue().required("shape").asString(),
                    above);
        }
        above.remove(name);
    }

    private void value(Place place, String name, Set<String> above) {
        var shape = shape(name);
        switch (shape.required("type").asString()) {
            case "structure" -> structure(place, name, above);
            case "list" -> list(place, shape, above);
            case "map" -> map(place, shape, above);
            case "integer", "long" -> number(place, shape);
            case "string" -> string(place, shape);
            default -> {}
        }
    }

    private void list(Place place, JsonNode shape, Set<String> above) {
        var element = shape.required("member").required("shape").asString();
        if (shape.path("min").asInt(0) > 0) {
            violate(place, "too few", JSON.createArrayNode());
        }
        if (shape.has("max")) {
            var many = JSON.createArrayNode();
            for (var i = 0; i <= shape.required("max").asInt(); i++) {
                many.add(example(element, new HashSet<>()));
            }
            violate(place, "too many", many);
        }
        value(place.in(0, "1.member"), element, above);
    }

    private void map(Place place, JsonNode shape, Set<String> above) {
        var key = shape.required("key").required("shape").asString();
        var element = shape.required("value").required("shape").asString();
        if (shape.has("max")) {
            var many = JSON.createObjectNode();
            for (var i = 0; i <= shape.required("max").asInt(); i++) {
                many.set("name" + i, example(element, new HashSet<>()));
            }
            violate(place, "too many", many);
        }
        for (var text : strings(shape(key)).entrySet()) {
            var wrong = JSON.createObjectNode();
            wrong.set(text.getValue(), example(element, new HashSet<>()));
            violate(renamed(place, place.path() + ".key"), "key " + text.getKey(), wrong);
        }
        value(place.in(text(key), text(key) + ".member"), element, above);
    }

    private static Place renamed(Place place, String path) {
        return new Place(place.operation(), place.request(), place.steps(), path);
    }

    private void number(Place place, JsonNode shape) {
        if (shape.has("min")) {
            var below = shape.required("min").asLong() - 1;
            violate(place, "below", JSON.getNodeFactory().numberNode(below));
        }
        if (shape.has("max")) {
            var above = shape.required("max").asLong() + 1;
            violate(place, "above", JSON.getNodeFactory().numberNode(above));
        }
    }

    private void string(Place place, JsonNode shape) {
        strings(shape)
                .forEach((constraint, text) ->
                        violate(place, constraint, JSON.getNodeFactory().stringNode(text)));
    }

    /// Texts that violate one constraint each, by that.
    private static Map<String, String> strings(JsonNode shape) {
        var texts = new TreeMap<String, String>();
        if (shape.has("enum")) {
            texts.put("no such value", "NO_SUCH_VALUE");
            return texts;
        }
        var min = shape.path("min").asInt(0);
        var max = shape.path("max").asInt(Integer.MAX_VALUE);
        if (min > 0) {
            texts.put("too short", "x".repeat(min - 1));
        }
        if (shape.has("max")) {
            texts.put("too long", "x".repeat(max + 1));
        }
        if (shape.has("pattern")) {
            var wrong =
                    STRANGE.stream()
                            .map(strange -> fitted(strange, min, max))
                            .filter(strange -> !matches(shape, strange))
                            .findFirst()
                            .orElseThrow(() -> new IllegalStateException("all fits " + shape));
            texts.put("of another pattern", wrong);
        }
        return texts;
    }

    private static String fitted(String text, int min, int max) {
        var enough = text.length() < min ? text.repeat(min / text.length() + 1) : text;
        return enough.substring(0, Math.min(enough.length(), max));
    }
}
