package holdfast.replication;

import holdfast.base.BlockRun;
import holdfast.base.TimeSource;
import holdfast.format.PackedExtent;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// A link over one TLS connection, of an agent or of a failback client: the one sends what the
/// other asks for, and all else is the same.
///
/// Three threads: one sends what gathers in the [LinkOutbox], one receives and runs callbacks, one
/// asks from time to time whether the replicator is there. Any failure closes the connection, which
/// ends them all; the receiving one, last, completes what is still open. Owns the connection.
final class PeerLink implements ReplicationLink, BranchLink {
    private static final System.Logger LOG = System.getLogger(PeerLink.class.getName());

    /// How often the replicator is asked whether it is there.
    private static final Duration PULSE = Duration.ofSeconds(5);

    /// How long the replicator may take to see the goodbye.
    private static final Duration LINGER = Duration.ofSeconds(2);

    private final ReplicationLink.Session session;
    private final TlsConnection connection;
    private final FrameDecoder frames;
    private final BandwidthLimit limit;
    private final TimeSource time;
    private final LinkOutbox outbox;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Thread sending;
    private final Thread receiving;
    private final Thread pulsing;
    private volatile String problem = "";
    private volatile boolean finishAsked;
    private volatile boolean closing;
    private volatile Runnable pulseWork = () -> {};
    private final int version;
    private final AtomicReference<@Nullable CompletableFuture<List<byte[]>>> renewing =
            new AtomicReference<>();

    private PeerLink(
            Frame.Began began,
            TlsConnection connection,
            FrameDecoder frames,
            int version,
            BandwidthLimit limit,
            TimeSource time) {
        this.session = began.session();
        this.connection = connection;
        this.frames = frames;
        this.version = version;
        this.limit = limit;
        this.time = time;
        this.outbox = new LinkOutbox(began.creditLimit());
        this.sending = Thread.ofVirtual().name("link-send").unstarted(this::write);
        this.receiving = Thread.ofVirtual().name("link-receive").unstarted(this::receive);
        this.pulsing = Thread.ofVirtual().name("link-pulse").unstarted(this::pulse);
    }

    /// @param frames what comes through the connection
    /// @param version of the protocol
    static PeerLink start(
            Frame.Began began,
            TlsConnection connection,
            FrameDecoder frames,
            int version,
            BandwidthLimit limit,
            TimeSource time) {
        var link = new PeerLink(began, connection, frames, version, limit, time);
        link.sending.start();
        link.receiving.start();
        link.pulsing.start();
        return link;
    }

    /// Of the protocol, as it was agreed on.
    int version() {
        return version;
    }

    @Override
    public ReplicationLink.Session session() {
        return session;
    }

    @Override
    public void send(int disk, PackedExtent extent, Runnable durable)
            throws IOException, InterruptedException {
        checkDisk(disk);
        limit.take(Wire.EXTENT_HEADER_BYTES + extent.payload().length);
        outbox.add(disk, extent, durable);
    }

    @Override
    public CompletableFuture<BitSet> compare(
            int disk, long firstBlock, long blockCount, int blocksPerDigest, List<byte[]> digests)
            throws IOException, InterruptedException {
        checkDisk(disk);
        var copy = List.copyOf(digests);
        if (blocksPerDigest < 1
                || blocksPerDigest > BLOCKS_PER_DIGEST_MAX
                || copy.size() > DIGESTS_MAX
                || copy.size() != (blockCount + blocksPerDigest - 1) / blocksPerDigest) {
            throw new IllegalArgumentException(
                    copy.size()
                            + " digests for "
                            + blockCount
                            + " blocks in pieces of "
                            + blocksPerDigest);
        }
        limit.take(copy.size() * DIGEST_BYTES);
        return outbox.add(
                number ->
                        new Frame.Compare(
                                number, disk, firstBlock, blockCount, blocksPerDigest, copy),
                Wire.compareCost(copy.size()),
                Answer.pieces(copy.size()));
    }

    @Override
    public CompletableFuture<Void> endRound(
            long round, boolean consistent, boolean frozen, Instant instant, long ageMillis)
            throws IOException, InterruptedException {
        return outbox.add(number ->
                new Frame.RoundEnd(number, round, consistent, frozen, instant, ageMillis));
    }

    @Override
    public CompletableFuture<BranchPoint> takePoint(long since)
            throws IOException, InterruptedException {
        return outbox.add(
                number -> new Frame.TakePoint(number, Math.max(since, -1)),
                Wire.REQUEST_COST,
                Answer.point());
    }

    @Override
    public CompletableFuture<Changes> changes(int disk, long firstBlock)
            throws IOException, InterruptedException {
        checkDisk(disk);
        return outbox.add(
                number -> new Frame.ListChanges(number, disk, firstBlock),
                Wire.REQUEST_COST,
                Answer.changes(firstBlock));
    }

    @Override
    public CompletableFuture<List<PackedExtent>> pull(int disk, List<BlockRun> runs)
            throws IOException, InterruptedException {
        checkDisk(disk);
        var copy = List.copyOf(runs);
        var blocks = copy.stream().mapToLong(BlockRun::blockCount).sum();
        if (blocks < 1
                || blocks > PULL_BLOCKS_MAX
                || copy.stream().anyMatch(run -> run.blockCount() > PackedExtent.BLOCKS_MAX)) {
            throw new IllegalArgumentException(blocks + " blocks in one pull");
        }
        return outbox.add(
                number -> new Frame.Pull(number, disk, copy),
                Wire.REQUEST_COST + copy.size() * Wire.PULLED_RUN_COST,
                Answer.extents(disk, copy));
    }

    @Override
    public CompletableFuture<Void> verified(long sequence, List<ComparedDisk> disks)
            throws IOException, InterruptedException {
        var copy = List.copyOf(disks);
        return outbox.add(number -> new Frame.Verified(number, sequence, copy));
    }

    @Override
    public void report(AgentReport report) throws IOException {
        outbox.tell(new Frame.Report(report));
    }

    @Override
    public boolean finishAsked() {
        return finishAsked;
    }

    @Override
    public void finished(long round) throws IOException {
        outbox.tell(new Frame.Finished(round));
    }

    @Override
    public CompletableFuture<List<byte[]>> renewCertificate(byte[] request) throws IOException {
        if (version < Wire.VERSION_RENEWAL) {
            return CompletableFuture.failedFuture(
                    new IOException(
                            "the server speaks protocol version "
                                    + version
                                    + ", which cannot renew certificates: upgrade the server"));
        }
        var answer = new CompletableFuture<List<byte[]>>();
        abandon(renewing.getAndSet(answer), "another certificate was asked for");
        try {
            outbox.tell(new Frame.CertificateRequest(request));
        } catch (IOException e) {
            abandon(answer, e.getMessage()); // the link may have ended before it was set
        }
        return answer;
    }

    @Override
    public void everyPulse(Runnable work) {
        pulseWork = work;
    }

    private void renewed(Frame.Certificate answer) {
        var asked = renewing.getAndSet(null);
        if (asked == null) {
            return; // the late answer to a question that another has replaced
        }
        if (answer.refusal().isEmpty()) {
            asked.complete(answer.chain());
        } else {
            abandon(asked, "the server refuses to renew the certificate: " + answer.refusal());
        }
    }

    private static void abandon(
            @Nullable CompletableFuture<List<byte[]>> answer, @Nullable String why) {
        if (answer != null) {
            answer.completeExceptionally(new IOException(why));
        }
    }

    @Override
    public Optional<String> standstill() {
        var current = problem;
        return current.isEmpty() ? Optional.empty() : Optional.of(current);
    }

    @Override
    public long sentBytes() {
        return connection.sentBytes();
    }

    @Override
    public long receivedBytes() {
        return connection.receivedBytes();
    }

    @Override
    public CompletableFuture<Void> closed() {
        return closed.copy();
    }

    /// Says goodbye and waits a moment for the replicator to see it. Not for callbacks to call.
    @Override
    public void close() {
        closing = true;
        outbox.finish();
        var cutting = Thread.ofVirtual().name("link-cut").start(this::cutAfterLinger);
        try {
            sending.join();
            receiving.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            cutting.interrupt();
            disconnect();
        }
    }

    private void write() {
        var out = new WireOutput();
        try {
            while (outbox.gather(out)) {
                out.writeTo(connection.output());
            }
            connection.finishOutput();
        } catch (IOException e) {
            fail(new IOException("connection lost: " + e.getMessage(), e));
        } catch (InterruptedException | RuntimeException e) {
            fail(new IOException("sending broke: " + e, e));
        }
    }

    private void receive() {
        try {
            while (true) {
                take(
                        frames.next(outbox::expect)
                                .orElseThrow(() ->
                                        new IOException("the replicator closed the connection")));
            }
        } catch (ProtocolException | SessionEndedException e) {
            fail(e);
        } catch (IOException e) {
            fail(new IOException("connection lost: " + e.getMessage(), e));
        } catch (RuntimeException e) { // of a callback
            LOG.log(System.Logger.Level.ERROR, "event=callback-broke", e);
            fail(new IOException("a callback broke: " + e, e));
        } finally {
            pulsing.interrupt();
            end();
        }
    }

    private void take(Frame frame) throws IOException {
        switch (frame) {
            case Frame.Ack(var number) -> outbox.acknowledged(number).forEach(Runnable::run);
            case Frame.Credit(var limit) -> outbox.credit(limit);
            case Frame.Compared answer -> outbox.answered(answer.number(), answer);
            case Frame.Extents answer -> outbox.answered(answer.number(), answer);
            case Frame.Point answer -> outbox.answered(answer.number(), answer);
            case Frame.Changes answer -> outbox.answered(answer.number(), answer);
            case Frame.Status(var newProblem) -> problem = newProblem;
            case Frame.Limit(var bytesPerSecond) -> limit.asked(bytesPerSecond);
            case Frame.Finish _ -> finishAsked = true;
            case Frame.Ping(var token) -> outbox.tell(new Frame.Pong(token));
            case Frame.Certificate answer -> renewed(answer);
            case Frame.Pong _ -> {} // that it was heard is all
            case Frame.Failure failure -> throw new SessionEndedException(failure);
            case Frame.Hello _,
                    Frame.Agreed _,
                    Frame.Begin _,
                    Frame.Began _,
                    Frame.Request _,
                    Frame.Report _,
                    Frame.Finished _,
                    Frame.CertificateRequest _,
                    Frame.Goodbye _ ->
                    throw new ProtocolException(
                            FrameEncoder.typeOf(frame) + " frame from a replicator in a session");
        }
    }

    private void pulse() {
        try {
            while (true) {
                time.sleep(PULSE);
                outbox.tell(new Frame.Ping(time.nanoTime()));
                pulseWork.run();
            }
        } catch (InterruptedException | IOException _) {
            // the link has ended
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "event=pulse-broke", e);
            fail(new IOException("what was to be done with each pulse broke: " + e, e));
        }
    }

    private void fail(IOException cause) {
        outbox.fail(cause);
        disconnect();
    }

    private void end() {
        var cause = outbox.failure();
        outbox.abandon().forEach(future -> future.completeExceptionally(cause));
        abandon(renewing.getAndSet(null), cause.getMessage());
        if (closing) {
            closed.complete(null);
        } else {
            closed.completeExceptionally(cause);
        }
    }

    private void cutAfterLinger() {
        try {
            time.sleep(LINGER);
            disconnect();
        } catch (InterruptedException _) {
            // both sides were quicker
        }
    }

    private void disconnect() {
        try {
            connection.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "event=close-failed error={0}", e.getMessage());
        }
    }

    private void checkDisk(int disk) {
        if (disk < 0 || disk >= session.disks().size()) {
            throw new IllegalArgumentException("disk " + disk + " of " + session.disks().size());
        }
    }
}
