package holdfast.aws.protocol;

import holdfast.hostile.HostileInput;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;

/// Signatures and bodies of requests, before anybody knows who sent them.
class HostileRequestTest {
    private static final String AUTHORIZATION =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261101/eu-west-1/drs/aws4_request,"
                    + " SignedHeaders=host;x-amz-date,"
                    + " Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    private static final String QUERY =
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20261101%2Feu%2Fdrs"
                    + "%2Faws4_request&X-Amz-Date=20261101T000000Z&X-Amz-Expires=60"
                    + "&X-Amz-SignedHeaders=host&X-Amz-Signature=5d67";

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void signaturesInHeaders() throws Exception {
        new HostileInput(List.of(bytes(AUTHORIZATION)), 1 << 20, ProtocolException.class)
                .feed(input ->
                        parse(
                                "",
                                Map.of(
                                        "authorization",
                                        List.of(text(input)),
                                        "x-amz-date",
                                        List.of("20261101T000000Z"))));
    }

    @Test
    void dates() throws Exception {
        new HostileInput(List.of(bytes("20261101T000000Z")), 1 << 20, ProtocolException.class)
                .feed(input ->
                        parse(
                                "",
                                Map.of(
                                        "authorization",
                                        List.of(AUTHORIZATION),
                                        "x-amz-date",
                                        List.of(text(input)))));
    }

    @Test
    void signaturesInQueries() throws Exception {
        new HostileInput(List.of(bytes(QUERY)), 1 << 20, ProtocolException.class)
                .feed(input -> parse(text(input), Map.of()));
    }

    private static void parse(String query, Map<String, List<String>> headers) {
        var request = new AwsRequest("GET", "/", query, headers, new byte[0]);
        var parts = SignatureParts.of(request);
        parts.instant();
    }

    @Test
    void bodies() throws Exception {
        var body =
                "{\"filters\":{\"sourceServerIDs\":[\"s-1\",\"s-2\"]},\"maxResults\":10,"
                        + "\"nextToken\":null,\"tags\":{\"a\":\"b\"},\"at\":1.5e9}";
        new HostileInput(
                        List.of(bytes(body)),
                        1 << 20,
                        ProtocolException.class,
                        JacksonException.class)
                .feed(input -> {
                    var in = new JsonInput(input, new Violations());
                    in.beginObject();
                    for (var name = in.nextField(); name != null; name = in.nextField()) {
                        switch (name) {
                            case "maxResults" -> in.value(JsonInput::integer);
                            case "nextToken" -> in.value(JsonInput::string);
                            case "at" -> in.value(JsonInput::doubleFloat);
                            default -> in.skip();
                        }
                    }
                });
    }
}
