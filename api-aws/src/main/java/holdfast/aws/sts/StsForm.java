package holdfast.aws.sts;

import holdfast.aws.protocol.AwsRequest;
import holdfast.aws.protocol.ProtocolException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// The parameters of a request in the Query protocol: a form in the body, or else the query.
record StsForm(Map<String, String> values) {
    private static final Set<String> COMMON = Set.of("Action", "Version");

    /// @throws ProtocolException if it is no form
    static StsForm of(AwsRequest request) {
        var body = new String(request.body(), StandardCharsets.UTF_8);
        var values = new HashMap<String, String>();
        for (var part : (body.isEmpty() ? request.rawQuery() : body).split("&", -1)) {
            var equals = part.indexOf('=');
            if (equals > 0) {
                var name = decoded(part.substring(0, equals));
                // of the signature, where that is in the query
                if (!name.startsWith("X-Amz-")
                        && values.put(name, decoded(part.substring(equals + 1))) != null) {
                    throw invalid(name + " is given twice");
                }
            }
        }
        return new StsForm(values);
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException _) {
            throw invalid("malformed percent-encoding");
        }
    }

    String action() {
        return values.getOrDefault("Action", "");
    }

    /// What would be ignored is refused: a policy that does not restrict would be worse than none.
    void allow(String... names) {
        for (var name : values.keySet()) {
            if (!COMMON.contains(name) && !Set.of(names).contains(name)) {
                throw invalid(name + " is not available in " + action() + " here: leave it out");
            }
        }
    }

    String required(String name, Pattern form) {
        var value = Optional.ofNullable(values.get(name)).orElse("");
        if (!form.matcher(value).matches()) {
            throw invalid(
                    value.isEmpty()
                            ? name + " is missing"
                            : name + " must match " + form.pattern());
        }
        return value;
    }

    /// `DurationSeconds`.
    Duration duration(int usual, int min, int max) {
        var text = values.getOrDefault("DurationSeconds", Integer.toString(usual));
        var seconds = text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : -1;
        if (seconds < min || seconds > max) {
            throw invalid(
                    String.format(Locale.ROOT, "DurationSeconds must be from %d to %d", min, max));
        }
        return Duration.ofSeconds(seconds);
    }

    static ProtocolException invalid(String message) {
        return new ProtocolException("ValidationError", 400, message);
    }
}
