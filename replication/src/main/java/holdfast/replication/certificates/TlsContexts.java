package holdfast.replication.certificates;

import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/// TLS contexts for every connection within an installation. Each side trusts the installation's
/// own authority and nothing else. TLS 1.3 is for whoever makes sockets from a context to insist
/// on: the JDK cannot bind it to the context.
public final class TlsContexts {
    private static final KeyManager[] NO_KEY = {};

    private TlsContexts() {}

    /// For a server of the installation: replicator and API. Clients that present a certificate
    /// must be agents of this installation; the dates of theirs are not checked here.
    ///
    /// @param names host names and addresses by which clients reach it, besides `localhost`,
    ///   `127.0.0.1` and `::1`
    public static SSLContext server(CertificateAuthority authority, List<String> names) {
        var key = new FixedKey(new ServerIdentity(authority, names));
        var trust =
                new InstallationTrust(
                        TrustedAuthorities.of(authority.certificate()), authority.time());
        return context(new KeyManager[] {key}, trust, authority.random());
    }

    /// For an enrolled agent.
    public static SSLContext agent(Identity identity, TimeSource time, RandomSource random) {
        var key = new FixedKey(() -> identity);
        return context(
                new KeyManager[] {key},
                new InstallationTrust(TrustedAuthorities.of(identity.authority()), time),
                random);
    }

    /// For a client of the API, and for an agent's first contact.
    public static SSLContext client(
            TrustedAuthorities trusted, TimeSource time, RandomSource random) {
        return context(NO_KEY, new InstallationTrust(trusted, time), random);
    }

    private static SSLContext context(
            KeyManager[] keys, InstallationTrust trust, RandomSource random) {
        try {
            var context = SSLContext.getInstance("TLSv1.3");
            context.init(keys, new TrustManager[] {trust}, Keys.secure(random));
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has TLS 1.3", e);
        }
    }
}
