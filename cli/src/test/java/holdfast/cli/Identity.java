package holdfast.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/// A certificate for the loopback address that is its own authority, made with the JDK's `keytool`.
///
/// @param context for a server that shows it
/// @param certificate as PEM, for those who should trust it
record Identity(SSLContext context, String certificate) {
    private static final String PASSWORD = "for-tests";

    /// The same for all tests of this process: making one takes seconds.
    static Identity shared() {
        return Holder.SHARED;
    }

    static Identity make() throws IOException, InterruptedException, GeneralSecurityException {
        var folder = Files.createTempDirectory("holdfast-identity");
        var file = folder.resolve("identity.p12");
        try {
            var made =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "keytool")
                                            .toString(),
                                    "-genkeypair",
                                    "-alias",
                                    "server",
                                    "-keyalg",
                                    "EC",
                                    "-dname",
                                    "CN=holdfast",
                                    "-ext",
                                    "san=ip:127.0.0.1",
                                    "-validity",
                                    "2",
                                    "-storetype",
                                    "PKCS12",
                                    "-storepass",
                                    PASSWORD,
                                    "-keystore",
                                    file.toString())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor();
            if (made != 0) {
                throw new IOException("keytool ended with status " + made);
            }
            return of(KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray()));
        } finally {
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
    }

    private static Identity of(KeyStore store) throws GeneralSecurityException {
        var encoder = Base64.getMimeEncoder(64, new byte[] {'\n'});
        var certificate = encoder.encodeToString(store.getCertificate("server").getEncoded());
        var keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, PASSWORD.toCharArray());
        var context = SSLContext.getInstance("TLSv1.3");
        context.init(keys.getKeyManagers(), null, null);
        return new Identity(
                context,
                "-----BEGIN CERTIFICATE-----\n" + certificate + "\n-----END CERTIFICATE-----\n");
    }

    private static final class Holder {
        static final Identity SHARED = once();

        private static Identity once() {
            try {
                return make();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException | GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
