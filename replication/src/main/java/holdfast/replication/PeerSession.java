package holdfast.replication;

import holdfast.base.RefusalException;
import holdfast.replication.certificates.UntrustedCertificateException;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// One peer's session, from its beginning to its end: an agent's, or a failback client's.
///
/// No thread waits for another: that of [#run] receives, so that the peer is heard whatever the
/// store does; others do what it asks for ([SessionWork]); one sends ([Outbox]). Whatever ends one
/// of them ends all, by [#end]; the first reason stands.
final class PeerSession implements SessionControl {
    private static final System.Logger LOG = System.getLogger(PeerSession.class.getName());

    /// How long a peer may take to notice that the session has ended, and why.
    private static final Duration LINGER = Duration.ofSeconds(2);

    /// How often an answer is looked for.
    private static final Duration LOOK = Duration.ofMillis(20);

    private final String owner;
    private final Arrival arrival;
    private final Services services;
    private final CreditPool.Share share;
    private final Outbox outbox;
    private final SessionWork work;
    private final SessionCertificate certificate;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicReference<@Nullable End> end = new AtomicReference<>();
    private final AtomicLong answeredNanos;
    private String toldProblem = "";
    private long pingedNanos;
    private volatile long granted;
    private long spent;
    private long lastNumber;

    /// Why and when the session ended.
    ///
    /// @param error empty if the agent ended it in order
    private record End(Optional<String> error, long nanoTime) {}

    /// @param name of the session's threads
    /// @param owner of the volumes or branches that it is about
    /// @param maker of what the session does
    PeerSession(
            String name,
            String owner,
            Arrival arrival,
            SessionWork.Maker maker,
            Services services,
            CreditPool.Share share) {
        this.owner = owner;
        this.arrival = arrival;
        this.services = services;
        this.share = share;
        this.outbox = new Outbox(services.time());
        this.certificate = new SessionCertificate(arrival.certificate(), services);
        this.work = maker.make(outbox, this::release);
        for (var loop : work.loops()) {
            var builder = loop.heavy() ? services.time().workers() : Thread.ofVirtual();
            threads.add(thread(builder.name(name + "-" + loop.name()), loop.body()));
        }
        threads.add(thread(Thread.ofVirtual().name(name + "-send"), this::send));
        this.pingedNanos = services.time().nanoTime();
        this.answeredNanos = new AtomicLong(pingedNanos);
    }

    /// Whose volumes or branches it is about.
    String owner() {
        return owner;
    }

    /// Serves the agent until the session ends. Called once.
    ///
    /// @param session what the agent is told first
    /// @return why it ended; empty if the agent ended it in order
    Optional<String> run(ReplicationLink.Session session) throws InterruptedException {
        granted = share.release(0);
        outbox.tell(new Frame.Began(session, granted));
        threads.forEach(Thread::start);
        try {
            receive();
            arrival.heard().transferTo(OutputStream.nullOutputStream()); // until the peer has gone
        } catch (IOException e) {
            end(Optional.empty(), Optional.of("connection lost: " + e.getMessage()));
        } catch (RuntimeException e) {
            broken(e);
        } finally {
            close();
        }
        for (var thread : threads) {
            thread.join();
        }
        share.close();
        var ended = end.get();
        return ended == null ? Optional.empty() : ended.error();
    }

    @Override
    public void end(RefusalException why) {
        end(Failures.refused(why));
    }

    @Override
    public void limit(long bytesPerSecond) {
        if (arrival.version() >= Wire.VERSION_LIMIT) {
            outbox.tell(new Frame.Limit(bytesPerSecond));
        }
    }

    @Override
    public boolean finish() {
        if (arrival.version() < Wire.VERSION_FINISH) {
            return false;
        }
        outbox.tell(new Frame.Finish());
        return true;
    }

    /// Ends the session and tells the agent why.
    void end(Frame.Failure failure) {
        end(Optional.of(failure), Optional.of(failure.code() + ": " + failure.message()));
    }

    /// Tells the agent why nothing is acknowledged, unless it has been told; empty when all is
    /// well. For the thread that watches.
    void status(String problem) {
        if (!problem.equals(toldProblem)) {
            toldProblem = problem;
            outbox.tell(new Frame.Status(problem));
        }
    }

    /// Called every second or so: notices silence, a peer that does not read, a certificate that
    /// has expired meanwhile, and one that does not go when told to.
    void watch() {
        var limits = services.limits();
        var now = services.time().nanoTime();
        var ended = end.get();
        if (ended != null) {
            if (now - ended.nanoTime() > LINGER.toNanos()) {
                close();
            }
            return;
        }
        var stuckSince = outbox.writingSince().orElse(now);
        if (now - Math.min(arrival.heard().lastNanos(), stuckSince) > limits.silence().toNanos()) {
            end(Failures.silent(limits.silence()));
            close();
            return;
        }
        try {
            certificate.checkValid(services.time().now());
        } catch (UntrustedCertificateException e) {
            end(Failures.certificate(e));
        }
        if (now - pingedNanos >= limits.pulse().toNanos()) {
            pingedNanos = now;
            outbox.tell(new Frame.Ping(now));
        }
    }

    /// Asks the peer for a sign of life, and waits for it: an answer to what is asked now, since
    /// what came earlier may be from before its end.
    boolean answers(Duration within) throws InterruptedException {
        var time = services.time();
        var asked = time.nanoTime() + 1; // later than every ping before
        outbox.tell(new Frame.Ping(asked));
        while (end.get() == null && time.nanoTime() - asked < within.toNanos()) {
            if (answeredNanos.get() - asked >= 0) {
                return true;
            }
            time.sleep(LOOK);
        }
        return false;
    }

    private void receive() throws IOException {
        try {
            while (end.get() == null) {
                var frame = arrival.frames().next(this::spend);
                if (frame.isEmpty()) {
                    end(Optional.empty(), Optional.of("the agent closed the connection"));
                } else {
                    take(frame.get());
                }
            }
        } catch (ProtocolException e) {
            end(Failures.protocol(e));
        }
    }

    private void take(Frame frame) throws ProtocolException {
        switch (frame) {
            case Frame.Request request -> {
                check(request);
                work.take(request);
            }
            case Frame.Report(var report) -> work.reported(report);
            case Frame.Finished(var round) -> work.finished(round);
            case Frame.Ping(var token) -> outbox.tell(new Frame.Pong(token));
            case Frame.CertificateRequest(var request) -> outbox.tell(certificate.renew(request));
            case Frame.Pong(var token) -> answeredNanos.accumulateAndGet(token, Math::max);
            case Frame.Goodbye _ -> end(Optional.empty(), Optional.empty());
            case Frame.Failure(var code, var message, _) ->
                    end(
                            Optional.empty(),
                            Optional.of("the agent gave up: " + code + ": " + message));
            case Frame.Hello _,
                    Frame.Agreed _,
                    Frame.Begin _,
                    Frame.Began _,
                    Frame.Compared _,
                    Frame.Ack _,
                    Frame.Credit _,
                    Frame.Status _,
                    Frame.Point _,
                    Frame.Changes _,
                    Frame.Limit _,
                    Frame.Finish _,
                    Frame.Certificate _ ->
                    throw new ProtocolException(
                            FrameEncoder.typeOf(frame)
                                    + " frame from "
                                    + work.peer()
                                    + " in a session");
        }
    }

    private void check(Frame.Request request) throws ProtocolException {
        if (request.number() != lastNumber + 1) {
            throw new ProtocolException(
                    "request " + request.number() + " comes after " + lastNumber);
        }
        lastNumber++;
    }

    private void spend(int cost) throws ProtocolException {
        spent += cost;
        if (spent > granted) {
            throw new ProtocolException(
                    "sent " + spent + " bytes of requests on a credit of " + granted);
        }
    }

    /// One caller at a time, or the agent might be told the smaller of two limits last.
    private synchronized void release(long cost) {
        granted = share.release(cost);
        outbox.tell(new Frame.Credit(granted));
    }

    private void send() throws InterruptedException {
        try {
            outbox.run(arrival.connection());
        } catch (IOException e) {
            end(Optional.empty(), Optional.of("connection lost: " + e.getMessage()));
            close();
        }
    }

    private void end(Optional<Frame.Failure> failure, Optional<String> error) {
        if (end.compareAndSet(null, new End(error, services.time().nanoTime()))) {
            outbox.finish(failure);
            work.stop();
        }
    }

    private void close() {
        try {
            arrival.connection().close();
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    "event=close-failed server={0} error={1}",
                    arrival.serverId(),
                    e.getMessage());
        }
    }

    private void broken(RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, "event=session-broken server=" + arrival.serverId(), e);
        end(Failures.internal());
    }

    private Thread thread(Thread.Builder builder, SessionWork.Body body) {
        return builder.unstarted(() -> {
            try {
                body.run();
            } catch (InterruptedException _) {
                // the session has ended
            } catch (ProtocolException e) {
                end(Failures.protocol(e));
            } catch (IOException e) {
                end(Failures.storage(e));
            } catch (RefusalException e) {
                end(Failures.refused(e));
            } catch (RuntimeException e) {
                broken(e);
            }
        });
    }
}
