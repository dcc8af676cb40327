package holdfast.nbd;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;

/// A server on a free port, with a disk that is exported writable as `disk` and read-only as
/// `point`.
final class TestServer implements AutoCloseable {
    static final long DISK_BYTES = 64 << 20;

    /// The standard ones, but with time enough on a machine that does other things.
    static final NbdLimits PATIENT =
            new NbdLimits(128, 64, 8 << 20, Duration.ofMinutes(5), Duration.ofMinutes(5));

    final MemoryDisk disk = new MemoryDisk(DISK_BYTES);
    final FakeExports exports =
            new FakeExports().with("disk", disk::branch).with("point", disk::readOnly);
    final NbdServer server;
    final SocketAddress address;

    TestServer() throws IOException {
        this(PATIENT, TimeSource.system(), new Tls.Off());
    }

    TestServer(NbdLimits limits, TimeSource time, Tls tls) throws IOException {
        server = new NbdServer(Network.system(), time, exports, limits);
        address = listen(tls);
    }

    SocketAddress listen(Tls tls) throws IOException {
        return server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls);
    }

    NbdClient connect() throws IOException {
        return new NbdClient(address);
    }

    NbdClient structured(String export) throws IOException {
        return NbdClient.structured(address, export);
    }

    NbdClient simple(String export) throws IOException {
        return NbdClient.simple(address, export);
    }

    @Override
    public void close() {
        server.close();
    }
}
