package holdfast.base;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.time.Duration;

/// Stream connections over TCP ([java.net.InetSocketAddress]) and Unix sockets
/// ([java.net.UnixDomainSocketAddress]). Safe for any thread; all calls block, so run them on
/// virtual threads.
public interface Network {
    /// Starts to accept connections. An existing Unix socket file that nobody listens on is
    /// replaced.
    ///
    /// @throws java.net.BindException if the address is taken or not ours
    Listener listen(SocketAddress address) throws IOException;

    /// @throws IOException if the peer did not accept within `timeout`
    Connection connect(SocketAddress address, Duration timeout) throws IOException;

    /// The machine's own network.
    static Network system() {
        return SystemNetwork.INSTANCE;
    }

    /// A listening address. Closing ends a pending [#accept] with an exception.
    interface Listener extends AutoCloseable {
        Connection accept() throws IOException;

        /// The bound address: the real port when zero was asked for.
        SocketAddress address();

        @Override
        void close() throws IOException;
    }

    /// One connection. One thread may read while another writes; closing from a third ends both.
    interface Connection extends AutoCloseable {
        InputStream input();

        OutputStream output();

        /// Where the peer is, for logs.
        SocketAddress peer();

        /// Bounds every later read; a read that takes longer throws
        /// [java.net.SocketTimeoutException] and the connection stays usable. Zero waits for ever.
        void readTimeout(Duration timeout) throws IOException;

        @Override
        void close() throws IOException;
    }
}
