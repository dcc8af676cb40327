package holdfast.aws.protocol;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Verifies Signature Version 4, in a header or presigned, over the whole body (AWS General
/// Reference, "Signature Version 4 signing process"). Safe for any thread.
public final class SignatureVerifier {
    /// How far a client's clock may be off ours.
    static final Duration SKEW_MAX = Duration.ofMinutes(5);

    private static final String BODY_HASH = "x-amz-content-sha256";

    private final Credential.Lookup credentials;
    private final TimeSource time;

    public SignatureVerifier(Credential.Lookup credentials, TimeSource time) {
        this.credentials = credentials;
        this.time = time;
    }

    /// @return whose key it was signed with
    /// @throws ProtocolException if anything about the signature is not as it must be
    Credential verify(AwsRequest request, SignatureParts parts) throws IOException {
        requireCurrent(parts);
        requireSigned(request, parts);
        var bodyHash = requireWholeBody(request);
        var credential =
                credentials
                        .find(parts.accessKey())
                        .filter(_ -> !parts.sessionToken()) // we give no session credentials out
                        .orElseThrow(() ->
                                new ProtocolException(
                                        "UnrecognizedClientException",
                                        403,
                                        "the access key is not known: `holdfast key list` shows those there are"));
        var expected = signature(credential.secret(), request, parts, bodyHash);
        // Takes the same time wherever they differ.
        if (!MessageDigest.isEqual(utf8(expected), utf8(parts.signature()))) {
            throw invalid(
                    "the signature does not match: check the secret access key, and that nothing on the way changes the request");
        }
        return credential;
    }

    private void requireCurrent(SignatureParts parts) {
        var signed = parts.instant();
        var now = time.now();
        var shown = SignatureParts.TIME.format(now);
        if (!parts.time().startsWith(parts.scopeDate())) {
            throw invalid("the credential scope is of another day than the signature");
        }
        if (signed.isAfter(now.plus(SKEW_MAX))) {
            throw invalid(
                    "Signature not yet current: "
                            + parts.time()
                            + " is later than "
                            + shown
                            + " (+ 5 min.): set the client's clock");
        }
        if (signed.plus(parts.validFor().orElse(SKEW_MAX)).isBefore(now)) {
            throw invalid(
                    "Signature expired: "
                            + parts.time()
                            + " is too long before "
                            + shown
                            + ": set the client's clock, or sign again");
        }
    }

    /// The host and everything that AWS clients add must be under the signature.
    private static void requireSigned(AwsRequest request, SignatureParts parts) {
        if (!parts.signedHeaders().contains("host")) {
            throw invalid("the header host is not signed");
        }
        for (var name : request.headers().keySet()) {
            if (name.startsWith("x-amz-")
                    && !name.equals(BODY_HASH)
                    && parts.validFor().isEmpty()
                    && !parts.signedHeaders().contains(name)) {
                throw invalid("the header " + name + " is not signed");
            }
        }
    }

    private static String requireWholeBody(AwsRequest request) {
        var actual = HexFormat.of().formatHex(sha256(request.body()));
        var declared = request.header(BODY_HASH).orElse(actual);
        if (!declared.equals(actual)) {
            throw invalid(
                    declared.equals(actual.toUpperCase(java.util.Locale.ROOT))
                                    || !declared.matches("[0-9a-f]{64}")
                            ? BODY_HASH + " is not the body's SHA-256: unsigned bodies are refused"
                            : "the body is not the one that was signed");
        }
        return actual;
    }

    private static String signature(
            String secret, AwsRequest request, SignatureParts parts, String bodyHash) {
        var canonical = CanonicalRequest.text(request, parts, bodyHash);
        var toSign =
                String.join(
                        "\n",
                        SignatureParts.ALGORITHM,
                        parts.time(),
                        parts.scope(),
                        HexFormat.of().formatHex(sha256(utf8(canonical))));
        var key = hmac(utf8("AWS4" + secret), parts.scopeDate());
        for (var part : new String[] {parts.region(), parts.service(), "aws4_request"}) {
            key = hmac(key, part);
        }
        return HexFormat.of().formatHex(hmac(key, toSign));
    }

    private static ProtocolException invalid(String message) {
        return new ProtocolException("InvalidSignatureException", 403, message);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
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
