package holdfast.base;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Signs requests with an access key as AWS clients do ([SignatureV4]), so that the secret is never
/// sent.
///
/// @param sessionToken of session credentials
/// @param region any: an installation answers to all
/// @param service that is signed for, such as `drs`
public record RequestSigner(
        String accessKey,
        String secret,
        Optional<String> sessionToken,
        String region,
        String service) {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    /// All headers that are to be sent, but for `host`, which HTTP clients send by themselves.
    ///
    /// @param target path and query as on the request line
    /// @param host as the header of that name will have it
    /// @param headers to be signed and sent besides; names in lower case
    public Map<String, String> sign(
            String method,
            String host,
            String target,
            Map<String, String> headers,
            byte[] body,
            Instant now) {
        var time = TIME.format(now);
        var signed = new TreeMap<>(headers);
        signed.put("host", host);
        signed.put("x-amz-date", time);
        sessionToken.ifPresent(token -> signed.put("x-amz-security-token", token));
        var names = String.join(";", signed.keySet());
        var canonical =
                String.join(
                        "\n",
                        method,
                        path(target),
                        query(target),
                        signed.entrySet().stream()
                                .map(header -> header.getKey() + ":" + header.getValue() + "\n")
                                .collect(Collectors.joining()),
                        names,
                        SignatureV4.sha256(body));
        var arithmetic = new SignatureV4(time.substring(0, 8), region, service);
        var sent = new TreeMap<>(signed);
        sent.remove("host");
        sent.put(
                "authorization",
                String.format(
                        Locale.ROOT,
                        "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                        SignatureV4.ALGORITHM,
                        accessKey,
                        arithmetic.scope(),
                        names,
                        arithmetic.of(secret, time, canonical)));
        return sent;
    }

    /// Encoded once more than it is sent.
    private static String path(String target) {
        var path = target.substring(0, queryAt(target));
        return Arrays.stream(path.split("/", -1))
                .map(RequestSigner::encode)
                .collect(Collectors.joining("/"));
    }

    private static int queryAt(String target) {
        var at = target.indexOf('?');
        return at < 0 ? target.length() : at;
    }

    private static String query(String target) {
        var at = queryAt(target);
        if (at >= target.length() - 1) {
            return "";
        }
        return Arrays.stream(target.substring(at + 1).split("&"))
                .filter(part -> !part.isEmpty())
                .map(part -> {
                    var equals = part.indexOf('=');
                    var name = equals < 0 ? part : part.substring(0, equals);
                    var value = equals < 0 ? "" : part.substring(equals + 1);
                    return encode(decode(name)) + "=" + encode(decode(value));
                })
                .sorted(Comparator.comparing(part -> part.replace('=', '\0'))) // names first
                .collect(Collectors.joining("&"));
    }

    private static String decode(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("*", "%2A")
                .replace("%7E", "~");
    }

    @Override
    public String toString() {
        return "RequestSigner[" + accessKey + "]"; // not the secret
    }
}
