package holdfast.simulation;

import holdfast.base.Network;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/// TCP as programs see it: what arrives is in order and whole, but it may come late, not at all
/// while the way is cut, and never again when a middlebox has forgotten the connection. Nobody is
/// told of a cut; of a peer that died, one is told when packets get through.
final class SimNetwork {
    private static final long RETRANSMIT_NANOS = Duration.ofMillis(700).toNanos();

    final Scheduler scheduler;
    private final SplittableRandom random;
    private final Map<Place, SimListener> listeners = new LinkedHashMap<>();
    private final Set<SimHost> cutOff = new HashSet<>();
    private final List<SimConnection> connections = new ArrayList<>();
    private long slownessNanos;

    SimNetwork(Scheduler scheduler, SplittableRandom random) {
        this.scheduler = scheduler;
        this.random = random;
    }

    /// Where somebody listens: a Unix socket is its machine's own.
    private record Place(SocketAddress address, String host) {
        static Place of(SocketAddress address, SimProcess process) {
            return new Place(
                    address,
                    address instanceof UnixDomainSocketAddress ? process.host().toString() : "");
        }
    }

    Network of(SimProcess process) {
        return new View(this, process);
    }

    /// Packets from and to the machine are lost until it is joined again.
    void cut(SimHost host) {
        cutOff.add(host);
    }

    void join(SimHost host) {
        cutOff.remove(host);
    }

    /// Added to each packet's way.
    void slow(Duration slowness) {
        slownessNanos = slowness.toNanos();
    }

    /// Ends connections of the machine as a firewall does.
    ///
    /// @param silently packets vanish; else one side, or both, is told by a reset
    void breakConnections(SimHost host, boolean silently, boolean bothSides) {
        for (var connection : List.copyOf(connections)) {
            if (connection.process().host() == host) {
                if (silently) {
                    connection.forget();
                } else {
                    connection.reset();
                    if (bothSides) {
                        connection.other().reset();
                    }
                }
            }
        }
    }

    boolean passes(SimHost from, SimHost to) {
        return from == to || !cutOff.contains(from) && !cutOff.contains(to);
    }

    long delayNanos(SimHost from, SimHost to) {
        return from == to ? 20_000 : 100_000 + random.nextLong(900_000) + slownessNanos;
    }

    long retransmitNanos() {
        return RETRANSMIT_NANOS / 2 + random.nextLong(RETRANSMIT_NANOS);
    }

    void opened(SimConnection connection) {
        connections.add(connection);
        connection.process().whenEnded(connection::processEnded);
    }

    void closed(SimConnection connection) {
        connections.remove(connection);
    }

    private record View(SimNetwork network, SimProcess process) implements Network {
        @Override
        public Listener listen(SocketAddress address) throws IOException {
            return network.listen(process, address);
        }

        @Override
        public Connection connect(SocketAddress address, Duration timeout) throws IOException {
            return network.connect(process, address, timeout);
        }
    }

    private Network.Listener listen(SimProcess process, SocketAddress address)
            throws BindException {
        var listener = new SimListener(process, address);
        if (listeners.putIfAbsent(Place.of(address, process), listener) != null) {
            throw new BindException(address + " is taken");
        }
        process.whenEnded(listener::close);
        return listener;
    }

    private Network.Connection connect(SimProcess process, SocketAddress address, Duration timeout)
            throws IOException {
        var until = scheduler.nanos() + timeout.toNanos();
        while (true) {
            scheduler.sleepThroughInterrupts(50_000);
            var listener = listeners.get(Place.of(address, process));
            if (listener == null) {
                if (address instanceof UnixDomainSocketAddress) {
                    throw new ConnectException("nobody listens on " + address);
                }
                scheduler.sleepThroughInterrupts(delayNanos(process.host(), process.host()));
                throw new ConnectException("connection to " + address + " refused");
            }
            if (passes(process.host(), listener.process.host())) {
                scheduler.sleepThroughInterrupts(
                        2 * delayNanos(process.host(), listener.process.host()));
                if (listener.closed) {
                    throw new ConnectException("connection to " + address + " refused");
                }
                var ours = new SimConnection(this, process, address);
                var theirs = new SimConnection(this, listener.process, address);
                ours.join(theirs);
                listener.arrived.add(theirs);
                listener.changed.all();
                return ours;
            }
            if (scheduler.nanos() >= until) {
                throw new ConnectException("connecting to " + address + " timed out");
            }
            scheduler.sleepThroughInterrupts(Math.min(1_000_000_000L, timeout.toNanos()));
        }
    }

    private final class SimListener implements Network.Listener {
        private final SimProcess process;
        private final SocketAddress address;
        private final ArrayDeque<SimConnection> arrived = new ArrayDeque<>();
        private final Signal changed = new Signal(scheduler);
        private boolean closed;

        SimListener(SimProcess process, SocketAddress address) {
            this.process = process;
            this.address = address;
        }

        @Override
        public Network.Connection accept() throws IOException {
            while (!closed && arrived.isEmpty()) {
                try {
                    changed.await(Signal.NEVER);
                } catch (InterruptedException _) {
                    close();
                    Thread.currentThread().interrupt();
                }
            }
            if (closed) {
                throw new SocketException("listener closed");
            }
            return arrived.remove();
        }

        @Override
        public SocketAddress address() {
            return address;
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                listeners.remove(Place.of(address, process));
                arrived.forEach(SimConnection::processEnded);
                arrived.clear();
                changed.all();
            }
        }
    }
}
