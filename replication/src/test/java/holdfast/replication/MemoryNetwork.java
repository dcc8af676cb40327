package holdfast.replication;

import holdfast.base.Network;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/// A network within the process: connections are pairs of bounded pipes, so a peer that does not
/// read stops the other's writes as it would on a real one.
final class MemoryNetwork implements Network {
    private final ConcurrentHashMap<SocketAddress, MemoryListener> listeners =
            new ConcurrentHashMap<>();

    @Override
    public Listener listen(SocketAddress address) throws IOException {
        var listener = new MemoryListener(address);
        if (listeners.putIfAbsent(address, listener) != null) {
            throw new BindException(address + " is taken");
        }
        return listener;
    }

    @Override
    public Connection connect(SocketAddress address, Duration timeout) throws IOException {
        var listener = listeners.get(address);
        if (listener == null) {
            throw new ConnectException("nobody listens on " + address);
        }
        var there = new Pipe();
        var back = new Pipe();
        listener.arrived.add(Optional.of(new MemoryConnection(address, there, back)));
        return new MemoryConnection(address, back, there);
    }

    private final class MemoryListener implements Listener {
        private final LinkedBlockingQueue<Optional<Connection>> arrived =
                new LinkedBlockingQueue<>();
        private final SocketAddress address;

        MemoryListener(SocketAddress address) {
            this.address = address;
        }

        @Override
        public Connection accept() throws IOException {
            try {
                return arrived.take().orElseThrow(() -> new SocketException("listener closed"));
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public SocketAddress address() {
            return address;
        }

        @Override
        public void close() {
            listeners.remove(address);
            arrived.add(Optional.empty());
        }
    }

    private record MemoryConnection(SocketAddress peer, Pipe in, Pipe out) implements Connection {
        @Override
        public InputStream input() {
            return new InputStream() {
                @Override
                public int read() throws IOException {
                    var one = new byte[1];
                    return in.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    return length == 0 ? 0 : in.read(bytes, offset, length);
                }
            };
        }

        @Override
        public OutputStream output() {
            return new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    out.write(new byte[] {(byte) b}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    out.write(bytes, offset, length);
                }
            };
        }

        @Override
        public void readTimeout(Duration timeout) {
            in.timeout = timeout;
        }

        @Override
        public void close() {
            in.end(true);
            out.end(false);
        }
    }

    private static final class Pipe {
        private static final int CAPACITY = 64 << 10;

        private final ArrayDeque<byte[]> chunks = new ArrayDeque<>();
        private int size;
        private int consumed;
        private boolean ended;
        private boolean abandoned;
        private volatile Duration timeout = Duration.ZERO;

        synchronized void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                for (var at = offset; at < offset + length; ) {
                    while (size >= CAPACITY && !ended) {
                        wait();
                    }
                    if (ended) {
                        throw new SocketException("broken pipe");
                    }
                    var part = Math.min(CAPACITY - size, offset + length - at);
                    chunks.add(Arrays.copyOfRange(bytes, at, at + part));
                    size += part;
                    at += part;
                    notifyAll();
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        synchronized int read(byte[] bytes, int offset, int length) throws IOException {
            var deadline = System.nanoTime() + timeout.toNanos();
            try {
                while (size == 0 && !ended) {
                    var left = (deadline - System.nanoTime()) / 1_000_000 + 1;
                    if (!timeout.isZero() && left <= 0) {
                        throw new SocketTimeoutException("read timed out");
                    }
                    wait(timeout.isZero() ? 0 : left);
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            if (abandoned) {
                throw new SocketException("connection closed");
            }
            if (size == 0) {
                return -1;
            }
            var chunk = chunks.element();
            var part = Math.min(length, chunk.length - consumed);
            System.arraycopy(chunk, consumed, bytes, offset, part);
            consumed += part;
            size -= part;
            if (consumed == chunk.length) {
                chunks.remove();
                consumed = 0;
            }
            notifyAll();
            return part;
        }

        /// @param byReader whether what is on its way is of no more interest
        synchronized void end(boolean byReader) {
            ended = true;
            abandoned |= byReader;
            notifyAll();
        }
    }
}
