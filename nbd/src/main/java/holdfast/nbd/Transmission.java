package holdfast.nbd;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.WARNING;

import holdfast.nbd.Allowance.Loan;
import holdfast.volume.Branch;
import holdfast.volume.StoreException;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The transmission phase of one connection. One thread reads requests; each is worked on in a
/// virtual thread of its own and answered when it is done, so in any order.
///
/// Borrows view, input and replies. When [#run] has ended, requests may still be in work: wait for
/// the [Allowance] to be idle before closing the view.
final class Transmission {
    private static final System.Logger LOG = System.getLogger("holdfast.nbd");

    /// Extents in a reply to `NBD_CMD_BLOCK_STATUS`; the client asks again for the rest.
    private static final int EXTENTS_MAX = 4096;

    private static final Optional<Failure> SHUTTING_DOWN =
            Optional.of(new Failure(ErrorCode.ESHUTDOWN, "the server ends this connection"));

    private final String connection;
    private final Agreement agreement;
    private final VolumeView view;
    private final WireInput in;
    private final Allowance allowance;
    private final Replies replies;
    private final BooleanSupplier leaving;
    private final ThreadFactory threads;

    private interface Work {
        void run() throws IOException;
    }

    /// @param connection its name, in logs
    /// @param leaving whether requests are to be refused because the server ends the connection
    Transmission(
            String connection,
            Agreement agreement,
            VolumeView view,
            WireInput in,
            Allowance allowance,
            Outbox outbox,
            BooleanSupplier leaving) {
        this.connection = connection;
        this.agreement = agreement;
        this.view = view;
        this.in = in;
        this.allowance = allowance;
        this.replies = new Replies(agreement.structuredReplies(), allowance, outbox);
        this.leaving = leaving;
        this.threads = Thread.ofVirtual().name(connection + "-request").factory();
    }

    /// Serves until the client leaves, by `NBD_CMD_DISC` or by ending its stream between requests.
    ///
    /// @throws ProtocolException if the client's stream makes no sense any more
    /// @throws IOException if the connection broke
    void run() throws IOException {
        while (in.awaitMessage()) {
            var request = Request.decode(in.next(Request.BYTES));
            if (Command.DISC.is(request.type())) {
                return;
            }
            if (request.payloadBytes() > Protocol.PAYLOAD_BYTES_MAX) {
                throw new ProtocolException(
                        String.format(
                                Locale.ROOT,
                                "write of %d bytes, at most %d",
                                request.payloadBytes(),
                                Protocol.PAYLOAD_BYTES_MAX));
            }
            var refusal = leaving.getAsBoolean() ? SHUTTING_DOWN : request.refusal(agreement);
            if (refusal.isPresent()) {
                in.skip(request.payloadBytes());
                allowance.begin();
                replies.failure(request, refusal.get());
            } else {
                allowance.begin();
                serve(request);
            }
        }
    }

    private void serve(Request request) throws IOException {
        switch (Command.of(request.type()).orElseThrow()) {
            case READ -> inBackground(request, () -> read(request));
            case WRITE -> receive(request);
            case FLUSH -> inBackground(request, () -> flush(request));
            case CACHE -> inBackground(request, () -> cache(request));
            case TRIM, WRITE_ZEROES -> inBackground(request, () -> zero(request));
            case BLOCK_STATUS -> inBackground(request, () -> blockStatus(request));
            case DISC -> throw new IllegalStateException("left by a request that was to be served");
        }
    }

    private void inBackground(Request request, Work work) {
        threads.newThread(
                        () -> {
                            try {
                                work.run();
                            } catch (IOException | RuntimeException | Error e) {
                                replies.failure(request, explain(request, e));
                            }
                        })
                .start();
    }

    private void read(Request request) {
        var reply = new ReadReply(request, view, allowance, replies);
        try {
            reply.send(agreement);
        } catch (IOException | RuntimeException | Error e) {
            replies.failure(request, explain(request, e), reply.at());
        }
    }

    /// Takes in the payload piece by piece, each stored while the next comes in.
    private void receive(Request request) throws IOException {
        var write = new WriteInPieces(request);
        var at = request.offsetBytes();
        var end = at + request.lengthBytes();
        if (at == end) {
            replies.success(request);
        }
        while (at < end) {
            var offset = at;
            var length = Buffers.pieceBytes(at, end);
            var loan = allowance.lend(length);
            try {
                in.readFully(loan.array(), length);
            } catch (IOException e) {
                loan.close();
                write.fail(new Failure(ErrorCode.EIO, "the client went away"));
                write.leave();
                throw e;
            }
            at += length;
            if (at < end) {
                write.enter();
            }
            threads.newThread(() -> write.store(loan, length, offset)).start();
        }
    }

    /// One `NBD_CMD_WRITE`. Who is last to leave it answers. One that fails may have been stored in
    /// part, as on any disk.
    private final class WriteInPieces {
        private final Request request;

        /// Pieces in work; the one that is still to come counts as the first.
        private final AtomicInteger present = new AtomicInteger(1);

        private final AtomicReference<@Nullable Failure> failure = new AtomicReference<>();

        WriteInPieces(Request request) {
            this.request = request;
        }

        void enter() {
            present.incrementAndGet();
        }

        void fail(Failure why) {
            failure.compareAndSet(null, why);
        }

        /// Closes the loan.
        void store(Loan loan, int length, long offset) {
            try (loan) {
                var durable = request.durable() && length == request.lengthBytes();
                branch().write(ByteBuffer.wrap(loan.array(), 0, length), offset, durable);
            } catch (IOException | RuntimeException | Error e) {
                fail(explain(request, e));
            }
            leave();
        }

        void leave() {
            if (present.decrementAndGet() > 0) {
                return;
            }
            try {
                if (request.durable() && failure.get() == null && inSeveralPieces()) {
                    branch().flush(); // once for all pieces, rather than once for each
                }
            } catch (IOException | RuntimeException | Error e) {
                fail(explain(request, e));
            }
            var why = failure.get();
            if (why == null) {
                replies.success(request);
            } else {
                replies.failure(request, why);
            }
        }

        private boolean inSeveralPieces() {
            var end = request.offsetBytes() + request.lengthBytes();
            return Buffers.pieceBytes(request.offsetBytes(), end) < request.lengthBytes();
        }
    }

    private void flush(Request request) throws IOException {
        if (agreement.writable()) { // else there is nothing that could be lost
            branch().flush();
        }
        replies.success(request);
    }

    /// `NBD_CMD_TRIM` and `NBD_CMD_WRITE_ZEROES`. Either way the range is forgotten, which is fast
    /// whatever its length, so `NBD_CMD_FLAG_FAST_ZERO` asks for nothing more. Why
    /// `NBD_CMD_FLAG_NO_HOLE` changes nothing is told in docs/decisions/nbd-no-hole.md.
    private void zero(Request request) throws IOException {
        if (request.lengthBytes() > 0) {
            branch().zero(request.offsetBytes(), request.lengthBytes(), request.durable());
        }
        replies.success(request);
    }

    /// `NBD_CMD_CACHE`: reads what is stored of the range, so that it is in the machine's page
    /// cache when it is asked for. Only a hint, so no request makes us read more than a read could.
    private void cache(Request request) throws IOException {
        var length = Math.min(request.lengthBytes(), Protocol.PAYLOAD_BYTES_MAX);
        for (var run :
                AllocationWalk.runs(view, request.offsetBytes(), length, Integer.MAX_VALUE)) {
            var end = run.offsetBytes() + run.lengthBytes();
            for (var at = run.offsetBytes(); run.data() && at < end; ) {
                var pieceBytes = Buffers.pieceBytes(at, end);
                try (var loan = allowance.lend(pieceBytes)) {
                    view.read(ByteBuffer.wrap(loan.array(), 0, pieceBytes), at);
                }
                at += pieceBytes;
            }
        }
        replies.success(request);
    }

    private void blockStatus(Request request) throws IOException {
        var extents = request.has(Protocol.CMD_FLAG_REQ_ONE) ? 1 : EXTENTS_MAX;
        var runs = AllocationWalk.runs(view, request.offsetBytes(), request.lengthBytes(), extents);
        var length = ReplyCodec.blockStatusBytes(runs.size());
        var loan = allowance.lend(length);
        ReplyCodec.blockStatus(ByteBuffer.wrap(loan.array()), request.cookie(), runs);
        replies.last(loan, length);
    }

    private Branch branch() {
        if (view instanceof Branch branch) {
            return branch;
        }
        throw new IllegalStateException("a change to a read-only export was let through");
    }

    private Failure explain(Request request, Throwable thrown) {
        var failure = Failure.of(thrown);
        var line =
                String.format(
                        Locale.ROOT,
                        "event=nbd-request-failed connection=%s export=%s command=%s offset=%d length=%d error=%s reason=%s",
                        connection,
                        Strings.quoted(agreement.export()),
                        Command.of(request.type()).orElseThrow(),
                        request.offsetBytes(),
                        request.lengthBytes(),
                        failure.error(),
                        Strings.quoted(String.valueOf(thrown.getMessage())));
        if (thrown instanceof StoreException) {
            LOG.log(WARNING, line);
        } else {
            LOG.log(ERROR, line, thrown);
        }
        return failure;
    }
}
