package holdfast.nbd;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;

import holdfast.base.Network.Connection;
import holdfast.base.TimeSource;
import holdfast.nbd.Handshake.Outcome;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// One client, from the accepted connection to its end. Owns the connection, the thread that reads
/// it, and the view it chose. Safe for any thread.
final class NbdSession {
    private static final System.Logger LOG = System.getLogger("holdfast.nbd");

    private final String name;
    private final Connection plain;
    private final Tls tls;
    private final Exports exports;
    private final NbdLimits limits;
    private final TimeSource time;
    private final Allowance allowance;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile boolean handshaking = true;
    private volatile boolean leaving;
    private volatile boolean cut;
    private volatile String export = "";

    NbdSession(
            String name,
            Connection plain,
            Tls tls,
            Exports exports,
            NbdLimits limits,
            TimeSource time,
            Buffers buffers) {
        this.name = name;
        this.plain = plain;
        this.tls = tls;
        this.exports = exports;
        this.limits = limits;
        this.time = time;
        this.allowance = new Allowance(limits, buffers);
    }

    /// Serves the client in a thread of its own.
    ///
    /// @param onEnd runs when all is over
    void start(Runnable onEnd) {
        Thread.ofVirtual()
                .name(name)
                .start(() -> {
                    try {
                        serve();
                    } finally {
                        onEnd.run();
                        ended.complete(null);
                    }
                });
    }

    /// Whether no export is being served yet.
    boolean handshaking() {
        return handshaking;
    }

    /// The export that was asked for last; empty before.
    String export() {
        return export;
    }

    /// From now on requests are answered with `ESHUTDOWN`; those in work go on.
    void leave() {
        leaving = true;
    }

    void awaitIdle() {
        allowance.awaitIdle();
    }

    /// Ends the connection in the middle of whatever it does. Without the courtesies of TLS, which
    /// could wait for the peer.
    void cut() {
        cut = true;
        close(plain);
    }

    void awaitEnd() {
        ended.join();
    }

    private void serve() {
        var handshake =
                new Handshake(
                        plain, tls, exports, choice -> export = choice, () -> handshaking = false);
        var reason = "the client left";
        try {
            serve(handshake);
        } catch (IOException e) {
            reason = cut ? "cut by the server" : String.valueOf(e.getMessage());
        } catch (RuntimeException e) {
            reason = "internal error";
            LOG.log(ERROR, "event=nbd-session-broken connection=" + name, e);
        } finally {
            close(handshake.connection());
            close(plain);
        }
        LOG.log(
                handshaking ? DEBUG : INFO,
                String.format(
                        Locale.ROOT,
                        "event=nbd-closed connection=%s peer=%s export=%s reason=%s",
                        name,
                        plain.peer(),
                        Strings.quoted(export),
                        Strings.quoted(reason)));
    }

    private void serve(Handshake handshake) throws IOException {
        Optional<Outcome> outcome;
        try (var _ =
                new Deadline(time, limits.handshakeTimeout(), name + "-handshake", this::cut)) {
            outcome = handshake.run();
        }
        if (outcome.isPresent()) {
            var agreement = outcome.get().agreement();
            LOG.log(
                    INFO,
                    String.format(
                            Locale.ROOT,
                            "event=nbd-opened connection=%s peer=%s tls=%s %s",
                            name,
                            plain.peer(),
                            handshake.secured(),
                            agreement));
            try (var _ = outcome.get().view()) {
                transmit(outcome.get(), handshake.connection());
            }
        }
    }

    /// Returns, or throws, with no request in work and everything sent that can be.
    private void transmit(Outcome outcome, Connection connection) throws IOException {
        var outbox = new Outbox(connection.output(), this::cut);
        try {
            new Transmission(
                            name,
                            outcome.agreement(),
                            outcome.view(),
                            outcome.in(),
                            allowance,
                            outbox,
                            () -> leaving)
                    .run();
        } finally {
            // "The server MUST handle all outstanding requests", but not for a client that does not
            // take the replies; nor may the end of TLS wait for one.
            try (var _ = new Deadline(time, limits.shutdownGrace(), name + "-end", this::cut)) {
                allowance.awaitIdle();
                close(connection);
            }
        }
    }

    private static void close(Connection connection) {
        try {
            connection.close();
        } catch (IOException _) {
            // it is over either way
        }
    }
}
