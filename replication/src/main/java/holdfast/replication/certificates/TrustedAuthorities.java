package holdfast.replication.certificates;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.Predicate;

/// Whose servers a machine trusts before it has an [Identity]: the authority that its operator
/// named, by a fingerprint or in a file. Immutable.
public final class TrustedAuthorities {
    private final Predicate<X509Certificate> trusted;

    private TrustedAuthorities(Predicate<X509Certificate> trusted) {
        this.trusted = trusted;
    }

    /// One that is known already.
    public static TrustedAuthorities of(X509Certificate authority) {
        return new TrustedAuthorities(authority::equals);
    }

    /// The one that has this SHA-256, which every [EnrolmentToken] carries.
    public static TrustedAuthorities ofFingerprint(byte[] fingerprint) {
        var kept = fingerprint.clone();
        return new TrustedAuthorities(
                candidate -> MessageDigest.isEqual(Keys.fingerprint(candidate), kept));
    }

    /// The one of a file with one certificate; of a file with several, such as a bundle that is
    /// also for other services, those that are of Holdfast installations. The others are left out:
    /// the name of a server is not compared with its address ([InstallationTrust]), and public
    /// authorities issue certificates to anybody.
    ///
    /// @param name of the file, for what is said of it
    /// @throws IOException if there is no such certificate in it
    public static TrustedAuthorities read(String name, String pem) throws IOException {
        var all = Pem.certificates(name, pem);
        if (all.size() == 1) {
            return of(all.getFirst());
        }
        var ours = all.stream().filter(CertificateAuthority::isOurs).toList();
        if (ours.isEmpty()) {
            throw new IOException(
                    name
                            + ": none of its "
                            + all.size()
                            + " certificates is that of a Holdfast installation: add ca.pem of the"
                            + " server's data folder to it, or name that instead");
        }
        return new TrustedAuthorities(List.copyOf(ours)::contains);
    }

    boolean contain(X509Certificate authority) {
        return trusted.test(authority);
    }
}
