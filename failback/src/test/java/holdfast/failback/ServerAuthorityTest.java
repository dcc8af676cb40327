package holdfast.failback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.TlsContexts;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerAuthorityTest {
    private final TimeSource time = TimeSource.system();
    private final RandomSource random = RandomSource.system();

    @TempDir private Path folder;
    private CertificateAuthority authority;
    private ServerSocket listener;
    private Thread serving;

    @BeforeEach
    void serve() throws IOException {
        authority =
                CertificateAuthority.open(
                        Filesystem.local(),
                        folder,
                        CertificateAuthority.Validity.DEFAULT,
                        time,
                        random);
        listener =
                TlsContexts.server(authority, java.util.List.of())
                        .getServerSocketFactory()
                        .createServerSocket(0, 1, InetAddress.getLoopbackAddress());
        serving = Thread.ofVirtual().start(this::answer);
    }

    private void answer() {
        try (var connection = listener.accept()) {
            connection.getInputStream().read();
            connection
                    .getOutputStream()
                    .write(
                            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
        } catch (IOException _) {
            // the test's end
        }
    }

    @AfterEach
    void end() throws Exception {
        listener.close();
        serving.join();
    }

    @Test
    void theServersOwnIsTakenOnceItsFingerprintWasConfirmed() throws Exception {
        var operator = new Answering(" yes ");

        var found = of(operator, true, Optional.empty());

        assertThat(found).isEqualTo(authority.certificate());
        var fingerprint =
                HexFormat.ofDelimiter(":").withUpperCase().formatHex(authority.fingerprint());
        assertThat(operator.told).contains("  " + fingerprint);
        assertThat(fingerprint).isEqualTo(fingerprint.toUpperCase(Locale.ROOT)).hasSize(95);
    }

    @Test
    void anythingButYesIsNo() {
        assertThatThrownBy(() -> of(new Answering("y"), true, Optional.empty()))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("is not trusted, and nothing was sent")
                .hasMessageContaining("--ca-bundle");
    }

    @Test
    void whereNobodyCanBeAskedTheFileIsNeeded() {
        assertThatThrownBy(() -> of(new Answering(), false, Optional.empty()))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("copy ca.pem from the server's data folder");
        assertThatThrownBy(
                        () -> of(new Answering(), false, Optional.of(folder.resolve("none.pem"))))
                .hasMessageContaining("none.pem is not there");
    }

    @Test
    void theGivenFileGoesBeforeWhatTheServerShows() throws Exception {
        var operator = new Answering();

        var found = of(operator, true, Optional.of(folder.resolve("ca.pem")));

        assertThat(found).isEqualTo(authority.certificate());
        assertThat(operator.told).isEmpty();
        Files.writeString(folder.resolve("ca.pem"), "no certificate");
        assertThatThrownBy(() -> of(operator, true, Optional.of(folder.resolve("ca.pem"))))
                .hasMessageContaining("is no PEM certificate");
    }

    @Test
    void aServerThatIsNotThereIsSaidToBeUnreachable() throws Exception {
        listener.close();

        assertThatThrownBy(() -> of(new Answering(), true, Optional.empty()))
                .isInstanceOf(ConnectException.class)
                .hasMessageContaining("cannot be reached");
    }

    private java.security.cert.X509Certificate of(
            Operator operator, boolean prompt, Optional<Path> file)
            throws IOException, InterruptedException {
        var server = URI.create("https://127.0.0.1:" + listener.getLocalPort());
        return new ServerAuthority(time, random, operator, prompt).of(file, server);
    }
}
