package holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.TlsContexts;
import holdfast.replication.certificates.TrustedAuthorities;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whoever holds connections without asking anything keeps nobody else waiting.
class CrowdTest {
    private static final int IDLE = 1000;
    private static final int SLOW = 200;

    @TempDir Path data;
    private RunningServer running;
    private final List<Socket> sockets = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        running = new RunningServer(data);
    }

    @AfterEach
    void stop() throws IOException {
        for (var socket : sockets) {
            socket.close();
        }
        running.close();
    }

    private SSLSocketFactory factory() throws Exception {
        try (var in = Files.newInputStream(data.resolve("ca.pem"))) {
            var authority =
                    (X509Certificate)
                            CertificateFactory.getInstance("X.509").generateCertificate(in);
            return TlsContexts.client(
                            TrustedAuthorities.of(authority),
                            TimeSource.system(),
                            RandomSource.system())
                    .getSocketFactory();
        }
    }

    private int port() {
        var address = running.server().apiAddress();
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    private void assertAnswers() throws Exception {
        assertThat(running.send("GET", "/servers", "").statusCode()).isEqualTo(200);
        assertThat(running.send("GET", "/healthz", "", "").body()).isEqualTo("ok\n");
    }

    @Test
    void aThousandIdleConnectionsDoNoHarm() throws Exception {
        var factory = factory();
        for (var i = 0; i < IDLE; i++) {
            // most do not even begin to speak TLS
            var idle =
                    i % 5 != 0
                            ? new Socket("127.0.0.1", port())
                            : factory.createSocket("127.0.0.1", port());
            sockets.add(idle);
            if (idle instanceof javax.net.ssl.SSLSocket tls) {
                tls.startHandshake();
            }
        }
        assertAnswers();
        for (var socket : sockets) {
            assertThat(socket.isClosed()).isFalse();
        }
    }

    /// They never get to the end of what they send, signed or not.
    @Test
    void slowSendersDoNoHarm() throws Exception {
        var factory = factory();
        var heads =
                List.of(
                        "POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                + running.key()
                                + "\r\nContent-Length: 1000\r\n\r\n{",
                        "POST /DescribeJobs HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 x\r\nContent-Length: 1000\r\n\r\n{",
                        "POST /DescribeJobs HTTP/1.1\r\nHost: x\r\nX-Amz-",
                        "GET /api/v1/ser");
        for (var i = 0; i < SLOW; i++) {
            var socket = factory.createSocket("127.0.0.1", port());
            sockets.add(socket);
            socket.getOutputStream()
                    .write(heads.get(i % heads.size()).getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
        }
        assertAnswers();
        for (var i = 0; i < SLOW; i++) {
            sockets.get(i).getOutputStream().write(' ');
            sockets.get(i).getOutputStream().flush();
        }
        assertAnswers();
    }

    @Test
    void headersWithoutEndAreCutOff() throws Exception {
        var socket = factory().createSocket("127.0.0.1", port());
        sockets.add(socket);
        var out = socket.getOutputStream();
        out.write("GET /healthz HTTP/1.1\r\nHost: x\r\n".getBytes(StandardCharsets.US_ASCII));
        try {
            for (var i = 0; i < 100_000; i++) {
                out.write(
                        String.format(Locale.ROOT, "x-%d: %s\r\n", i, "y".repeat(100))
                                .getBytes(StandardCharsets.US_ASCII));
            }
            out.flush();
            var answer =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertThat(answer).doesNotStartWith("HTTP/1.1 200");
        } catch (IOException _) {
            // cut off while it was still sending
        }
        assertAnswers();
    }
}
