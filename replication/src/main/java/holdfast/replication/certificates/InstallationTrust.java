package holdfast.replication.certificates;

import holdfast.base.TimeSource;
import java.security.cert.X509Certificate;
import java.util.Arrays;

/// Trusts what the authority issued that is trusted, and nothing else.
///
/// A server's name is not compared with the address that was dialled: whoever holds a certificate
/// for servers of this authority is this installation, and the authority issues none to others.
/// Agents behind address translation and unusual names therefore need no care.
final class InstallationTrust extends ChainTrust {
    private final TrustedAuthorities trusted;
    private final TimeSource time;

    InstallationTrust(TrustedAuthorities trusted, TimeSource time) {
        this.trusted = trusted;
        this.time = time;
    }

    /// Leaves the dates to the replicator, which asks again while a session lives, and which can
    /// tell the agent what is wrong: TLS would only say that it dislikes the certificate.
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
            throws UntrustedCertificateException {
        Issuance.check(chain[0], authority(chain), Issuance.Use.AGENT);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
            throws UntrustedCertificateException {
        Issuance.check(chain[0], authority(chain), Issuance.Use.SERVER);
        Issuance.checkValid(chain[0], time.now());
    }

    /// All our identities come with their authority, so it is found in the chain; that it is the
    /// right one is for what is trusted to say.
    private X509Certificate authority(X509Certificate[] chain)
            throws UntrustedCertificateException {
        return Arrays.stream(chain)
                .filter(trusted::contain)
                .findFirst()
                .orElseThrow(() ->
                        new UntrustedCertificateException(
                                "certificate of '"
                                        + Issuance.nameOf(chain[0])
                                        + "', issued by '"
                                        + chain[0].getIssuerX500Principal().getName()
                                        + "', does not belong to this installation: check"
                                        + " the address, or enrol again with a new"
                                        + " token"));
    }
}
