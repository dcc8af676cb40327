package holdfast.systemtest;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.TlsContexts;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/// A server of a version to come, as far as those of today can tell: its API has no call that they
/// know, its replicator no protocol version in common with them.
final class NewerServer implements AutoCloseable {
    /// docs/formats/wire.md, a frame that keeps its shape in all versions.
    private static final int ERROR = 15;

    private static final int HELLO_FRAME_BYTES = 16;
    private static final int LATER_MILLIS = 60_000;

    private final HttpsServer api;
    private final SSLServerSocket replicator;

    NewerServer(CertificateAuthority authority) throws IOException {
        var tls = TlsContexts.server(authority, List.of());
        var loopback = InetAddress.getByName("127.0.0.1");
        replicator =
                (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(0, 0, loopback);
        replicator.setNeedClientAuth(true);
        Thread.ofVirtual().name("newer-replicator").start(this::receive);
        api = HttpsServer.create(new InetSocketAddress(loopback, 0), 0);
        api.setHttpsConfigurator(new HttpsConfigurator(tls));
        api.createContext(
                "/",
                exchange -> {
                    try (exchange) {
                        var answer =
                                "{\"code\": \"unknown-call\", \"message\": \"version 2 speaks /api/v2\"}"
                                        .getBytes(StandardCharsets.UTF_8);
                        exchange.sendResponseHeaders(404, answer.length);
                        exchange.getResponseBody().write(answer);
                    }
                });
        api.start();
    }

    String api() {
        return "https://127.0.0.1:" + api.getAddress().getPort();
    }

    String replicator() {
        return "127.0.0.1:" + replicator.getLocalPort();
    }

    private void receive() {
        while (!replicator.isClosed()) {
            try (var agent = (SSLSocket) replicator.accept()) {
                agent.getInputStream().readNBytes(HELLO_FRAME_BYTES);
                turnAway(new DataOutputStream(agent.getOutputStream()));
                agent.shutdownOutput();
                agent.getInputStream().readAllBytes();
            } catch (IOException _) {
                // the agent hung up, or we were closed
            }
        }
    }

    private static void turnAway(DataOutputStream out) throws IOException {
        var code = "version-mismatch".getBytes(StandardCharsets.UTF_8);
        var message =
                "server speaks protocol versions 7 to 8, agent 1 to 1: upgrade the agent"
                        .getBytes(StandardCharsets.UTF_8);
        out.writeInt(2 + code.length + 2 + message.length + Integer.BYTES);
        out.writeInt(ERROR << 24);
        out.writeShort(code.length);
        out.write(code);
        out.writeShort(message.length);
        out.write(message);
        out.writeInt(LATER_MILLIS);
        out.flush();
    }

    @Override
    public void close() throws IOException {
        api.stop(0);
        replicator.close();
    }
}
