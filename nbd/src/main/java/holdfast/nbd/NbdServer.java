package holdfast.nbd;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import holdfast.base.Network;
import holdfast.base.Network.Connection;
import holdfast.base.Network.Listener;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// Serves volume views and branches as network block devices (docs/operations/nbd.md): fixed
/// newstyle handshake, simple and structured replies, `base:allocation`, TLS where asked for.
///
/// Owns its listeners and connections, and the views that connections opened. Borrows the exports.
/// Safe for any thread; closed once.
public final class NbdServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("holdfast.nbd");
    private static final Duration PAUSE_AFTER_FAILED_ACCEPT = Duration.ofSeconds(1);

    private final Network network;
    private final TimeSource time;
    private final Exports exports;
    private final NbdLimits limits;
    private final Buffers buffers = new Buffers();

    // Guarded by this
    private final List<Listener> listeners = new ArrayList<>();
    private final LinkedHashSet<NbdSession> sessions = new LinkedHashSet<>();
    private final Set<NbdSession> evicted = new HashSet<>();
    private long accepted;
    private boolean closed;

    public NbdServer(Network network, TimeSource time, Exports exports, NbdLimits limits) {
        this.network = network;
        this.time = time;
        this.exports = exports;
        this.limits = limits;
    }

    /// Serves on one more address, TCP or Unix, from now on.
    ///
    /// @return the bound address: the real port when zero was asked for
    /// @throws java.net.BindException if the address is taken or not ours
    public SocketAddress listen(SocketAddress address, Tls tls) throws IOException {
        var listener = network.listen(address);
        synchronized (this) {
            if (closed) {
                listener.close();
                throw new IllegalStateException("the server is closed");
            }
            listeners.add(listener);
        }
        Thread.ofVirtual().name("nbd-accept").start(() -> accept(listener, tls));
        LOG.log(INFO, "event=nbd-listening address=" + listener.address());
        return listener.address();
    }

    /// Ends all connections to an export that [Exports#open] no longer opens, and returns once the
    /// views they had are closed. Requests in work are finished, later ones answered with
    /// `ESHUTDOWN`; whoever does not take the answers within the grace of [NbdLimits] is cut off.
    public void disconnect(String export) {
        end(sessions(session -> session.export().equals(export)));
    }

    /// Accepts no more, and ends all connections as [#disconnect] does. Exports may be closed
    /// afterwards.
    @Override
    public void close() {
        List<Listener> ours;
        synchronized (this) {
            closed = true;
            ours = List.copyOf(listeners);
            listeners.clear();
        }
        for (var listener : ours) {
            try {
                listener.close();
            } catch (IOException e) {
                LOG.log(WARNING, line("nbd-listener-close-failed", listener, e));
            }
        }
        end(sessions(_ -> true));
    }

    private synchronized List<NbdSession> sessions(Predicate<NbdSession> which) {
        return Stream.concat(sessions.stream(), evicted.stream()).filter(which).toList();
    }

    private void end(List<NbdSession> ending) {
        ending.forEach(NbdSession::leave);
        Runnable cutAll = () -> ending.forEach(NbdSession::cut);
        try (var _ = new Deadline(time, limits.shutdownGrace(), "nbd-end", cutAll)) {
            ending.forEach(NbdSession::awaitIdle);
        }
        cutAll.run();
        ending.forEach(NbdSession::awaitEnd);
    }

    private void accept(Listener listener, Tls tls) {
        while (true) {
            try {
                admit(listener.accept(), tls);
            } catch (IOException e) {
                if (isClosed()) {
                    return;
                }
                // Out of file descriptors, most likely: may pass, and must not spin
                LOG.log(WARNING, line("nbd-accept-failed", listener, e));
                pause();
            }
        }
    }

    private static String line(String event, Listener listener, IOException e) {
        return String.format(
                Locale.ROOT,
                "event=%s address=%s reason=%s",
                event,
                listener.address(),
                Strings.quoted(String.valueOf(e.getMessage())));
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private void pause() {
        try {
            time.sleep(PAUSE_AFTER_FAILED_ACCEPT);
        } catch (InterruptedException _) {
            // nobody else has this thread: no meaning, no harm
        }
    }

    private void admit(Connection connection, Tls tls) throws IOException {
        NbdSession session;
        synchronized (this) {
            if (closed || (sessions.size() >= limits.connectionsMax() && !makeRoom())) {
                connection.close();
                return;
            }
            accepted++;
            var name = "nbd-" + accepted;
            session = new NbdSession(name, connection, tls, exports, limits, time, buffers);
            sessions.add(session);
        }
        session.start(() -> forget(session));
    }

    /// Gives up the client that has been shaking hands the longest, so that those who never finish
    /// cannot keep out those who would.
    private boolean makeRoom() {
        LOG.log(WARNING, "event=nbd-full connections=" + sessions.size());
        for (var session : sessions) { // oldest first
            if (session.handshaking()) {
                session.cut();
                sessions.remove(session);
                evicted.add(session);
                return true;
            }
        }
        return false;
    }

    private synchronized void forget(NbdSession session) {
        sessions.remove(session);
        evicted.remove(session);
    }
}
