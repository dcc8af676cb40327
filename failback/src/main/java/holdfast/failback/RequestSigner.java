package holdfast.failback;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Signs requests as AWS clients do (AWS General Reference, "Signature Version 4 signing process"),
/// for a service of our own, so that the secret is never sent. For paths without escapes and
/// queries.
///
/// @param region any: an installation answers to all
record RequestSigner(Credentials credentials, String region) {
    private static final String SERVICE = "holdfast";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    /// The headers to be added to a request.
    ///
    /// @param host as the header of that name will have it
    Map<String, String> sign(String method, String host, String path, byte[] body, Instant now) {
        var time = TIME.format(now);
        var date = time.substring(0, 8);
        var signed = new TreeMap<String, String>();
        signed.put("host", host);
        signed.put("x-amz-date", time);
        credentials.sessionToken().ifPresent(token -> signed.put("x-amz-security-token", token));
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
                        hex(sha256(body)));
        var scope = String.join("/", date, region, SERVICE, "aws4_request");
        var toSign =
                String.join("\n", "AWS4-HMAC-SHA256", time, scope, hex(sha256(utf8(canonical))));
        var key = hmac(utf8("AWS4" + credentials.secretAccessKey()), date);
        for (var part : new String[] {region, SERVICE, "aws4_request"}) {
            key = hmac(key, part);
        }
        var headers = new TreeMap<>(signed);
        headers.remove("host"); // the HTTP client sets it
        headers.put(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential="
                        + credentials.accessKeyId()
                        + "/"
                        + scope
                        + ", SignedHeaders="
                        + names
                        + ", Signature="
                        + hex(hmac(key, toSign)));
        return headers;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(utf8(text));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}
