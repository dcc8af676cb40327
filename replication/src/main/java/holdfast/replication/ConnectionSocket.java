package holdfast.replication;

import holdfast.base.Network;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A connection in the shape of a socket, so that the JDK's TLS can be layered over it. Has what
/// that needs, and counts what is sent and what comes.
///
/// A [Network.Connection] knows no half-close; TLS tells the end of one direction by itself
/// (close_notify, RFC 8446 §6.1), so shutting down the output leaves the connection as it is.
final class ConnectionSocket extends Socket {
    private final Network.Connection connection;
    private final CountingOutput output;
    private final CountingInput input;
    private volatile boolean closed;
    private volatile boolean outputShut;
    private volatile int timeoutMillis;

    ConnectionSocket(Network.Connection connection) throws SocketException {
        super((SocketImpl) null); // no socket of the JDK's behind this one
        this.connection = connection;
        this.output = new CountingOutput(connection.output());
        this.input = new CountingInput(connection.input());
    }

    long sentBytes() {
        return output.sentBytes.get();
    }

    long receivedBytes() {
        return input.receivedBytes.get();
    }

    @Override
    public InputStream getInputStream() {
        return input;
    }

    @Override
    public OutputStream getOutputStream() {
        return output;
    }

    @Override
    public boolean isConnected() {
        return true;
    }

    @Override
    public boolean isBound() {
        return true;
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public boolean isInputShutdown() {
        return closed;
    }

    @Override
    public boolean isOutputShutdown() {
        return closed || outputShut;
    }

    @Override
    public void shutdownInput() {}

    @Override
    public void shutdownOutput() {
        outputShut = true;
    }

    @Override
    public void setSoTimeout(int timeoutMillis) throws SocketException {
        try {
            connection.readTimeout(Duration.ofMillis(timeoutMillis));
        } catch (SocketException e) {
            throw e;
        } catch (IOException e) {
            throw new SocketException(e);
        }
        this.timeoutMillis = timeoutMillis;
    }

    @Override
    public int getSoTimeout() {
        return timeoutMillis;
    }

    @Override
    public int getSoLinger() {
        return -1;
    }

    @Override
    public @Nullable SocketAddress getRemoteSocketAddress() {
        return connection.peer();
    }

    @Override
    public @Nullable InetAddress getInetAddress() {
        return connection.peer() instanceof InetSocketAddress address ? address.getAddress() : null;
    }

    @Override
    public int getPort() {
        return connection.peer() instanceof InetSocketAddress address ? address.getPort() : 0;
    }

    /// Leaves the connection open. TLS closes its socket right after it told the peer what was
    /// wrong; closing the connection with data unread would take that message back (RFC 9293
    /// §3.10.4), so its owner reads on for a while.
    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String toString() {
        return "ConnectionSocket[" + connection.peer() + "]";
    }

    private static final class CountingInput extends FilterInputStream {
        private final AtomicLong receivedBytes = new AtomicLong();

        CountingInput(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            var value = in.read();
            receivedBytes.addAndGet(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            var read = in.read(bytes, offset, length);
            receivedBytes.addAndGet(Math.max(0, read));
            return read;
        }
    }

    private static final class CountingOutput extends FilterOutputStream {
        private final AtomicLong sentBytes = new AtomicLong();

        CountingOutput(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            sentBytes.incrementAndGet();
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
            sentBytes.addAndGet(length);
        }
    }
}
