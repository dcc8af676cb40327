package holdfast.replication.certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RandomSource;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class TrustedAuthoritiesTest {
    private static final Instant NOW = Instant.parse("2026-11-01T00:00:00Z");

    private final X509Certificate ours = authority("Holdfast 0123abcd");
    private final X509Certificate another = authority("Holdfast ffffffff");
    private final X509Certificate stranger = authority("Trusted Everywhere Root CA");

    private static X509Certificate authority(String name) {
        var random = RandomSource.system();
        return CertificateMint.authority(
                Keys.generate(random), name, NOW, NOW.plusSeconds(3600), random);
    }

    private static TrustedAuthorities bundle(X509Certificate... certificates) throws IOException {
        var text = new StringBuilder();
        for (var certificate : certificates) {
            text.append("# of ").append(certificate.getSubjectX500Principal()).append('\n');
            text.append(Pem.encode(certificate));
        }
        return TrustedAuthorities.read("bundle.pem", text.toString());
    }

    @Test
    void ofABundleOnlyInstallationsAreTrustedWhereverTheyStand() throws IOException {
        var trusted = bundle(stranger, ours, another);
        assertThat(trusted.contain(ours)).isTrue();
        assertThat(trusted.contain(another)).isTrue();
        assertThat(trusted.contain(stranger)).isFalse();
        assertThat(trusted.contain(authority("Holdfast 0123abcd"))).isFalse();
    }

    @Test
    void theOnlyOneOfAFileIsTrustedWhateverItsName() throws IOException {
        assertThat(bundle(stranger).contain(stranger)).isTrue();
        assertThat(bundle(stranger).contain(ours)).isFalse();
    }

    @Test
    void aBundleWithoutAnInstallationIsRefused() {
        assertThatThrownBy(() -> bundle(stranger, authority("Holdfast, or so it says")))
                .hasMessageContaining("bundle.pem: none of its 2 certificates")
                .hasMessageContaining("add ca.pem of the server's data folder");
        assertThatThrownBy(() -> TrustedAuthorities.read("bundle.pem", "no certificate"))
                .hasMessageContaining("bundle.pem: found no certificate in PEM form");
    }
}
