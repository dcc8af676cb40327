package holdfast.replication;

import holdfast.base.Network;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.Identity;
import holdfast.replication.certificates.TlsContexts;
import holdfast.replication.certificates.UntrustedCertificateException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLException;

/// Makes an agent's links to its replicator. Safe for any thread.
///
/// @param identity by which the replicator knows the agent
/// @param limit on what the links send
public record ReplicationLinks(
        Network network,
        TimeSource time,
        RandomSource random,
        Identity identity,
        BandwidthLimit limit) {
    private static final Duration DIAL_TIMEOUT = Duration.ofSeconds(10);

    /// A replicator that is alive says something every five seconds.
    private static final Duration SILENCE_MAX = Duration.ofSeconds(30);

    private static final int BUFFER_BYTES = 16 << 10;

    /// Opens a session.
    ///
    /// @param disks what is to be replicated, in the order by which the session will name them
    /// @throws SessionEndedException if the replicator is there and will not have the agent; it
    ///   says why, and when to try again
    /// @throws IOException if it cannot be reached, or one side does not trust the other; the
    ///   message says what to do
    public ReplicationLink connect(
            SocketAddress address, MachineFacts machine, List<DiskFacts> disks) throws IOException {
        return dial(address, machine, disks);
    }

    /// Opens a failback client's session.
    ///
    /// @param disks what is to be written, each with the name of the branch that it is to equal
    /// @throws IOException as [#connect], also if the replicator is too old to be followed
    public BranchLink follow(SocketAddress address, MachineFacts machine, List<DiskFacts> disks)
            throws IOException {
        var link = dial(address, machine, disks);
        if (link.version() < Wire.VERSION_FAILBACK) {
            link.close();
            throw new IOException(
                    "the server speaks protocol version "
                            + link.version()
                            + ", in which branches cannot be followed: upgrade the server");
        }
        return link;
    }

    private PeerLink dial(SocketAddress address, MachineFacts machine, List<DiskFacts> disks)
            throws IOException {
        try {
            identity.checkValid(time.now());
        } catch (UntrustedCertificateException e) {
            throw new IOException("this agent's " + e.getMessage(), e);
        }
        var raw = network.connect(address, DIAL_TIMEOUT);
        try {
            return open(raw, machine, disks);
        } catch (SSLException e) {
            raw.close();
            throw explained(address, e);
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    private PeerLink open(Network.Connection raw, MachineFacts machine, List<DiskFacts> disks)
            throws IOException {
        var tls = TlsContexts.agent(identity, time, random);
        var connection = TlsConnection.client(tls, raw);
        connection.readTimeout(SILENCE_MAX);
        connection.handshake();
        var frames = new FrameDecoder(new BufferedInputStream(connection.input(), BUFFER_BYTES));
        send(connection, new Frame.Hello(Wire.VERSION_MIN, Wire.VERSION_MAX));
        if (!(next(frames) instanceof Frame.Agreed(var version))) {
            throw new ProtocolException("the replicator's first frame is not AGREED");
        }
        if (version < Wire.VERSION_MIN || version > Wire.VERSION_MAX) {
            throw new ProtocolException(
                    "the replicator chose protocol version "
                            + version
                            + ", this agent speaks "
                            + Wire.VERSION_MIN
                            + " to "
                            + Wire.VERSION_MAX
                            + ": upgrade the agent");
        }
        frames.agreed(version);
        send(connection, new Frame.Begin(machine, disks, version));
        if (!(next(frames) instanceof Frame.Began began)
                || began.session().disks().size() != disks.size()) {
            throw new ProtocolException("the replicator did not begin a session of these disks");
        }
        return PeerLink.start(began, connection, frames, version, limit, time);
    }

    private static void send(TlsConnection connection, Frame frame) throws IOException {
        var out = new WireOutput();
        FrameEncoder.encode(frame, out);
        out.writeTo(connection.output());
    }

    private static Frame next(FrameDecoder frames) throws IOException {
        var frame =
                frames.next(Allowance.NONE)
                        .orElseThrow(() -> new IOException("the replicator closed the connection"));
        if (frame instanceof Frame.Failure failure) {
            throw new SessionEndedException(failure);
        }
        return frame;
    }

    private IOException explained(SocketAddress address, SSLException e) {
        var untrusted = UntrustedCertificateException.in(e);
        if (untrusted.isPresent()) {
            return new IOException(
                    "the replicator at " + address + ": " + untrusted.get().getMessage(), e);
        }
        // The JDK tells the peer's objection (RFC 8446 §6.2) in the text of its exception only.
        var refused = String.valueOf(e.getMessage()).contains("Received fatal alert");
        return new IOException(
                refused
                        ? "the replicator at "
                                + address
                                + " does not accept the certificate of '"
                                + identity.name()
                                + "', issued by '"
                                + identity.certificate().getIssuerX500Principal().getName()
                                + "': it belongs to another installation; enrol again with a new"
                                + " token ("
                                + e.getMessage()
                                + ")"
                        : address + " does not speak Holdfast's protocol: " + e.getMessage(),
                e);
    }
}
