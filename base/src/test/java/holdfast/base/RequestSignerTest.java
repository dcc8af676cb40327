package holdfast.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RequestSignerTest {
    /// Worked out apart from this code, by the steps of the AWS General Reference.
    @Test
    void signaturesAreThoseOfAwsClients() {
        var signer =
                new RequestSigner(
                        "AKIDEXAMPLE",
                        "wJalrXUtnFEMI/K7MDENG",
                        Optional.empty(),
                        "us-east-1",
                        "holdfast");
        var headers =
                signer.sign(
                        "POST",
                        "localhost:8443",
                        "/api/v1/failback/clients",
                        Map.of(),
                        "{\"a\":1}".getBytes(StandardCharsets.UTF_8),
                        Instant.parse("2026-11-01T12:00:00Z"));
        assertThat(headers).containsEntry("x-amz-date", "20261101T120000Z");
        assertThat(headers.get("authorization"))
                .isEqualTo(
                        "AWS4-HMAC-SHA256"
                                + " Credential=AKIDEXAMPLE/20261101/us-east-1/holdfast/aws4_request,"
                                + " SignedHeaders=host;x-amz-date,"
                                + " Signature=caf250f12e0f6bcf6bc5aeddbfdd36b3990ff6a6acbfb8f001bf001b7115bd39");
    }

    /// Paths are encoded once more than they are sent; parameters are sorted, and encoded as RFC
    /// 3986 has it, however they are sent. Worked out by the same steps.
    @Test
    void pathsAndQueriesAreUnderTheSignature() {
        var signer =
                new RequestSigner("AKIDEXAMPLE", "secret", Optional.empty(), "here", "holdfast");
        var now = Instant.parse("2026-11-01T12:00:00Z");
        var sent = new byte[0];
        var one = signer.sign("GET", "h", "/a%20b/c?to=1%3A2&at=x+y", Map.of(), sent, now);
        var same = signer.sign("GET", "h", "/a%20b/c?&at=x%2By&to=1:2", Map.of(), sent, now);
        assertThat(one).isEqualTo(same);
        for (var other : new String[] {"/a%20b/c?to=1%3A2", "/a%20b/d?at=x%2By&to=1%3A2"}) {
            assertThat(signer.sign("GET", "h", other, Map.of(), sent, now)).isNotEqualTo(one);
        }
    }
}
