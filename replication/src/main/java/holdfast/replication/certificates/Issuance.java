package holdfast.replication.certificates;

import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;

/// Whether the installation's authority issued a certificate, for which use, and for which time.
final class Issuance {
    /// What a certificate may be used for: the extended key usages of RFC 5280 §4.2.1.12. An
    /// agent's certificate can therefore not pose as a replicator, nor the other way round.
    enum Use {
        SERVER("1.3.6.1.5.5.7.3.1", "a server of this installation"),
        AGENT("1.3.6.1.5.5.7.3.2", "an agent");

        private final String oid;
        private final String holder;

        Use(String oid, String holder) {
            this.oid = oid;
            this.holder = holder;
        }
    }

    private Issuance() {}

    /// Checks everything but the time, by the rules of RFC 5280 §6 as of the moment when the
    /// certificate began to be valid. Time is checked apart, by [#checkValid], so that a peer that
    /// proved who it is can be told that its certificate has expired.
    static void check(X509Certificate certificate, X509Certificate authority, Use use)
            throws UntrustedCertificateException {
        var issuer = certificate.getIssuerX500Principal();
        if (!issuer.equals(authority.getSubjectX500Principal())) {
            throw new UntrustedCertificateException(
                    quote(certificate)
                            + " was issued by '"
                            + issuer.getName()
                            + "', not by this installation's authority '"
                            + authority.getSubjectX500Principal().getName()
                            + "': enrol again with a new token");
        }
        try {
            var path =
                    CertificateFactory.getInstance("X.509").generateCertPath(List.of(certificate));
            var parameters = new PKIXParameters(Set.of(new TrustAnchor(authority, null)));
            parameters.setRevocationEnabled(false); // the controller refuses servers it has deleted
            parameters.setDate(certificate.getNotBefore());
            CertPathValidator.getInstance("PKIX").validate(path, parameters);
            var uses = certificate.getExtendedKeyUsage();
            if (uses == null || !uses.contains(use.oid) || certificate.getBasicConstraints() >= 0) {
                throw new UntrustedCertificateException(
                        quote(certificate) + " is not that of " + use.holder);
            }
        } catch (UntrustedCertificateException e) {
            throw e;
        } catch (GeneralSecurityException e) {
            throw new UntrustedCertificateException(
                    quote(certificate) + " cannot be verified: " + e.getMessage(), e);
        }
    }

    static void checkValid(X509Certificate certificate, Instant now)
            throws UntrustedCertificateException {
        var from = certificate.getNotBefore().toInstant();
        var to = certificate.getNotAfter().toInstant();
        if (now.isAfter(to)) {
            throw new UntrustedCertificateException(
                    quote(certificate)
                            + " expired at "
                            + to
                            + " (this clock shows "
                            + now
                            + "): enrol again with a new token");
        }
        if (now.isBefore(from)) {
            throw new UntrustedCertificateException(
                    quote(certificate)
                            + " is not valid before "
                            + from
                            + " (this clock shows "
                            + now
                            + "): set the clock");
        }
    }

    /// The common name of the subject; empty if it has none.
    static String nameOf(X509Certificate certificate) {
        var subject = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
        var names = subject.getRDNs(BCStyle.CN);
        return names.length == 0 ? "" : IETFUtils.valueToString(names[0].getFirst().getValue());
    }

    private static String quote(X509Certificate certificate) {
        return "certificate of '" + nameOf(certificate) + "'";
    }
}
