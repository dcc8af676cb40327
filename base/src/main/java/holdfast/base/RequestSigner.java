package holdfast.base;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Signs requests with an access key as AWS clients do ([SignatureV4]), so that the secret is never
/// sent. For paths without escapes and without queries.
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
    /// @param host as the header of that name will have it
    /// @param headers to be signed and sent besides; names in lower case
    public Map<String, String> sign(
            String method,
            String host,
            String path,
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
                        path,
                        "",
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

    @Override
    public String toString() {
        return "RequestSigner[" + accessKey + "]"; // not the secret
    }
}
