package holdfast.aws.protocol;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A request as it came.
///
/// @param rawPath as on the request line, nothing decoded
/// @param rawQuery the same; empty if there is none
/// @param headers by name in lower case, values in the order they came
/// @param body all of it
public record AwsRequest(
        String method,
        String rawPath,
        String rawQuery,
        Map<String, List<String>> headers,
        byte[] body) {
    /// @param name in lower case
    public Optional<String> header(String name) {
        return headers.getOrDefault(name, List.of()).stream().findFirst();
    }

    /// Whether it is signed as AWS clients sign, well or not: no other call of the port looks so.
    public boolean signed() {
        return header("authorization").orElse("").startsWith(SignatureParts.ALGORITHM)
                || rawQuery.contains("X-Amz-Algorithm=" + SignatureParts.ALGORITHM);
    }
}
