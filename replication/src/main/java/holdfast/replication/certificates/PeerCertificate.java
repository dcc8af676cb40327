package holdfast.replication.certificates;

import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;

/// A certificate of this installation whose key the peer has proved to hold.
public record PeerCertificate(X509Certificate certificate) {
    /// Whom it names: for an agent its server's id.
    public String name() {
        return Issuance.nameOf(certificate);
    }

    /// Until when it is valid.
    public Instant expiresAt() {
        return certificate.getNotAfter().toInstant();
    }

    /// X.509 in DER.
    public byte[] encoded() {
        try {
            return certificate.getEncoded();
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("a certificate that was parsed has an encoding", e);
        }
    }

    /// @throws UntrustedCertificateException if it is not valid at that time; the message says
    ///   until when it was and what to do
    public void checkValid(Instant now) throws UntrustedCertificateException {
        Issuance.checkValid(certificate, now);
    }
}
