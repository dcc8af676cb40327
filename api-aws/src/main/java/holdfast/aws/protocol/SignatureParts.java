package holdfast.aws.protocol;

import holdfast.base.SignatureV4;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What a request says of its own signature, in its header or its query; nothing is proven by it.
///
/// @param scopeDate `yyyyMMdd` of the credential scope
/// @param time as it was signed, `yyyyMMdd'T'HHmmss'Z'`
/// @param sessionToken of session credentials
/// @param validFor of a presigned request; empty for one signed in its header
record SignatureParts(
        String accessKey,
        String scopeDate,
        String region,
        String service,
        List<String> signedHeaders,
        String signature,
        String time,
        Optional<Duration> validFor,
        Optional<String> sessionToken) {
    static final String ALGORITHM = SignatureV4.ALGORITHM;

    static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private static final long PRESIGNED_SECONDS_MAX = Duration.ofDays(7).toSeconds();

    /// `<access key>/<date>/<region>/<service>/aws4_request`
    private static final int SCOPE_PARTS = 5;

    /// @throws ProtocolException if it is unsigned, or a part of the signature is missing
    static SignatureParts of(AwsRequest request) {
        var header = request.header("authorization").orElse("");
        if (header.startsWith(ALGORITHM + " ")) {
            return ofHeader(request, header.substring(ALGORITHM.length() + 1));
        }
        var query = new HashMap<String, String>();
        PercentEncoding.query(request.rawQuery())
                .forEach((name, values) -> query.put(name, values.getFirst()));
        if (ALGORITHM.equals(query.get("X-Amz-Algorithm"))) {
            return ofQuery(query);
        }
        throw new ProtocolException(
                "MissingAuthenticationTokenException",
                403,
                "the request is not signed: Signature Version 4 is needed");
    }

    private static SignatureParts ofHeader(AwsRequest request, String text) {
        var parts = new HashMap<String, String>();
        for (var part : text.split(",", -1)) {
            var equals = part.indexOf('=');
            if (equals > 0) {
                parts.put(part.substring(0, equals).strip(), part.substring(equals + 1).strip());
            }
        }
        return of(
                required(parts, "Credential"),
                required(parts, "SignedHeaders"),
                required(parts, "Signature"),
                request.header("x-amz-date").orElseThrow(() -> incomplete("x-amz-date is missing")),
                Optional.empty(),
                request.header("x-amz-security-token"));
    }

    private static SignatureParts ofQuery(Map<String, String> query) {
        var expires = required(query, "X-Amz-Expires");
        if (!expires.matches("[0-9]{1,6}") || Long.parseLong(expires) > PRESIGNED_SECONDS_MAX) {
            throw incomplete("X-Amz-Expires is not a number from 0 to " + PRESIGNED_SECONDS_MAX);
        }
        return of(
                required(query, "X-Amz-Credential"),
                required(query, "X-Amz-SignedHeaders"),
                required(query, "X-Amz-Signature"),
                required(query, "X-Amz-Date"),
                Optional.of(Duration.ofSeconds(Long.parseLong(expires))),
                Optional.ofNullable(query.get("X-Amz-Security-Token")));
    }

    private static SignatureParts of(
            String credential,
            String signedHeaders,
            String signature,
            String time,
            Optional<Duration> validFor,
            Optional<String> sessionToken) {
        var scope = List.of(credential.split("/", -1));
        if (scope.size() != SCOPE_PARTS || !scope.getLast().equals("aws4_request")) {
            throw incomplete("the credential is not scoped to aws4_request");
        }
        return new SignatureParts(
                scope.get(0),
                scope.get(1),
                scope.get(2),
                scope.get(3),
                List.of(signedHeaders.split(";", -1)),
                signature,
                time,
                validFor,
                sessionToken);
    }

    private static String required(Map<String, String> parts, String name) {
        var value = parts.get(name);
        if (value == null || value.isEmpty()) {
            throw incomplete(name + " is missing");
        }
        return value;
    }

    private static ProtocolException incomplete(String what) {
        return new ProtocolException(
                "IncompleteSignatureException", 400, "the signature is incomplete: " + what);
    }

    /// @throws ProtocolException if the time is none
    Instant instant() {
        try {
            return Instant.from(TIME.parse(time));
        } catch (DateTimeException _) {
            throw incomplete("the date is not of the form yyyyMMdd'T'HHmmss'Z'");
        }
    }

    SignatureV4 arithmetic() {
        return new SignatureV4(scopeDate, region, service);
    }
}
