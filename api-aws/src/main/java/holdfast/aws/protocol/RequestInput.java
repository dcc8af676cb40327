package holdfast.aws.protocol;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an operation reads its input from: body, path, query and headers. One thread's.
public final class RequestInput {
    private final AwsRequest request;
    private final Map<String, String> labels;
    private final Map<String, List<String>> query;
    private final Violations violations;
    private @Nullable JsonInput json;

    /// @param labels of the path, decoded
    RequestInput(AwsRequest request, Map<String, String> labels, Violations violations) {
        this.request = request;
        this.labels = labels;
        this.query = PercentEncoding.query(request.rawQuery());
        this.violations = violations;
    }

    public boolean hasBody() {
        return request.body().length > 0;
    }

    public JsonInput json() {
        json = new JsonInput(request.body(), violations);
        return json;
    }

    /// @throws ProtocolException if something follows what was read
    void end() {
        if (json != null) {
            json.end();
        }
    }

    public @Nullable String label(String name) {
        return labels.get(name);
    }

    public @Nullable String query(String name) {
        var values = query.get(name);
        return values == null ? null : values.getFirst();
    }

    public @Nullable List<String> queries(String name) {
        return query.get(name);
    }

    public @Nullable String header(String name) {
        return request.header(name).orElse(null);
    }

    public static @Nullable Integer integer(@Nullable String text) {
        try {
            return text == null ? null : Integer.valueOf(text);
        } catch (NumberFormatException _) {
            throw ProtocolException.malformed("not an integer: " + text);
        }
    }

    public static @Nullable Long longInteger(@Nullable String text) {
        try {
            return text == null ? null : Long.valueOf(text);
        } catch (NumberFormatException _) {
            throw ProtocolException.malformed("not an integer: " + text);
        }
    }

    public static @Nullable Boolean bool(@Nullable String text) {
        return switch (text) {
            case null -> null;
            case "true" -> true;
            case "false" -> false;
            case String other ->
                    throw ProtocolException.malformed("neither true nor false: " + other);
        };
    }
}
