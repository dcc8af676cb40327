package holdfast.nbd;

import static holdfast.nbd.Protocol.REPLY_FLAG_DONE;

import holdfast.volume.VolumeView.Run;
import java.nio.ByteBuffer;
import java.util.List;

/// Replies of the transmission phase. Pure; each method appends to the buffer, which has room.
///
/// ```
/// simple: 16 bytes                       structured chunk: 20 bytes and payload
///  0  u32  NBD_SIMPLE_REPLY_MAGIC         0  u32  NBD_STRUCTURED_REPLY_MAGIC
///  4  u32  error, zero for success        4  u16  flags: 1 for the last chunk of a reply
///  8  u64  cookie                         6  u16  type
/// 16  data of a read                      8  u64  cookie
///                                        16  u32  length of the payload
/// ```
final class ReplyCodec {
    static final int SIMPLE_BYTES = 16;
    static final int CHUNK_BYTES = 20;

    /// Of a chunk that holds data, without the data.
    static final int DATA_CHUNK_BYTES = CHUNK_BYTES + Long.BYTES;

    static final int HOLE_CHUNK_BYTES = CHUNK_BYTES + Long.BYTES + Integer.BYTES;
    private static final int DESCRIPTOR_BYTES = 2 * Integer.BYTES;

    private ReplyCodec() {}

    static int blockStatusBytes(int runs) {
        return CHUNK_BYTES + Integer.BYTES + DESCRIPTOR_BYTES * runs;
    }

    /// `error` zero is success.
    static void simple(ByteBuffer out, long cookie, int error) {
        out.putInt(Protocol.SIMPLE_REPLY_MAGIC).putInt(error).putLong(cookie);
    }

    /// `NBD_REPLY_TYPE_NONE`: all went well and there is nothing to say.
    static void none(ByteBuffer out, long cookie) {
        chunk(out, cookie, REPLY_FLAG_DONE, Protocol.REPLY_TYPE_NONE, 0);
    }

    /// `NBD_REPLY_TYPE_OFFSET_DATA`, less the data itself, which follows at once.
    static void dataHeader(ByteBuffer out, long cookie, long offset, int dataBytes, boolean done) {
        chunk(out, cookie, flags(done), Protocol.REPLY_TYPE_OFFSET_DATA, Long.BYTES + dataBytes);
        out.putLong(offset);
    }

    /// `NBD_REPLY_TYPE_OFFSET_HOLE`.
    static void hole(ByteBuffer out, long cookie, long offset, long lengthBytes, boolean done) {
        chunk(
                out,
                cookie,
                flags(done),
                Protocol.REPLY_TYPE_OFFSET_HOLE,
                Long.BYTES + Integer.BYTES);
        out.putLong(offset).putInt((int) lengthBytes);
    }

    /// `NBD_REPLY_TYPE_BLOCK_STATUS` for `base:allocation`.
    static void blockStatus(ByteBuffer out, long cookie, List<Run> runs) {
        var payload = blockStatusBytes(runs.size()) - CHUNK_BYTES;
        chunk(out, cookie, REPLY_FLAG_DONE, Protocol.REPLY_TYPE_BLOCK_STATUS, payload);
        out.putInt(Protocol.BASE_ALLOCATION_ID);
        for (var run : runs) {
            out.putInt((int) run.lengthBytes());
            out.putInt(run.data() ? 0 : Protocol.STATE_HOLE | Protocol.STATE_ZERO);
        }
    }

    /// `NBD_REPLY_TYPE_ERROR`, the last chunk of its reply.
    static byte[] error(long cookie, Failure failure) {
        var text = Strings.encode(failure.message());
        var payload = Integer.BYTES + Short.BYTES + text.length;
        var out = ByteBuffer.allocate(CHUNK_BYTES + payload);
        chunk(out, cookie, REPLY_FLAG_DONE, Protocol.REPLY_TYPE_ERROR, payload);
        return out.putInt(failure.error().value()).putShort((short) text.length).put(text).array();
    }

    /// `NBD_REPLY_TYPE_ERROR_OFFSET`, the last chunk of its reply: what was sent before it is good.
    static byte[] error(long cookie, Failure failure, long offset) {
        var text = Strings.encode(failure.message());
        var payload = Integer.BYTES + Short.BYTES + text.length + Long.BYTES;
        var out = ByteBuffer.allocate(CHUNK_BYTES + payload);
        chunk(out, cookie, REPLY_FLAG_DONE, Protocol.REPLY_TYPE_ERROR_OFFSET, payload);
        out.putInt(failure.error().value()).putShort((short) text.length).put(text);
        return out.putLong(offset).array();
    }

    private static int flags(boolean done) {
        return done ? REPLY_FLAG_DONE : 0;
    }

    private static void chunk(ByteBuffer out, long cookie, int flags, int type, int payloadBytes) {
        out.putInt(Protocol.STRUCTURED_REPLY_MAGIC).putShort((short) flags).putShort((short) type);
        out.putLong(cookie).putInt(payloadBytes);
    }
}
