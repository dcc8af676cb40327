package holdfast.nbd;

import holdfast.nbd.Allowance.Loan;
import holdfast.nbd.Outbox.Reply;
import java.nio.ByteBuffer;

/// The answers to one connection's requests, and the end of each request's share of its
/// [Allowance]. Safe for any thread.
final class Replies {
    private final boolean structured;
    private final Allowance allowance;
    private final Outbox outbox;

    Replies(boolean structured, Allowance allowance, Outbox outbox) {
        this.structured = structured;
        this.allowance = allowance;
        this.outbox = outbox;
    }

    /// Ends a request that has no data to return. A simple reply does for that, whatever was
    /// negotiated.
    void success(Request request) {
        last(simple(request, 0));
    }

    /// Ends a request.
    void failure(Request request, Failure failure) {
        last(
                structured
                        ? ReplyCodec.error(request.cookie(), failure)
                        : simple(request, failure.error().value()));
    }

    /// Ends a read that went wrong at `offset`, having gone well before.
    void failure(Request request, Failure failure, long offset) {
        last(
                structured
                        ? ReplyCodec.error(request.cookie(), failure, offset)
                        : simple(request, failure.error().value()));
    }

    /// Sends part of a reply; the loan is closed once it is sent.
    void part(Loan loan, int length) {
        outbox.send(new Reply(loan.array(), length, loan::close));
    }

    /// Sends the last part, and ends the request.
    void last(Loan loan, int length) {
        outbox.send(
                new Reply(
                        loan.array(),
                        length,
                        () -> {
                            loan.close();
                            allowance.finish();
                        }));
    }

    private void last(byte[] bytes) {
        outbox.send(new Reply(bytes, bytes.length, allowance::finish));
    }

    private static byte[] simple(Request request, int error) {
        var bytes = new byte[ReplyCodec.SIMPLE_BYTES];
        ReplyCodec.simple(ByteBuffer.wrap(bytes), request.cookie(), error);
        return bytes;
    }
}
