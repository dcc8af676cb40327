package holdfast.replication.certificates;

import holdfast.base.RandomSource;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/// Looks at the authority of a server that is not known yet, so that somebody can say whether it is
/// the right one. Trusts nobody: every handshake ends before a byte of a request is sent.
public final class AuthorityProbe extends ChainTrust {
    private final AtomicReference<Optional<X509Certificate>> seen =
            new AtomicReference<>(Optional.empty());
    private final SSLContext context;

    public AuthorityProbe(RandomSource random) {
        try {
            context = SSLContext.getInstance("TLSv1.3");
            context.init(new KeyManager[0], new TrustManager[] {this}, Keys.secure(random));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has TLS 1.3", e);
        }
    }

    /// To connect with, in vain.
    public SSLContext context() {
        return context;
    }

    /// The authority that issued the certificate of the server that was connected to; empty if it
    /// showed none.
    public Optional<X509Certificate> seen() {
        return seen.get();
    }

    /// As `openssl x509 -noout -fingerprint -sha256` prints it.
    public static String fingerprint(X509Certificate authority) {
        return HexFormat.ofDelimiter(":")
                .formatHex(Keys.fingerprint(authority))
                .toUpperCase(Locale.ROOT);
    }

    /// PEM.
    public static String text(X509Certificate authority) {
        return Pem.encode(authority);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
            throws UntrustedCertificateException {
        var last = chain[chain.length - 1];
        Issuance.check(chain[0], last, Issuance.Use.SERVER);
        seen.set(Optional.of(last));
        throw new UntrustedCertificateException("its authority was looked at only");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
            throws UntrustedCertificateException {
        throw new UntrustedCertificateException("a probe serves nobody");
    }
}
