package holdfast.nbd;

import static java.nio.charset.StandardCharsets.US_ASCII;

import holdfast.base.Network.Connection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/// A certificate authority for one test, a server and a client certificate of it, and TLS over any
/// connection with them.
final class TestTls {
    private static final char[] PASSWORD = "changeit".toCharArray();

    private final Path folder;

    /// Makes the certificates with the JDK's `keytool`, and the PEM files that GnuTLS clients
    /// (libnbd, QEMU) look for: `ca-cert.pem`, `client-cert.pem`, `client-key.pem`.
    TestTls(Path folder) throws IOException, GeneralSecurityException, InterruptedException {
        this.folder = folder;
        makePair("ca", "-ext", "bc:c", "-dname", "CN=test authority");
        makePair("server", "-signer", "ca", "-dname", "CN=localhost", "-ext", "san=dns:localhost");
        makePair("client", "-signer", "ca", "-dname", "CN=client");
        var keys = keys();
        writePem("ca-cert", "CERTIFICATE", keys.getCertificate("ca").getEncoded());
        writePem("client-cert", "CERTIFICATE", keys.getCertificate("client").getEncoded());
        writePem("client-key", "PRIVATE KEY", keys.getKey("client", PASSWORD).getEncoded());
    }

    /// The server's side: TLS 1.3 with mutual certificates.
    Connection accept(Connection plain) throws IOException {
        var socket =
                (SSLSocket)
                        context("server")
                                .getSocketFactory()
                                .createSocket(new StreamSocket(plain), null, true);
        socket.setNeedClientAuth(true);
        return start(socket, plain);
    }

    Connection connect(Connection plain, String alias) throws IOException {
        var socket =
                (SSLSocket)
                        context(alias)
                                .getSocketFactory()
                                .createSocket(new StreamSocket(plain), "localhost", 1, true);
        return start(socket, plain);
    }

    private static Connection start(SSLSocket socket, Connection plain) throws IOException {
        socket.setEnabledProtocols(new String[] {"TLSv1.3"});
        socket.startHandshake();
        return new SecuredConnection(
                socket, plain, socket.getInputStream(), socket.getOutputStream());
    }

    /// With the key of one alias, trusting the authority.
    private SSLContext context(String alias) {
        try {
            var own = KeyStore.getInstance("PKCS12");
            own.load(null, null);
            var all = keys();
            if (all.isKeyEntry(alias)) {
                var chain = new Certificate[] {all.getCertificate(alias)};
                own.setKeyEntry(alias, all.getKey(alias, PASSWORD), PASSWORD, chain);
            }
            var trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("ca", all.getCertificate("ca"));
            var keyManagers = KeyManagerFactory.getInstance("PKIX");
            keyManagers.init(own, PASSWORD);
            var trustManagers = TrustManagerFactory.getInstance("PKIX");
            trustManagers.init(trusted);
            var context = SSLContext.getInstance("TLS");
            context.init(keyManagers.getKeyManagers(), trustManagers.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private KeyStore keys() throws GeneralSecurityException, IOException {
        return KeyStore.getInstance(folder.resolve("keys.p12").toFile(), PASSWORD);
    }

    /// Ed25519, since GnuTLS does not read EC keys as the JDK writes them, and does not offer an
    /// RSA certificate to the JDK over TLS 1.3.
    private void makePair(String alias, String... more) throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.add("-J-XX:TieredStopAtLevel=1"); // it lives for a second
        command.addAll(List.of("-genkeypair", "-alias", alias, "-keyalg", "Ed25519"));
        command.addAll(List.of("-storepass", new String(PASSWORD), "-storetype", "PKCS12"));
        command.addAll(List.of("-keystore", folder.resolve("keys.p12").toString()));
        command.addAll(List.of(more));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes(), US_ASCII);
        if (process.waitFor() != 0) {
            throw new IOException(output);
        }
    }

    private void writePem(String file, String kind, byte[] bytes) throws IOException {
        var lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        var text = "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(kind, lines, kind);
        Files.writeString(folder.resolve(file + ".pem"), text);
    }

    private record SecuredConnection(
            SSLSocket socket, Connection plain, InputStream input, OutputStream output)
            implements Connection {
        @Override
        public SocketAddress peer() {
            return plain.peer();
        }

        @Override
        public void readTimeout(Duration timeout) throws IOException {
            plain.readTimeout(timeout);
        }

        /// Says goodbye first: `close` alone would send the alert `user_canceled` ahead, which
        /// GnuTLS takes for a failure.
        @Override
        public void close() throws IOException {
            try (socket) {
                if (!socket.isOutputShutdown()) {
                    socket.shutdownOutput();
                }
            }
        }
    }

    /// What [SSLSocket] asks of the socket below it.
    private static final class StreamSocket extends Socket {
        private final Connection connection;

        StreamSocket(Connection connection) {
            this.connection = connection;
        }

        @Override
        public boolean isConnected() {
            return true;
        }

        @Override
        public InputStream getInputStream() {
            return connection.input();
        }

        @Override
        public OutputStream getOutputStream() {
            return connection.output();
        }

        /// A connection has no half-closed state; TLS has its own.
        @Override
        public void shutdownInput() {}

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() throws IOException {
            connection.close();
        }
    }
}
