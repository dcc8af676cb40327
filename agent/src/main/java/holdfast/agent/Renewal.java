package holdfast.agent;

import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.replication.ReplicationLink;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.Identity;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// This agent's identity, which it renews in time: once the last third of the certificate's life
/// has begun, over whatever link there is. A failure is said, and tried again after a pause that
/// grows; replication never waits for any of it.
///
/// Each time with a new key, so that a copy of the identity that somebody took is worth nothing
/// once its certificate has expired. Key and certificates are one file that is replaced as a whole,
/// and the new ones are used only when they are on stable storage: a crash leaves the old identity
/// or the new one, and both are valid.
///
/// Safe for any thread.
final class Renewal {
    static final Duration FIRST_PAUSE = Duration.ofMinutes(1);
    static final Duration LONGEST_PAUSE = Duration.ofHours(6);

    /// A replicator answers within milliseconds, or has lost the question.
    private static final Duration ANSWER_WITHIN = Duration.ofMinutes(1);

    private static final System.Logger LOG = System.getLogger(Renewal.class.getName());

    private final Store store;
    private final TimeSource time;
    private final RandomSource random;
    private final StatusBoard board;
    private final Executor worker;
    private final BackOff backOff;
    private Identity identity;
    private boolean busy;
    private long askedNanos;
    private @Nullable CompletableFuture<List<byte[]>> answer;
    private Optional<Long> pausedUntilNanos = Optional.empty();

    /// Where an identity is kept.
    @FunctionalInterface
    interface Store {
        /// Durable on return; otherwise what was there is still there.
        void keep(Identity identity) throws IOException;
    }

    /// @param identity that is kept there now
    /// @param worker does what takes long: a key, a question, a file
    Renewal(
            Identity identity,
            Store store,
            TimeSource time,
            RandomSource random,
            StatusBoard board,
            Executor worker) {
        this.identity = identity;
        this.store = store;
        this.time = time;
        this.random = random;
        this.board = board;
        this.worker = worker;
        this.backOff = new BackOff(random, FIRST_PAUSE, LONGEST_PAUSE);
        board.certificate(identity.expiresAt());
    }

    /// To show to the replicator by the next link.
    synchronized Identity identity() {
        return identity;
    }

    /// Renews if it is time to; returns at once. Called when a link has begun and every few seconds
    /// while it lives.
    void check(ReplicationLink link) {
        synchronized (this) {
            if (busy) {
                giveUpLateAnswer();
                return;
            }
            var paused =
                    pausedUntilNanos.isPresent() && time.nanoTime() - pausedUntilNanos.get() < 0;
            if (paused || time.now().isBefore(identity.renewalDueAt())) {
                return;
            }
            busy = true;
            askedNanos = time.nanoTime();
        }
        try {
            worker.execute(() -> renew(link));
        } catch (RejectedExecutionException e) { // the agent is being stopped
            failed(e);
        }
    }

    /// The worker then goes on with the failure.
    private void giveUpLateAnswer() {
        if (answer != null && time.nanoTime() - askedNanos > ANSWER_WITHIN.toNanos()) {
            answer.completeExceptionally(
                    new IOException("no answer within " + ANSWER_WITHIN.toSeconds() + " s"));
        }
    }

    private void renew(ReplicationLink link) {
        var current = identity();
        try {
            var request = CertificateRequest.create(random, current.name());
            var asked = link.renewCertificate(request.der());
            synchronized (this) {
                answer = asked;
            }
            var renewed = request.renewed(asked.get(), current, time.now());
            store.keep(renewed);
            succeeded(renewed);
        } catch (ExecutionException e) {
            failed(e.getCause() == null ? e : e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the agent is being stopped
            failed(e);
        } catch (IOException | RuntimeException e) {
            failed(e);
        }
    }

    private void succeeded(Identity renewed) {
        synchronized (this) {
            identity = renewed;
            backOff.reset();
            rest(FIRST_PAUSE); // a clock that is wrong must not make this a loop
        }
        board.certificate(renewed.expiresAt());
        LOG.log(
                System.Logger.Level.INFO,
                "certificate=renewed server={0} expires={1}",
                renewed.name(),
                renewed.expiresAt());
    }

    private void failed(Throwable cause) {
        var reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        Duration pause;
        Identity current;
        synchronized (this) {
            pause = backOff.next();
            current = identity;
            rest(pause);
        }
        board.certificateNotRenewed(reason, time.now().plus(pause));
        LOG.log(
                System.Logger.Level.WARNING,
                "certificate=not-renewed server={0} expires={1} next_attempt_millis={2} ({3})",
                current.name(),
                current.expiresAt(),
                Long.toString(pause.toMillis()),
                reason);
    }

    private void rest(Duration pause) {
        pausedUntilNanos = Optional.of(time.nanoTime() + pause.toNanos());
        answer = null;
        busy = false;
    }
}
