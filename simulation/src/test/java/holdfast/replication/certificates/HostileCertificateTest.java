package holdfast.replication.certificates;

import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.hostile.HostileInput;
import holdfast.simulation.MemoryFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Requests for certificates, certificates and tokens that are none.
class HostileCertificateTest {
    private final RandomSource random = RandomSource.system();
    private final CertificateRequest request = CertificateRequest.create(random, "db1");

    private CertificateAuthority authority() throws IOException {
        return CertificateAuthority.open(
                MemoryFiles.empty(),
                Path.of("/authority"),
                CertificateAuthority.Validity.DEFAULT,
                TimeSource.system(),
                random);
    }

    @Test
    void requestsInDer() throws Exception {
        new HostileInput(List.of(request.der()), 4 << 20, IllegalArgumentException.class)
                .feed(RequestedKey::ofDer);
    }

    @Test
    void requestsInPem() throws Exception {
        new HostileInput(
                        List.of(request.pem().getBytes(StandardCharsets.ISO_8859_1)),
                        4 << 20,
                        IllegalArgumentException.class)
                .feed(input -> RequestedKey.ofPem(new String(input, StandardCharsets.ISO_8859_1)));
    }

    @Test
    void certificates() throws Exception {
        var pem = authority().certificatePem();
        new HostileInput(
                        List.of(pem.getBytes(StandardCharsets.ISO_8859_1)),
                        4 << 20,
                        IOException.class)
                .feed(input ->
                        Pem.certificates("peer", new String(input, StandardCharsets.ISO_8859_1)));
    }

    @Test
    void tokens() throws Exception {
        var token = EnrolmentToken.create(random, authority()).text();
        new HostileInput(
                        List.of(token.getBytes(StandardCharsets.ISO_8859_1)),
                        1 << 20,
                        IllegalArgumentException.class)
                .feed(input ->
                        EnrolmentToken.parse(new String(input, StandardCharsets.ISO_8859_1)));
    }
}
