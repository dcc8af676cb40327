package holdfast.replication.certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthorityTest {
    private static final String SERVER_ID = "s-0123456789abcdef0";

    private final RandomSource random = RandomSource.system();
    private final SettableTime time = new SettableTime();
    @TempDir Path directory;
    private CertificateAuthority authority;

    private static final class SettableTime implements TimeSource {
        private volatile Instant now = Instant.parse("2026-11-01T00:00:00Z");

        @Override
        public Instant now() {
            return now;
        }

        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public void sleep(Duration duration) {
            now = now.plus(duration);
        }
    }

    @BeforeEach
    void open() throws IOException {
        authority = open(directory);
    }

    private CertificateAuthority open(Path where) throws IOException {
        return CertificateAuthority.open(
                Filesystem.local(), where, CertificateAuthority.Validity.DEFAULT, time, random);
    }

    @Test
    void isMadeOnceAndFoundAgain() throws IOException {
        assertThat(open(directory).certificate()).isEqualTo(authority.certificate());
        assertThat(open(directory.resolve("other")).certificate())
                .isNotEqualTo(authority.certificate());
    }

    @Test
    void itsKeyIsReadableByItsOwnerOnly() throws IOException {
        var key = directory.resolve(CertificateAuthority.KEY_FILE);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
                .isEqualTo("rw-------");
    }

    @Test
    void aCrashWhileItIsMadeLeavesNoHalfOfIt() throws IOException {
        Files.delete(directory.resolve(CertificateAuthority.CERTIFICATE_FILE));
        var again = open(directory);
        assertThat(open(directory).certificate()).isEqualTo(again.certificate());
    }

    @Test
    void isNotReplacedWhenItsKeyIsGoneOrAnothers() throws IOException {
        var key = directory.resolve(CertificateAuthority.KEY_FILE);
        open(directory.resolve("other"));
        Files.copy(
                directory.resolve("other").resolve(CertificateAuthority.KEY_FILE),
                key,
                StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> open(directory)).hasMessageContaining("is not the key of");
        Files.delete(key);
        assertThatThrownBy(() -> open(directory)).hasMessageContaining("missing");
    }

    @Test
    void anAgentsCertificateNamesItsServerAndIsForAgentsOnly()
            throws IOException, CertificateParsingException {
        var identity = enrol(CertificateRequest.create(random, "a host, with = odd + name"));
        assertThat(identity.name()).isEqualTo(SERVER_ID);
        assertThat(identity.certificate().getExtendedKeyUsage())
                .containsExactly("1.3.6.1.5.5.7.3.2");
        assertThat(identity.certificate().getBasicConstraints()).isEqualTo(-1);
        assertThat(identity.certificate().getNotAfter().toInstant())
                .isEqualTo(time.now().plus(Duration.ofDays(365)));
    }

    @Test
    void noCertificateOutlivesTheAuthority() throws IOException {
        time.now = time.now.plus(Duration.ofDays(3652 - 100));
        var identity = enrol(CertificateRequest.create(random, "h"));
        assertThat(identity.certificate().getNotAfter())
                .isEqualTo(authority.certificate().getNotAfter());
    }

    @Test
    void requestsThatNoAgentMakesAreRefused() {
        var good = CertificateRequest.create(random, "h").pem();
        assertThatThrownBy(() -> authority.issueToAgent("nonsense", SERVER_ID))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> authority.issueToAgent("x".repeat(20_000), SERVER_ID))
                .isInstanceOf(IllegalArgumentException.class);
        var at = good.indexOf('\n') + 40;
        for (var i = at; i < at + 100; i++) { // damage somewhere in name, key or signature
            var damaged =
                    good.substring(0, i)
                            + (good.charAt(i) == 'B' ? 'C' : 'B')
                            + good.substring(i + 1);
            assertThatThrownBy(() -> authority.issueToAgent(damaged, SERVER_ID))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void anAnswerForAnotherKeyOrOfAnotherAuthorityIsRefused() throws IOException {
        var mine = CertificateRequest.create(random, "h");
        var others = CertificateRequest.create(random, "h");
        var token = EnrolmentToken.create(random, authority);
        var forOthers = authority.issueToAgent(others.pem(), SERVER_ID);
        assertThatThrownBy(() ->
                        mine.identity(
                                forOthers,
                                authority.certificatePem(),
                                TrustedAuthorities.ofFingerprint(token.fingerprint())))
                .hasMessageContaining("another key");
        var forger = open(directory.resolve("forger"));
        var forged = forger.issueToAgent(mine.pem(), SERVER_ID);
        assertThatThrownBy(() ->
                        mine.identity(
                                forged,
                                forger.certificatePem(),
                                TrustedAuthorities.ofFingerprint(token.fingerprint())))
                .hasMessageContaining("not the one that the operator named");
        assertThatThrownBy(() ->
                        mine.identity(
                                forged,
                                authority.certificatePem(),
                                TrustedAuthorities.ofFingerprint(token.fingerprint())))
                .hasMessageContaining("was issued by");
    }

    @Test
    void anIdentityIsReadBackAsItWasWritten() throws IOException {
        var identity = enrol(CertificateRequest.create(random, "h"));
        var file = directory.resolve("agent.pem");
        identity.save(Filesystem.local(), file);
        var found = Identity.load(Filesystem.local(), file);
        assertThat(found.chain()).isEqualTo(identity.chain());
        assertThat(found.key()).isEqualTo(identity.key());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(found.toString()).doesNotContain(found.key().toString());
        for (var length = 0; length < Files.size(file) - 1; length += 7) {
            var cut = directory.resolve("cut.pem");
            Files.writeString(cut, Files.readString(file).substring(0, length));
            assertThatThrownBy(() -> Identity.load(Filesystem.local(), cut))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cut.pem");
        }
    }

    @Test
    void aCertificateSaysWhenItIsNotValid() throws Exception {
        var identity = enrol(CertificateRequest.create(random, "h"));
        identity.checkValid(time.now());
        assertThatThrownBy(() -> identity.checkValid(Instant.parse("2027-12-01T00:00:00Z")))
                .hasMessage(
                        "certificate of '"
                                + SERVER_ID
                                + "' expired at 2027-11-01T00:00:00Z (this clock shows"
                                + " 2027-12-01T00:00:00Z): enrol again with a new token");
        assertThatThrownBy(() -> identity.checkValid(Instant.parse("2026-10-01T00:00:00Z")))
                .hasMessageContaining("is not valid before 2026-10-31T23:55:00Z")
                .hasMessageContaining("set the clock");
    }

    @Test
    void aServersCertificateIsIssuedAnewBeforeItExpires() throws Exception {
        var server =
                new ServerIdentity(authority, List.of("dr.example.com", "10.1.2.3", "fe80::1"));
        var first = server.get();
        assertThat(first.certificate().getSubjectAlternativeNames())
                .extracting(name -> name.get(1).toString())
                .contains(
                        "localhost",
                        "127.0.0.1",
                        "dr.example.com",
                        "10.1.2.3",
                        "fe80:0:0:0:0:0:0:1");
        time.now = time.now.plus(Duration.ofDays(180));
        assertThat(server.get().certificate()).isEqualTo(first.certificate());
        time.now = time.now.plus(Duration.ofDays(10));
        var second = server.get();
        assertThat(second.certificate()).isNotEqualTo(first.certificate());
        assertThat(second.key()).isEqualTo(first.key());
        second.checkValid(time.now().plus(Duration.ofDays(364)));
    }

    /// A server that was started while its clock was ahead, and then set right.
    @Test
    void aServersCertificateThatIsNotValidYetIsIssuedAnew() throws Exception {
        time.now = time.now.plus(Duration.ofDays(400));
        var server = new ServerIdentity(authority, List.of());
        time.now = time.now.minus(Duration.ofDays(399));
        server.get().checkValid(time.now());
    }

    /// One TLS server for ten years: whoever connects finds a valid certificate of the same
    /// authority, and whoever is connected stays so.
    @Test
    void aRunningServerShowsItsRenewedCertificateToNewConnectionsAndKeepsTheOthers()
            throws Exception {
        var clients =
                TlsContexts.client(TrustedAuthorities.of(authority.certificate()), time, random);
        var seen = new HashSet<Certificate>();
        try (var listener =
                TlsContexts.server(authority, List.of())
                        .getServerSocketFactory()
                        .createServerSocket(0, 0, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> echo(listener));
            try (var first = dial(clients, listener)) {
                for (var days = 0; days < 3600; days += 90) {
                    try (var next =
                            dial(
                                    TlsContexts.client(
                                            TrustedAuthorities.of(authority.certificate()),
                                            time,
                                            random),
                                    listener)) {
                        seen.add(next.getSession().getPeerCertificates()[0]);
                        assertEchoes(next);
                    }
                    assertEchoes(first);
                    time.now = time.now.plus(Duration.ofDays(90));
                }
            }
        }
        assertThat(seen).hasSizeGreaterThan(10);
    }

    private static SSLSocket dial(SSLContext tls, ServerSocket listener) throws IOException {
        var socket =
                (SSLSocket)
                        tls.getSocketFactory()
                                .createSocket(listener.getInetAddress(), listener.getLocalPort());
        socket.startHandshake();
        return socket;
    }

    private static void assertEchoes(SSLSocket socket) throws IOException {
        socket.getOutputStream().write(42);
        assertThat(socket.getInputStream().read()).isEqualTo(42);
    }

    private static void echo(ServerSocket listener) {
        while (!listener.isClosed()) {
            try {
                var connection = listener.accept();
                Thread.ofVirtual()
                        .start(() -> {
                            try (connection) {
                                connection
                                        .getInputStream()
                                        .transferTo(connection.getOutputStream());
                            } catch (IOException _) {
                                // the client has gone
                            }
                        });
            } catch (IOException _) {
                // closed
            }
        }
    }

    private Identity enrol(CertificateRequest request) throws IOException {
        return request.identity(
                authority.issueToAgent(request.pem(), SERVER_ID),
                authority.certificatePem(),
                TrustedAuthorities.ofFingerprint(authority.fingerprint()));
    }
}
