package holdfast.replication;

import holdfast.base.Network;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// TLS 1.3 with certificates on both sides over any connection. One thread may read while another
/// writes; closing from a third ends both. Owns the connection beneath.
final class TlsConnection implements Network.Connection {
    private static final String[] PROTOCOLS = {"TLSv1.3"};

    private final Network.Connection raw;
    private final ConnectionSocket counted;
    private final SSLSocket socket;
    private final InputStream input;
    private final OutputStream output;

    private TlsConnection(Network.Connection raw, ConnectionSocket counted, SSLSocket socket)
            throws IOException {
        this.raw = raw;
        this.counted = counted;
        this.socket = socket;
        this.input = socket.getInputStream(); // now, since a closed socket gives none
        this.output = socket.getOutputStream();
    }

    /// The side that dialled. Nothing is sent before [#handshake].
    static TlsConnection client(SSLContext tls, Network.Connection raw) throws IOException {
        return layer(tls, raw, true);
    }

    /// The side that was dialled; demands a certificate of the other.
    static TlsConnection server(SSLContext tls, Network.Connection raw) throws IOException {
        return layer(tls, raw, false);
    }

    private static TlsConnection layer(SSLContext tls, Network.Connection raw, boolean client)
            throws IOException {
        var counted = new ConnectionSocket(raw);
        var socket = (SSLSocket) tls.getSocketFactory().createSocket(counted, "", 0, true);
        socket.setUseClientMode(client);
        socket.setNeedClientAuth(!client);
        socket.setEnabledProtocols(PROTOCOLS);
        return new TlsConnection(raw, counted, socket);
    }

    /// Agrees on keys and checks the peer's certificate.
    ///
    /// @throws javax.net.ssl.SSLException if the peer speaks something else or is not trusted
    void handshake() throws IOException {
        socket.startHandshake();
    }

    /// The certificate that the peer proved to hold the key of; after [#handshake].
    X509Certificate peerCertificate() throws IOException {
        return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }

    @Override
    public InputStream input() {
        return input;
    }

    @Override
    public OutputStream output() {
        return output;
    }

    /// Tells the peer that nothing more comes; reading goes on.
    void finishOutput() throws IOException {
        socket.shutdownOutput();
    }

    /// Bytes handed to the network so far, TLS's own included.
    long sentBytes() {
        return counted.sentBytes();
    }

    /// Bytes that came from the network so far, TLS's own included.
    long receivedBytes() {
        return counted.receivedBytes();
    }

    @Override
    public SocketAddress peer() {
        return raw.peer();
    }

    @Override
    public void readTimeout(Duration timeout) throws IOException {
        socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
    }

    /// Closes the connection beneath without a word: TLS would wait for a writer that is stuck.
    @Override
    public void close() throws IOException {
        raw.close();
    }
}
