package holdfast.replication;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.replication.certificates.UntrustedCertificateException;
import holdfast.volume.Volume;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// One agent's session, from its beginning to its end.
///
/// Four threads, none of which waits for another: that of [#run] receives, so that the agent is
/// heard whatever the store does; two hand requests to the store and acknowledge them
/// ([RequestLine]); one sends ([Outbox]). Whatever ends one of them ends all, by [#end]; the first
/// reason stands.
final class AgentSession implements SessionControl {
    private static final System.Logger LOG = System.getLogger(AgentSession.class.getName());

    /// How long a peer may take to notice that the session has ended, and why.
    private static final Duration LINGER = Duration.ofSeconds(2);

    private final Arrival arrival;
    private final List<Volume> volumes;
    private final Services services;
    private final CreditPool.Share share;
    private final Outbox outbox;
    private final RequestLine requests;
    private final SessionCertificate certificate;
    private final Thread appending;
    private final Thread settling;
    private final Thread sending;
    private final AtomicReference<@Nullable End> end = new AtomicReference<>();
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
    /// @param written what earlier sessions of the server appended
    AgentSession(
            String name,
            Arrival arrival,
            List<Volume> volumes,
            WrittenVolumes written,
            Services services,
            CreditPool.Share share) {
        this.arrival = arrival;
        this.volumes = List.copyOf(volumes);
        this.services = services;
        this.share = share;
        this.outbox = new Outbox(services.time());
        this.certificate = new SessionCertificate(arrival.certificate(), services);
        this.requests =
                new RequestLine(
                        arrival.serverId(), this.volumes, written, services, outbox, this::release);
        this.appending = thread(name + "-append", requests::append);
        this.settling = thread(name + "-settle", requests::settle);
        this.sending = thread(name + "-send", this::send);
        this.pingedNanos = services.time().nanoTime();
    }

    /// Serves the agent until the session ends. Called once.
    ///
    /// @param session what the agent is told first
    /// @return why it ended; empty if the agent ended it in order
    Optional<String> run(ReplicationLink.Session session) throws InterruptedException {
        granted = share.release(0);
        outbox.tell(new Frame.Began(session, granted));
        var threads = List.of(appending, settling, sending);
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
                requests.add(request);
            }
            case Frame.Report(var report) -> {
                if (report.disks().size() != volumes.size()) {
                    throw new ProtocolException(
                            "report of "
                                    + report.disks().size()
                                    + " disks, the session has "
                                    + volumes.size());
                }
                services.host().reported(arrival.serverId(), report);
            }
            case Frame.Ping(var token) -> outbox.tell(new Frame.Pong(token));
            case Frame.CertificateRequest(var request) -> outbox.tell(certificate.renew(request));
            case Frame.Pong _ -> {} // that it was heard is all
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
                    Frame.Limit _,
                    Frame.Certificate _ ->
                    throw new ProtocolException(
                            FrameEncoder.typeOf(frame) + " frame from an agent in a session");
        }
    }

    private void check(Frame.Request request) throws ProtocolException {
        if (request.number() != lastNumber + 1) {
            throw new ProtocolException(
                    "request " + request.number() + " comes after " + lastNumber);
        }
        lastNumber++;
        switch (request) {
            case Frame.Extents(_, var disk, var extents) -> {
                for (var extent : extents) {
                    checkRange(disk, extent.firstBlock(), extent.blockCount());
                }
            }
            case Frame.Compare compare -> {
                checkRange(compare.disk(), compare.firstBlock(), compare.blockCount());
                var pieceBlocks = compare.blocksPerDigest();
                var pieces = pieceBlocks == 0 ? 0 : (compare.blockCount() - 1) / pieceBlocks + 1;
                if (pieces != compare.digests().size()) {
                    throw new ProtocolException(
                            compare.digests().size()
                                    + " digests for "
                                    + compare.blockCount()
                                    + " blocks in pieces of "
                                    + pieceBlocks);
                }
            }
            case Frame.RoundEnd _ -> {}
        }
    }

    private void checkRange(int disk, long firstBlock, long blockCount) throws ProtocolException {
        if (disk >= volumes.size()) {
            throw new ProtocolException("disk " + disk + " of " + volumes.size());
        }
        var count = Blocks.count(volumes.get(disk).sizeBytes());
        if (blockCount < 1 || firstBlock > count - blockCount) {
            throw new ProtocolException(
                    blockCount
                            + " blocks from "
                            + firstBlock
                            + " on leave disk "
                            + disk
                            + " of "
                            + count
                            + " blocks");
        }
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
            requests.stop();
            appending.interrupt();
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

    private Thread thread(String name, Work work) {
        return Thread.ofVirtual()
                .name(name)
                .unstarted(() -> {
                    try {
                        work.run();
                    } catch (InterruptedException _) {
                        // the session has ended
                    } catch (IOException e) {
                        end(Failures.storage(e));
                    } catch (RefusalException e) {
                        end(Failures.refused(e));
                    } catch (RuntimeException e) {
                        broken(e);
                    }
                });
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException, InterruptedException;
    }
}
