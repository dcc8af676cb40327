package holdfast.replication;

import holdfast.base.TimeSource;
import holdfast.replication.certificates.PeerCertificate;
import holdfast.replication.certificates.UntrustedCertificateException;
import java.io.BufferedInputStream;
import java.io.IOException;

/// The replicator's part of the opening: TLS, versions, the certificate's dates, and what the agent
/// has.
final class Reception {
    private static final int BUFFER_BYTES = 32 << 10;

    private Reception() {}

    /// Waits as long as the agent takes; whoever calls closes the connection when that is too long.
    ///
    /// @throws TurnedAwayException if the agent is to be told why it cannot have a session
    /// @throws javax.net.ssl.SSLException if it could not show a certificate of this installation
    static Arrival receive(TlsConnection connection, TimeSource time)
            throws IOException, TurnedAwayException {
        connection.handshake();
        var certificate = new PeerCertificate(connection.peerCertificate());
        var heard = new HeardInput(connection.input(), time);
        var frames = new FrameDecoder(new BufferedInputStream(heard, BUFFER_BYTES));
        try {
            if (!(next(frames) instanceof Frame.Hello(var min, var max))) {
                throw new ProtocolException("the first frame is not HELLO");
            }
            if (min > Wire.VERSION_MAX || max < Wire.VERSION_MIN) {
                throw new TurnedAwayException(Failures.version(min, max));
            }
            try {
                certificate.checkValid(time.now());
            } catch (UntrustedCertificateException e) {
                throw new TurnedAwayException(Failures.certificate(e));
            }
            var version = Math.min(max, Wire.VERSION_MAX);
            send(connection, new Frame.Agreed(version));
            frames.agreed(version);
            if (!(next(frames) instanceof Frame.Begin begin)) {
                throw new ProtocolException("the second frame is not BEGIN");
            }
            return new Arrival(connection, heard, frames, certificate, version, begin);
        } catch (ProtocolException e) {
            throw new TurnedAwayException(Failures.protocol(e));
        }
    }

    /// Sends one frame outside a session.
    static void send(TlsConnection connection, Frame frame) throws IOException {
        var out = new WireOutput();
        FrameEncoder.encode(frame, out);
        out.writeTo(connection.output());
    }

    private static Frame next(FrameDecoder frames) throws IOException {
        return frames.next(Allowance.NONE)
                .orElseThrow(() -> new IOException("connection ended during the opening"));
    }
}
