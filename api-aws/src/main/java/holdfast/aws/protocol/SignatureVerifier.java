package holdfast.aws.protocol;

import holdfast.base.SignatureV4;
import holdfast.base.TimeSource;
import holdfast.control.Signer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/// Verifies Signature Version 4, in a header or presigned, over the whole body (AWS General
/// Reference, "Signature Version 4 signing process"). Safe for any thread.
public final class SignatureVerifier {
    /// How far a client's clock may be off ours.
    static final Duration SKEW_MAX = Duration.ofMinutes(5);

    private static final String BODY_HASH = "x-amz-content-sha256";

    private final Signers signers;
    private final TimeSource time;

    public SignatureVerifier(Signers signers, TimeSource time) {
        this.signers = signers;
        this.time = time;
    }

    /// @return whose key it was signed with
    /// @throws ProtocolException if anything about the signature is not as it must be
    Signer verify(AwsRequest request, SignatureParts parts) throws IOException {
        requireCurrent(parts);
        requireSigned(request, parts);
        var bodyHash = requireWholeBody(request);
        var signer =
                signers.find(parts.accessKey(), parts.sessionToken())
                        .orElseThrow(() ->
                                new ProtocolException(
                                        "UnrecognizedClientException",
                                        403,
                                        "the access key, or the session token with it, is not known or not accepted any more: `holdfast key list` shows the keys there are"));
        var expected =
                parts.arithmetic()
                        .of(
                                signer.secret(),
                                parts.time(),
                                CanonicalRequest.text(request, parts, bodyHash));
        // Takes the same time wherever they differ.
        if (!MessageDigest.isEqual(utf8(expected), utf8(parts.signature()))) {
            throw invalid(
                    "the signature does not match: check the secret access key, and that nothing on the way changes the request");
        }
        return signer;
    }

    /// When the signature is accepted no more, whatever the clocks say till then.
    static Instant end(SignatureParts parts) {
        return parts.instant().plus(parts.validFor().orElse(SKEW_MAX));
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
        if (end(parts).isBefore(now)) {
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
        var actual = SignatureV4.sha256(request.body());
        var declared = request.header(BODY_HASH).orElse(actual);
        if (!declared.equals(actual)) {
            throw invalid(
                    declared.equals(actual.toUpperCase(Locale.ROOT))
                                    || !declared.matches("[0-9a-f]{64}")
                            ? BODY_HASH + " is not the body's SHA-256: unsigned bodies are refused"
                            : "the body is not the one that was signed");
        }
        return actual;
    }

    private static ProtocolException invalid(String message) {
        return new ProtocolException("InvalidSignatureException", 403, message);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
