package holdfast.replication.certificates;

import java.security.cert.X509Certificate;
import java.time.Instant;

/// A certificate of this installation whose key the peer has proved to hold.
public record PeerCertificate(X509Certificate certificate) {
    /// Whom it names: for an agent its server's id.
    public String name() {
        return Issuance.nameOf(certificate);
    }

    /// @throws UntrustedCertificateException if it is not valid at that time; the message says
    ///   until when it was and what to do
    public void checkValid(Instant now) throws UntrustedCertificateException {
        Issuance.checkValid(certificate, now);
    }
}
