package holdfast.simulation;

import holdfast.base.Network;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;

/// One end of a connection. Its packets leave at once and arrive one after the other; what has
/// arrived waits here until the program reads it.
final class SimConnection implements Network.Connection {
    /// Sent and not yet read by the peer's program: both sides' buffers together.
    private static final int WINDOW_BYTES = 192 << 10;

    private static final int PACKET_BYTES = 32 << 10;

    private final SimNetwork network;
    private final SimProcess process;
    private final SocketAddress address;
    private final Signal changed;

    private final ArrayDeque<byte[]> received = new ArrayDeque<>();
    private int consumed;

    private final ArrayDeque<Packet> underWay = new ArrayDeque<>();
    private boolean delivering;
    private long unreadByPeer;

    @SuppressWarnings("NullAway.Init") // set by join, before anybody has it
    private SimConnection other;

    private Duration readTimeout = Duration.ZERO;
    private boolean ended;
    private boolean reset;
    private boolean closed;
    private boolean forgotten;

    private enum Kind {
        DATA,
        END,
        RESET
    }

    private record Packet(Kind kind, byte[] data, long arrivesNanos) {}

    SimConnection(SimNetwork network, SimProcess process, SocketAddress address) {
        this.network = network;
        this.process = process;
        this.address = address;
        this.changed = new Signal(network.scheduler);
    }

    void join(SimConnection peer) {
        other = peer;
        peer.other = this;
        network.opened(this);
        network.opened(peer);
    }

    SimProcess process() {
        return process;
    }

    SimConnection other() {
        return other;
    }

    /// A middlebox drops the packets of both directions from now on.
    void forget() {
        forgotten = true;
        other.forgotten = true;
    }

    /// The kernel was told that the peer does not know this connection.
    void reset() {
        reset = true;
        changed.all();
    }

    /// The process is gone. Its machine's kernel tells the peer, unless that is gone as well.
    void processEnded() {
        if (process.host().isPowered()) {
            close();
        } else {
            closed = true;
            network.closed(this);
        }
    }

    @Override
    public InputStream input() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                var one = new byte[1];
                return SimConnection.this.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                return length == 0 ? 0 : SimConnection.this.read(bytes, offset, length);
            }
        };
    }

    @Override
    public OutputStream output() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                SimConnection.this.write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                SimConnection.this.write(bytes, offset, length);
            }
        };
    }

    private int read(byte[] bytes, int offset, int length) throws IOException {
        var until =
                readTimeout.isZero()
                        ? Signal.NEVER
                        : network.scheduler.nanos() + readTimeout.toNanos();
        while (received.isEmpty() && !ended && !closed && !reset) {
            if (!await(until) && network.scheduler.nanos() >= until) {
                throw new SocketTimeoutException("read timed out");
            }
        }
        check();
        if (received.isEmpty()) {
            return -1;
        }
        var packet = received.element();
        var count = Math.min(length, packet.length - consumed);
        System.arraycopy(packet, consumed, bytes, offset, count);
        consumed += count;
        if (consumed == packet.length) {
            received.remove();
            consumed = 0;
        }
        other.unreadByPeer -= count;
        other.changed.all();
        return count;
    }

    private void write(byte[] bytes, int offset, int length) throws IOException {
        for (var at = offset; at < offset + length; ) {
            check();
            if (unreadByPeer >= WINDOW_BYTES) {
                await(Signal.NEVER);
                continue;
            }
            var count = Math.min(PACKET_BYTES, offset + length - at);
            unreadByPeer += count;
            send(Kind.DATA, Arrays.copyOfRange(bytes, at, at + count));
            at += count;
        }
    }

    /// An interrupt closes the connection, as it does for the JDK's sockets on virtual threads.
    private boolean await(long untilNanos) throws SocketException {
        try {
            return changed.await(untilNanos);
        } catch (InterruptedException _) {
            close();
            Thread.currentThread().interrupt();
            throw new SocketException("closed by interrupt");
        }
    }

    private void check() throws SocketException {
        if (closed) {
            throw new SocketException("socket closed");
        }
        if (reset) {
            throw new SocketException("connection reset");
        }
    }

    private void send(Kind kind, byte[] data) {
        var from = process.host();
        var to = other.process.host();
        var last = underWay.isEmpty() ? 0 : underWay.getLast().arrivesNanos();
        var arrives = network.scheduler.nanos() + network.delayNanos(from, to);
        underWay.add(new Packet(kind, data, Math.max(last, arrives)));
        if (!delivering) {
            delivering = true;
            network.scheduler.at(underWay.getFirst().arrivesNanos(), this::deliver);
        }
    }

    /// The first packet under way arrives, or is sent again a little later.
    private void deliver() {
        if (forgotten || reset) {
            underWay.clear();
        }
        if (underWay.isEmpty()) {
            delivering = false;
            return;
        }
        if (!network.passes(process.host(), other.process.host())
                || !other.process.host().isPowered()) {
            network.scheduler.after(network.retransmitNanos(), this::deliver);
            return;
        }
        var packet = underWay.remove();
        network.scheduler.note(packet.data().length);
        if (other.closed) {
            if (packet.kind() != Kind.RESET) {
                reset(); // there is nobody to take it
            }
        } else {
            switch (packet.kind()) {
                case DATA -> other.received.add(packet.data());
                case END -> other.ended = true;
                case RESET -> other.reset = true;
            }
            other.changed.all();
        }
        if (underWay.isEmpty() || reset) {
            delivering = false;
        } else {
            network.scheduler.at(underWay.getFirst().arrivesNanos(), this::deliver);
        }
    }

    @Override
    public SocketAddress peer() {
        return address;
    }

    @Override
    public void readTimeout(Duration timeout) {
        readTimeout = timeout;
    }

    /// What was written still travels; closing with data unread resets (RFC 2525 §2.17).
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        network.closed(this);
        send(received.isEmpty() ? Kind.END : Kind.RESET, new byte[0]);
        changed.all();
    }
}
