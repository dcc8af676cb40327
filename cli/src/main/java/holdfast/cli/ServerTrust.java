package holdfast.cli;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// TLS that trusts one authority, the installation's own, and no other: the machine's list of
/// public authorities is never asked.
final class ServerTrust {
    private ServerTrust() {}

    /// @throws RefusalException if there is no authority's certificate at `authority`
    /// @throws IOException if the file cannot be read or is no certificate
    static SSLContext context(Path authority) throws IOException {
        try (var file = Files.newInputStream(authority)) {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            var number = 0;
            for (var certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry("authority-" + number++, certificate);
            }
            var trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(store);
            var context = SSLContext.getInstance("TLSv1.3");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (NoSuchFileException _) {
            throw new RefusalException(
                    "no-authority",
                    String.format(
                            Locale.ROOT,
                            "no certificate of the installation at %s: name the server's data folder with --data, or copy its ca.pem there",
                            authority));
        } catch (CertificateException e) {
            throw new IOException(authority + " is no PEM certificate: " + e.getMessage(), e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK lacks TLS 1.3 or PKCS12", e);
        }
    }
}
