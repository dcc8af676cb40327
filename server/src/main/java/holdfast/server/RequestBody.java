package holdfast.server;

import io.helidon.webserver.http.ServerRequest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The JSON object of a request, read with limits and asked for with types. What is missing, of
/// another type or unknown is told by name.
record RequestBody(JsonNode json) {
    /// The largest request is a recovery of a hundred servers.
    static final int BYTES_MAX = 64 << 10;

    private static final int NESTING_MAX = 16;

    /// Members that are nothing for a log.
    private static final Set<String> SECRET = Set.of("token", "csr");

    private static final int TOLD_LENGTH_MAX = 200;

    private static final JsonMapper JSON =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(NESTING_MAX)
                                                    .build())
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    /// @param members that the object may have
    /// @throws ApiException if the body is too large or not such an object
    static RequestBody read(ServerRequest request, Set<String> members) {
        return read(request, bytes(request), members);
    }

    /// As [#read], of a call that needs no body.
    static RequestBody readOptional(ServerRequest request, Set<String> members) {
        var bytes = bytes(request);
        return bytes.length == 0
                ? new RequestBody(JSON.createObjectNode())
                : read(request, bytes, members);
    }

    private static byte[] bytes(ServerRequest request) {
        return request.context()
                .get(AwsFilter.LetIn.class)
                .map(AwsFilter.LetIn::body)
                .orElseGet(() -> Body.read(request.content(), BYTES_MAX));
    }

    private static RequestBody read(ServerRequest request, byte[] bytes, Set<String> members) {
        if (bytes.length > BYTES_MAX) {
            throw new ApiException(
                    413, "body-too-large", "the body exceeds " + BYTES_MAX + " bytes");
        }
        var body = parse(bytes, members);
        tell(request, body.json());
        return body;
    }

    /// @throws ApiException if the bytes are not such an object
    static RequestBody parse(byte[] bytes, Set<String> members) {
        JsonNode json;
        try {
            json = JSON.readTree(bytes);
        } catch (JacksonException e) {
            throw malformed("the body is not JSON: " + e.getOriginalMessage());
        }
        if (!json.isObject()) {
            throw malformed("the body is not a JSON object");
        }
        for (var name : json.propertyNames()) {
            if (!members.contains(name)) {
                throw malformed(
                        String.format(
                                Locale.ROOT,
                                "the body has an unknown member: %s; it may have: %s",
                                name,
                                String.join(", ", members.stream().sorted().toList())));
            }
        }
        return new RequestBody(json);
    }

    /// For the audit log: what is short and no secret.
    private static void tell(ServerRequest request, JsonNode json) {
        var told = new HashMap<String, String>();
        for (var member : json.properties()) {
            var value =
                    member.getValue().isValueNode()
                            ? member.getValue().asString()
                            : member.getValue().toString();
            if (!SECRET.contains(member.getKey())) {
                told.put(
                        member.getKey(),
                        value.length() > TOLD_LENGTH_MAX
                                ? value.substring(0, TOLD_LENGTH_MAX) + "…"
                                : value);
            }
        }
        request.context().register(new ApiAudit.Told(told));
    }

    String text(String member) {
        return optionalText(member)
                .orElseThrow(() -> malformed("the body lacks \"" + member + "\", a string"));
    }

    Optional<String> optionalText(String member) {
        var value = json.get(member);
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isString()) {
            throw malformed("\"" + member + "\" is not a string");
        }
        return Optional.of(value.asString());
    }

    List<String> texts(String member) {
        var value = json.get(member);
        if (value == null || !value.isArray()) {
            throw malformed("the body lacks \"" + member + "\", an array of strings");
        }
        var texts = new ArrayList<String>();
        for (var element : value) {
            if (!element.isString()) {
                throw malformed("\"" + member + "\" is not an array of strings");
            }
            texts.add(element.asString());
        }
        return texts;
    }

    /// False where it is missing.
    boolean flag(String member) {
        var value = json.get(member);
        if (value == null || value.isNull()) {
            return false;
        }
        if (!value.isBoolean()) {
            throw malformed("\"" + member + "\" is neither true nor false");
        }
        return value.asBoolean();
    }

    boolean requiredFlag(String member) {
        if (!json.hasNonNull(member)) {
            throw malformed("the body lacks \"" + member + "\", true or false");
        }
        return flag(member);
    }

    long number(String member, long min, long max) {
        var value = json.get(member);
        if (value == null
                || !value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.asLong() < min
                || value.asLong() > max) {
            throw malformed(
                    String.format(
                            Locale.ROOT,
                            "\"%s\" is not a whole number from %d to %d",
                            member,
                            min,
                            max));
        }
        return value.asLong();
    }

    static Instant instant(String name, String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException _) {
            throw new ApiException(
                    400,
                    "malformed-time",
                    String.format(
                            Locale.ROOT,
                            "%s is not a time in ISO 8601 and UTC, such as 2026-11-21T14:29:59.000Z: %s",
                            name,
                            text));
        }
    }

    static ApiException malformed(String message) {
        return new ApiException(400, "malformed-request", message);
    }
}
