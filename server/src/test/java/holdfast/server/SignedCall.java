package holdfast.server;

import holdfast.base.SignatureV4;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// A POST as an AWS client signs it, and as it may be tampered with on its way.
///
/// @param sent headers that take the place of signed ones, or are added
record SignedCall(
        Key key,
        String service,
        String path,
        String body,
        Instant time,
        String sentBody,
        String sentQuery,
        Map<String, String> sent) {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    /// @param token of a session
    record Key(String id, String secret, Optional<String> token) {}

    static SignedCall of(Key key, String service, String path, String body) {
        return new SignedCall(key, service, path, body, Instant.now(), body, "", Map.of());
    }

    static SignedCall drs(Key key, String operation, String body) {
        return of(key, "drs", "/" + operation, body);
    }

    static SignedCall sts(Key key, String form) {
        return of(key, "sts", "/", form);
    }

    SignedCall at(Instant other) {
        return new SignedCall(key, service, path, body, other, sentBody, sentQuery, sent);
    }

    SignedCall sendingBody(String other) {
        return new SignedCall(key, service, path, body, time, other, sentQuery, sent);
    }

    SignedCall sendingQuery(String other) {
        return new SignedCall(key, service, path, body, time, sentBody, other, sent);
    }

    SignedCall sendingHeader(String name, String value) {
        var more = new HashMap<>(sent);
        more.put(name, value);
        return new SignedCall(key, service, path, body, time, sentBody, sentQuery, more);
    }

    private SignatureV4 arithmetic() {
        return new SignatureV4(TIME.format(time).substring(0, 8), "eu-central-1", service);
    }

    HttpRequest to(String address) {
        var headers = new TreeMap<String, String>();
        headers.put("host", address);
        headers.put("x-amz-date", TIME.format(time));
        key.token().ifPresent(token -> headers.put("x-amz-security-token", token));
        var names = String.join(";", headers.keySet());
        var canonical =
                String.join(
                        "\n",
                        "POST",
                        path,
                        "",
                        headers.entrySet().stream()
                                .map(header -> header.getKey() + ":" + header.getValue() + "\n")
                                .collect(Collectors.joining()),
                        names,
                        SignatureV4.sha256(body.getBytes(StandardCharsets.UTF_8)));
        var arithmetic = arithmetic();
        headers.put(
                "authorization",
                String.format(
                        Locale.ROOT,
                        "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                        SignatureV4.ALGORITHM,
                        key.id(),
                        arithmetic.scope(),
                        names,
                        arithmetic.of(key.secret(), TIME.format(time), canonical)));
        headers.remove("host"); // the client's own
        headers.putAll(sent);
        var query = sentQuery.isEmpty() ? "" : "?" + sentQuery;
        return request(address, path + query, headers);
    }

    private HttpRequest request(String address, String target, Map<String, String> headers) {
        var request =
                HttpRequest.newBuilder(URI.create("https://" + address + target))
                        .POST(HttpRequest.BodyPublishers.ofString(sentBody));
        headers.forEach(request::header);
        return request.build();
    }

    /// The same with the signature in the query.
    ///
    /// @param added to the query after it was signed
    HttpRequest presignedTo(String address, int validSeconds, String added) {
        var arithmetic = arithmetic();
        var parameters = new TreeMap<String, String>();
        parameters.put("X-Amz-Algorithm", SignatureV4.ALGORITHM);
        parameters.put("X-Amz-Credential", key.id() + "/" + arithmetic.scope());
        parameters.put("X-Amz-Date", TIME.format(time));
        parameters.put("X-Amz-Expires", Integer.toString(validSeconds));
        parameters.put("X-Amz-SignedHeaders", "host");
        key.token().ifPresent(token -> parameters.put("X-Amz-Security-Token", token));
        var query =
                parameters.entrySet().stream()
                        .map(p ->
                                p.getKey()
                                        + "="
                                        + URLEncoder.encode(p.getValue(), StandardCharsets.UTF_8))
                        .collect(Collectors.joining("&"));
        var canonical =
                String.join(
                        "\n",
                        "POST",
                        path,
                        query,
                        "host:" + address + "\n",
                        "host",
                        SignatureV4.sha256(body.getBytes(StandardCharsets.UTF_8)));
        var signature = arithmetic.of(key.secret(), TIME.format(time), canonical);
        return request(address, path + "?" + query + "&X-Amz-Signature=" + signature + added, sent);
    }
}
