package holdfast.aws.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.TimeSource;
import holdfast.control.Role;
import holdfast.control.Signer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// The request `get-vanilla` of the test suite that AWS published for Signature Version 4, and what
/// is wrong with requests that differ from it in one thing.
class SignatureVerifierTest {
    private static final Instant SIGNED = Instant.parse("2015-08-30T12:36:00Z");
    private static final String SCOPE = "20150830/us-east-1/service/aws4_request";
    private static final String SIGNATURE =
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

    private final Map<String, List<String>> headers = new TreeMap<>();
    private Instant now = SIGNED;

    private SignatureVerifierTest() {
        headers.put("host", List.of("example.amazonaws.com"));
        headers.put("x-amz-date", List.of("20150830T123600Z"));
        authorize("AKIDEXAMPLE", "host;x-amz-date", SIGNATURE);
    }

    private void authorize(String key, String signedHeaders, String signature) {
        headers.put(
                "authorization",
                List.of(
                        "AWS4-HMAC-SHA256 Credential="
                                + key
                                + "/"
                                + SCOPE
                                + ", SignedHeaders="
                                + signedHeaders
                                + ", Signature="
                                + signature));
    }

    private Signer verify(String path, String query, String body) throws IOException {
        var signer =
                new Signer(
                        "AKIDEXAMPLE",
                        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                        "123456789012",
                        "alice",
                        Role.ADMIN,
                        Optional.empty());
        var verifier =
                new SignatureVerifier(
                        (id, token) ->
                                Optional.of(signer)
                                        .filter(known ->
                                                known.accessKey().equals(id) && token.isEmpty()),
                        new TimeSource() {
                            @Override
                            public Instant now() {
                                return now;
                            }

                            @Override
                            public long nanoTime() {
                                return 0;
                            }

                            @Override
                            public void sleep(Duration duration) {
                                throw new UnsupportedOperationException();
                            }
                        });
        var request =
                new AwsRequest("GET", path, query, headers, body.getBytes(StandardCharsets.UTF_8));
        return verifier.verify(request, SignatureParts.of(request));
    }

    private void assertRefused(String type, String path, String query, String body) {
        assertThatThrownBy(() -> verify(path, query, body))
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.type()).isEqualTo(type));
    }

    private void assertRefused(String type) {
        assertRefused(type, "/", "", "");
    }

    @Test
    void thePublishedSignatureIsAccepted() throws IOException {
        assertThat(verify("/", "", "").accessKey()).isEqualTo("AKIDEXAMPLE");
    }

    @Test
    void anotherRequestUnderTheSameSignatureIsRefused() {
        assertRefused("InvalidSignatureException", "/other", "", "");
        assertRefused("InvalidSignatureException", "/", "a=b", "");
        assertRefused("InvalidSignatureException", "/", "", "body");
        headers.put("host", List.of("other.amazonaws.com"));
        assertRefused("InvalidSignatureException");
    }

    @Test
    void fiveMinutesOfSkewAreAllowedAndNoMore() throws IOException {
        for (var sign : new int[] {-1, 1}) {
            now = SIGNED.plusSeconds(sign * 300L);
            verify("/", "", "");
            now = SIGNED.plusSeconds(sign * 301L);
            assertRefused("InvalidSignatureException");
        }
    }

    @Test
    void anUnsignedBodyIsRefused() {
        headers.put("x-amz-content-sha256", List.of("UNSIGNED-PAYLOAD"));
        assertRefused("InvalidSignatureException");
    }

    @Test
    void aHeaderOfAwsMustBeSigned() {
        headers.put("x-amz-target", List.of("other"));
        assertRefused("InvalidSignatureException");
    }

    @Test
    void theHostMustBeSigned() {
        authorize("AKIDEXAMPLE", "x-amz-date", SIGNATURE);
        assertRefused("InvalidSignatureException");
    }

    @Test
    void whoIsNotKnownIsRefused() {
        authorize("AKIDOTHER", "host;x-amz-date", SIGNATURE);
        assertRefused("UnrecognizedClientException");
        authorize("AKIDEXAMPLE", "host;x-amz-date", SIGNATURE);
        headers.put("x-amz-security-token", List.of("session"));
        authorize("AKIDEXAMPLE", "host;x-amz-date;x-amz-security-token", SIGNATURE);
        assertRefused("UnrecognizedClientException");
    }

    @Test
    void whatIsNotSignedOrHalfIsToldSo() {
        authorize("AKIDEXAMPLE", "", SIGNATURE);
        assertRefused("IncompleteSignatureException");
        headers.put("authorization", List.of("Bearer key"));
        assertRefused("MissingAuthenticationTokenException");
    }

    @Test
    void pathsAreEncodedOnceMore() {
        assertThat(CanonicalRequest.path("/tags/arn%3Aaws%2Fx"))
                .isEqualTo("/tags/arn%253Aaws%252Fx");
        assertThat(CanonicalRequest.path("/a/./b/../c/")).isEqualTo("/a/c/");
        assertThat(CanonicalRequest.query("b=2&a=%20&a=1&c", false)).isEqualTo("a=%20&a=1&b=2&c=");
    }
}
