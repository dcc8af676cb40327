package holdfast.aws.protocol;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.stream.Collectors;

/// The form of a request that both sides sign. Paths are encoded once more than they came, as every
/// service but S3 has it.
final class CanonicalRequest {
    private record Parameter(String name, String value) {}

    private CanonicalRequest() {}

    static String text(AwsRequest request, SignatureParts parts, String bodyHash) {
        return String.join(
                "\n",
                request.method(),
                path(request.rawPath()),
                query(request.rawQuery(), parts.validFor().isPresent()),
                headers(request, parts),
                String.join(";", parts.signedHeaders()),
                bodyHash);
    }

    static String path(String raw) {
        var segments = new ArrayDeque<String>();
        for (var segment : raw.split("/", -1)) {
            if (segment.equals("..")) {
                segments.pollLast();
            } else if (!segment.isEmpty() && !segment.equals(".")) {
                segments.addLast(PercentEncoding.encode(segment));
            }
        }
        var path = "/" + String.join("/", segments);
        return raw.endsWith("/") && path.length() > 1 ? path + "/" : path;
    }

    static String query(String raw, boolean presigned) {
        var parameters = new ArrayList<Parameter>();
        PercentEncoding.query(raw)
                .forEach((name, values) -> {
                    if (!(presigned && name.equals("X-Amz-Signature"))) {
                        for (var value : values) {
                            parameters.add(
                                    new Parameter(
                                            PercentEncoding.encode(name),
                                            PercentEncoding.encode(value)));
                        }
                    }
                });
        parameters.sort(Comparator.comparing(Parameter::name).thenComparing(Parameter::value));
        return parameters.stream()
                .map(parameter -> parameter.name() + "=" + parameter.value())
                .collect(Collectors.joining("&"));
    }

    /// Each with a line feed of its own, so that an empty line follows the last.
    private static String headers(AwsRequest request, SignatureParts parts) {
        var text = new StringBuilder();
        for (var name : parts.signedHeaders()) {
            var values = request.headers().get(name);
            if (values == null) {
                throw new ProtocolException(
                        "InvalidSignatureException",
                        403,
                        "the signed header " + name + " is missing");
            }
            text.append(name)
                    .append(':')
                    .append(
                            values.stream()
                                    .map(value -> value.strip().replaceAll(" +", " "))
                                    .collect(Collectors.joining(",")))
                    .append('\n');
        }
        return text.toString();
    }
}
