package holdfast.base;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.time.Duration;

/// The machine's own network: sockets for TCP, channels for Unix sockets (the JDK offers no other).
enum SystemNetwork implements Network {
    INSTANCE;

    private static final int BACKLOG = 128;

    @Override
    public Listener listen(SocketAddress address) throws IOException {
        return address instanceof UnixDomainSocketAddress unix
                ? new UnixListener(bindUnix(unix), unix)
                : new TcpListener(bindTcp((InetSocketAddress) address));
    }

    @Override
    public Connection connect(SocketAddress address, Duration timeout) throws IOException {
        if (address instanceof UnixDomainSocketAddress unix) {
            return new UnixConnection(SocketChannel.open(unix));
        }
        var socket = new Socket();
        try {
            socket.connect(address, Math.toIntExact(timeout.toMillis()));
            return new TcpConnection(tuned(socket));
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private static ServerSocket bindTcp(InetSocketAddress address) throws IOException {
        var socket = new ServerSocket();
        try {
            socket.setReuseAddress(true);
            socket.bind(address, BACKLOG);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private static ServerSocketChannel bindUnix(UnixDomainSocketAddress address)
            throws IOException {
        if (Files.exists(address.getPath())) {
            try (var _ = SocketChannel.open(address)) {
                throw new BindException(address + ": another process listens there");
            } catch (ConnectException _) {
                Files.delete(address.getPath()); // left behind by a process that was killed
            }
        }
        var channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            return channel.bind(address, BACKLOG);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static Socket tuned(Socket socket) throws IOException {
        socket.setTcpNoDelay(true); // we write whole frames; waiting for more only adds latency
        socket.setKeepAlive(true);
        return socket;
    }

    private record TcpListener(ServerSocket socket) implements Listener {
        @Override
        public Connection accept() throws IOException {
            return new TcpConnection(tuned(socket.accept()));
        }

        @Override
        public SocketAddress address() {
            return socket.getLocalSocketAddress();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private record TcpConnection(Socket socket, InputStream input, OutputStream output)
            implements Connection {
        TcpConnection(Socket socket) throws IOException {
            this(socket, socket.getInputStream(), socket.getOutputStream());
        }

        @Override
        public SocketAddress peer() {
            return socket.getRemoteSocketAddress();
        }

        @Override
        public void readTimeout(Duration timeout) throws IOException {
            socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private record UnixListener(ServerSocketChannel channel, UnixDomainSocketAddress address)
            implements Listener {
        @Override
        public Connection accept() throws IOException {
            return new UnixConnection(channel.accept());
        }

        @Override
        public void close() throws IOException {
            channel.close();
            Files.deleteIfExists(address.getPath());
        }
    }

    private record UnixConnection(SocketChannel channel, InputStream input, OutputStream output)
            implements Connection {
        UnixConnection(SocketChannel channel) {
            this(channel, Channels.newInputStream(channel), Channels.newOutputStream(channel));
        }

        @Override
        public SocketAddress peer() {
            try {
                return channel.getRemoteAddress();
            } catch (IOException _) {
                return UnixDomainSocketAddress.of("");
            }
        }

        /// The JDK cannot bound reads of a Unix socket; the peer is on this machine, and the kernel
        /// tells us when it dies.
        @Override
        public void readTimeout(Duration timeout) {}

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
