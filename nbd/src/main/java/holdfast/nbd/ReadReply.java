package holdfast.nbd;

import static holdfast.nbd.Buffers.HEADROOM_BYTES;
import static holdfast.nbd.Buffers.PIECE_BYTES;
import static holdfast.nbd.ReplyCodec.DATA_CHUNK_BYTES;
import static holdfast.nbd.ReplyCodec.HOLE_CHUNK_BYTES;
import static holdfast.nbd.ReplyCodec.SIMPLE_BYTES;

import holdfast.nbd.Allowance.Loan;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Answers one `NBD_CMD_READ`: in one piece if it is short or must be, else as a stream of chunks,
/// of which only the one being filled and those not yet sent are in memory. Data is read in place
/// behind its header, so that both are one write. For one thread, once.
final class ReadReply {
    /// Up to this length, asking for holes first costs more than it saves.
    private static final int UNDIVIDED_BYTES_MAX = 64 << 10;

    private static final int HOLE_BYTES_MIN = 16 << 10;

    private final Request request;
    private final VolumeView view;
    private final Allowance allowance;
    private final Replies replies;
    private final long end;
    private long at;

    ReadReply(Request request, VolumeView view, Allowance allowance, Replies replies) {
        this.request = request;
        this.view = view;
        this.allowance = allowance;
        this.replies = replies;
        this.at = request.offsetBytes();
        this.end = at + request.lengthBytes();
    }

    /// Ends the request by its reply, unless it throws: then nothing at or after [#at] was sent,
    /// and the caller says what went wrong.
    void send(Agreement agreement) throws IOException {
        if (!agreement.structuredReplies()) {
            sendSimple();
        } else if (request.inOnePiece(agreement) || request.lengthBytes() <= UNDIVIDED_BYTES_MAX) {
            sendOneChunk();
        } else {
            sendChunks();
        }
    }

    /// Where reading stands; where it failed, once it has.
    long at() {
        return at;
    }

    private void sendSimple() throws IOException {
        var length = (int) request.lengthBytes();
        try (var page = new Page(SIMPLE_BYTES + length)) {
            ReplyCodec.simple(page.out, request.cookie(), 0);
            page.read(length);
            page.sendLast();
        }
    }

    private void sendOneChunk() throws IOException {
        var length = (int) request.lengthBytes();
        try (var page = new Page(DATA_CHUNK_BYTES + length)) {
            if (length == 0) { // a data chunk must not be empty
                ReplyCodec.none(page.out, request.cookie());
            } else {
                page.appendData(length);
            }
            page.sendLast();
        }
    }

    private void sendChunks() throws IOException {
        var runs =
                AllocationWalk.withoutShortHoles(
                        AllocationWalk.runs(view, at, request.lengthBytes(), Integer.MAX_VALUE),
                        HOLE_BYTES_MIN);
        try (var page = new Page(PIECE_BYTES + HEADROOM_BYTES)) {
            for (var run : runs) {
                var runEnd = run.offsetBytes() + run.lengthBytes();
                if (!run.data()) {
                    page.appendHole(run.lengthBytes());
                }
                while (at < runEnd) {
                    page.appendData(Buffers.pieceBytes(at, runEnd));
                }
            }
            page.sendLast();
        }
    }

    /// The part of the reply that is being filled, sent whenever the next chunk does not fit. On an
    /// error it is dropped: the client takes as read only what it got.
    private final class Page implements AutoCloseable {
        private final int bytes;
        private Loan loan;
        private ByteBuffer out;
        private boolean lent = true;

        Page(int bytes) {
            this.bytes = bytes;
            this.loan = allowance.lend(bytes);
            this.out = ByteBuffer.wrap(loan.array());
        }

        void appendHole(long length) {
            reserve(HOLE_CHUNK_BYTES);
            ReplyCodec.hole(out, request.cookie(), at, length, at + length == end);
            at += length;
        }

        void appendData(int length) throws IOException {
            reserve(DATA_CHUNK_BYTES + length);
            // Done, if it is the last: it is not sent before all of it was read without an error.
            ReplyCodec.dataHeader(out, request.cookie(), at, length, at + length == end);
            read(length);
        }

        void read(int length) throws IOException {
            view.read(out.slice(out.position(), length), at);
            out.position(out.position() + length);
            at += length;
        }

        void sendLast() {
            lent = false;
            replies.last(loan, out.position());
        }

        private void reserve(int chunkBytes) {
            if (out.remaining() < chunkBytes) {
                lent = false;
                replies.part(loan, out.position());
                loan = allowance.lend(bytes);
                lent = true;
                out = ByteBuffer.wrap(loan.array());
            }
        }

        @Override
        public void close() {
            if (lent) {
                loan.close();
            }
        }
    }
}
