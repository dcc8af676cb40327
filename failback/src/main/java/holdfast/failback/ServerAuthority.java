package holdfast.failback;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.TlsContexts;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/// Finds the authority by whose certificate the client knows the server: the one that the user
/// gave; or the one that the server shows, if somebody compares its fingerprint and agrees. Nothing
/// secret is sent before that.
///
/// @param prompt whether the operator may be asked
record ServerAuthority(TimeSource time, RandomSource random, Operator operator, boolean prompt) {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String COPY_IT =
            "copy ca.pem from the server's data folder to this machine and name it with --ca-bundle";

    /// @param file with a PEM certificate
    /// @param server its address
    /// @throws RefusalException if there is none, or the operator does not trust the server's
    X509Certificate of(Optional<Path> file, URI server) throws IOException, InterruptedException {
        if (file.isPresent()) {
            return read(file.get());
        }
        if (!prompt) {
            throw new RefusalException("no-authority", COPY_IT);
        }
        var shown = shownBy(server);
        operator.tell(
                server
                        + " shows a certificate authority that this machine does not know. Its SHA-256 fingerprint:");
        operator.tell("  " + fingerprint(shown));
        operator.tell(
                "It has to be what the server says: openssl x509 -noout -fingerprint -sha256 -in ca.pem");
        var answer = operator.ask("Is it the same? (yes or no): ", false).strip();
        if (!answer.toLowerCase(Locale.ROOT).equals("yes")) {
            throw new RefusalException(
                    "untrusted-server",
                    "the server is not trusted, and nothing was sent: " + COPY_IT);
        }
        return shown;
    }

    private static X509Certificate read(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(in);
        } catch (NoSuchFileException _) {
            throw new RefusalException(
                    "no-authority",
                    file + " is not there: copy ca.pem from the server's data folder to it");
        } catch (CertificateException e) {
            throw new IOException(file + " is no PEM certificate: " + e.getMessage(), e);
        }
    }

    /// The one at the end of the chain that the server presents, which is then known to have issued
    /// the server's own certificate.
    private X509Certificate shownBy(URI server) throws IOException, InterruptedException {
        var shown = new AtomicReference<X509Certificate>();
        var tls =
                TlsContexts.client(
                        certificate -> {
                            var root =
                                    certificate
                                            .getSubjectX500Principal()
                                            .equals(certificate.getIssuerX500Principal());
                            if (root) {
                                shown.set(certificate);
                            }
                            return root;
                        },
                        time,
                        random);
        try (var client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(TIMEOUT)
                        .sslContext(tls)
                        .build()) {
            var request = HttpRequest.newBuilder(server.resolve("/healthz")).timeout(TIMEOUT);
            client.send(request.build(), BodyHandlers.discarding());
        } catch (ConnectException | HttpConnectTimeoutException e) {
            throw ControllerApi.unreachable(server, e);
        } catch (IOException e) {
            throw new IOException(server + ": not a Holdfast server: " + e.getMessage(), e);
        }
        var found = shown.get();
        if (found == null) {
            throw new IOException(server + ": shows no certificate authority");
        }
        return found;
    }

    /// As `openssl x509 -fingerprint` prints it.
    static String fingerprint(X509Certificate certificate) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
            return HexFormat.ofDelimiter(":").withUpperCase().formatHex(digest);
        } catch (CertificateEncodingException | NoSuchAlgorithmException e) {
            throw new IllegalStateException("a certificate that was just read", e);
        }
    }
}
