package holdfast.agent;

import holdfast.base.SignatureV4;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The headers that make a POST one that an access key signed (Signature Version 4).
final class SignedHeaders {
    private static final String SERVICE = "drs";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private SignedHeaders() {}

    /// All but `host`, which the client sends by itself.
    ///
    /// @param target with a path of letters and slashes, and no query
    static Map<String, String> of(
            Admission.AccessKey key, URI target, String body, Instant instant) {
        var time = TIME.format(instant);
        var headers = new TreeMap<String, String>();
        headers.put("content-type", "application/json");
        headers.put("host", host(target));
        headers.put("x-amz-date", time);
        key.sessionToken().ifPresent(token -> headers.put("x-amz-security-token", token));
        var signed = String.join(";", headers.keySet());
        var canonical =
                String.join(
                        "\n",
                        "POST",
                        target.getRawPath(),
                        "",
                        headers.entrySet().stream()
                                .map(header -> header.getKey() + ":" + header.getValue() + "\n")
                                .collect(Collectors.joining()),
                        signed,
                        SignatureV4.sha256(body.getBytes(StandardCharsets.UTF_8)));
        var arithmetic = new SignatureV4(time.substring(0, 8), key.region(), SERVICE);
        headers.put(
                "authorization",
                String.format(
                        Locale.ROOT,
                        "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                        SignatureV4.ALGORITHM,
                        key.id(),
                        arithmetic.scope(),
                        signed,
                        arithmetic.of(key.secret(), time, canonical)));
        headers.remove("host");
        return headers;
    }

    private static String host(URI target) {
        return target.getPort() < 0 ? target.getHost() : target.getHost() + ":" + target.getPort();
    }
}
