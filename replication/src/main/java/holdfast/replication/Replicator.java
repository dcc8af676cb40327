package holdfast.replication;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.UntrustedCertificateException;
import holdfast.volume.BranchStore;
import holdfast.volume.ReplicaStore;
import holdfast.volume.StoreStatus;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;

/// The replication server: receives from agents over TLS, appends to the volume store, acknowledges
/// what is on stable storage. To a failback client it serves the branches of the one recovery
/// instance that it was admitted to.
///
/// An agent reaches the volumes of its own server and no others: the server is the one that its
/// certificate names, and requests name disks by their place in the session. What one agent may
/// have under way is bounded, and all of them together too. A server has one session: a newer one
/// ends the older, and begins when the older has handed its last to the store.
///
/// Owns its threads; borrows the store, which is closed after it. Started once, closed once.
public final class Replicator implements AutoCloseable {
    /// The port that agents expect.
    public static final int PORT = 1500;

    private static final System.Logger LOG = System.getLogger(Replicator.class.getName());
    private static final Duration TICK = Duration.ofSeconds(1);
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

    private final Network.Listener listener;
    private final SSLContext tls;
    private final Services services;
    private final Lobby lobby;
    private final Admissions admissions;
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(
                    Thread.ofVirtual().name("replication-", 0).factory());
    private final Thread watching;
    private volatile boolean closing;

    /// Bounds of what agents can make a replicator do.
    ///
    /// @param sessionsMax open at a time
    /// @param openingMax connections that have not begun a session yet
    /// @param openingTime how long those may take
    /// @param memoryBytes of data under way, of all sessions together; at least 513 KiB a session
    /// @param windowBytesMax of one session
    /// @param pulse how often an agent is asked whether it is there
    /// @param silence after which one that was not heard, or does not read, is cut off
    public record Limits(
            int sessionsMax,
            int openingMax,
            Duration openingTime,
            long memoryBytes,
            long windowBytesMax,
            Duration pulse,
            Duration silence) {
        public static final Limits DEFAULT =
                new Limits(
                        256,
                        256,
                        Duration.ofSeconds(20),
                        256L << 20,
                        16L << 20,
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(30));
    }

    private Replicator(Network.Listener listener, SSLContext tls, Services services) {
        var limits = services.limits();
        this.listener = listener;
        this.tls = tls;
        this.services = services;
        this.lobby = new Lobby(services.time(), limits.openingMax(), limits.openingTime());
        this.admissions = new Admissions(services);
        this.watching = Thread.ofVirtual().name("replication-watch").unstarted(this::watch);
    }

    /// Starts to listen.
    ///
    /// @param tls made by [holdfast.replication.certificates.TlsContexts#server]
    /// @param authority that it is of; renews the certificates of agents
    /// @param store that agents replicate into; and `branches`, the same to those who follow
    /// @throws IOException if the address cannot be listened on
    public static Replicator start(
            Network network,
            SocketAddress address,
            SSLContext tls,
            CertificateAuthority authority,
            ReplicaStore store,
            ReplicationHost host,
            BranchStore branches,
            FailbackHost failbacks,
            TimeSource time,
            Limits limits)
            throws IOException {
        var credit =
                new CreditPool(limits.memoryBytes(), limits.sessionsMax(), limits.windowBytesMax());
        var listener = network.listen(address);
        var comparers = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        var comparisons = new Comparisons(store, comparers, time);
        var services =
                new Services(
                        store,
                        host,
                        branches,
                        failbacks,
                        comparisons,
                        credit,
                        authority,
                        time,
                        limits);
        var replicator = new Replicator(listener, tls, services);
        replicator.watching.start();
        replicator.threads.execute(replicator::accept);
        return replicator;
    }

    /// Where it listens: the real port when zero was asked for.
    public SocketAddress address() {
        return listener.address();
    }

    /// Ends all sessions, and returns once nothing of them is left.
    @Override
    public void close() throws IOException {
        closing = true;
        try {
            listener.close();
        } finally {
            lobby.close();
            admissions.stop();
            threads.close();
            watching.interrupt();
            services.comparisons().close();
        }
    }

    private void accept() {
        while (!closing) {
            try {
                var connection = listener.accept();
                threads.execute(() -> visit(connection));
            } catch (IOException | RejectedExecutionException e) {
                if (!closing) { // such as too many open files: those who are here may go on
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "event=accept-failed error={0}",
                            e.getMessage());
                    pause(ACCEPT_PAUSE);
                }
            }
        }
    }

    private void visit(Network.Connection raw) {
        try (raw;
                var guest = lobby.enter(raw)) {
            var connection = TlsConnection.server(tls, raw);
            try {
                admissions.serve(Reception.receive(connection, services.time()), guest);
            } catch (TurnedAwayException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "event=agent-turned-away peer={0} reason={1}",
                        raw.peer(),
                        e.getMessage());
                Reception.send(connection, e.failure());
                connection.finishOutput();
                connection.input().transferTo(OutputStream.nullOutputStream());
            } catch (SSLException e) {
                // Anyone may knock; only a certificate that was shown and refused needs a look.
                var shown = UntrustedCertificateException.in(e).isPresent();
                LOG.log(
                        shown ? System.Logger.Level.WARNING : System.Logger.Level.DEBUG,
                        "event=peer-not-trusted peer={0} reason={1}",
                        raw.peer(),
                        e.getMessage());
                raw.input().transferTo(OutputStream.nullOutputStream()); // see ConnectionSocket
            }
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    "event=connection-lost peer={0} error={1}",
                    raw.peer(),
                    e.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // the replicator is being closed
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "event=visit-broken peer=" + raw.peer(), e);
        }
    }

    private void watch() {
        while (!Thread.currentThread().isInterrupted()) {
            pause(TICK);
            lobby.expire();
            admissions.watch(owner -> problem(services.store().condition(owner)));
        }
    }

    private static String problem(StoreStatus.Condition status) {
        return switch (status.state()) {
            case WRITING -> "";
            case FULL -> "staging area full: " + status.reason();
            case FAILING -> "staging area failing: " + status.reason();
        };
    }

    private void pause(Duration duration) {
        try {
            services.time().sleep(duration);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
