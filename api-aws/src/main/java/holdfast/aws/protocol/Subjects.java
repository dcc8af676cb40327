package holdfast.aws.protocol;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.Pattern;

/// What a request is about, for the audit log: the ids and ARNs in its path, query and body.
/// Whatever else a body holds may be nobody's business.
final class Subjects {
    private static final int COUNT_MAX = 20;

    private static final Pattern ID =
            Pattern.compile(
                    "\\b[a-z]{1,8}-[0-9a-f]{17}\\b|arn:aws:[a-z]{1,16}:[a-z0-9-]{0,32}:[0-9]{12}:[A-Za-z0-9/_.-]{1,128}");

    private Subjects() {}

    /// The first twenty.
    static List<String> of(AwsRequest request) {
        var text =
                String.join(
                        " ",
                        PercentEncoding.lenient(request.rawPath()),
                        PercentEncoding.lenient(request.rawQuery()),
                        new String(request.body(), StandardCharsets.UTF_8));
        var found = new LinkedHashSet<String>();
        var matcher = ID.matcher(text);
        while (found.size() < COUNT_MAX && matcher.find()) {
            found.add(matcher.group());
        }
        return List.copyOf(found);
    }
}
