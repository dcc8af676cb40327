package holdfast.nbd;

import static holdfast.nbd.Protocol.CMD_FLAG_DF;
import static holdfast.nbd.Protocol.CMD_FLAG_FUA;
import static holdfast.nbd.Protocol.PAYLOAD_BYTES_MAX;
import static holdfast.nbd.Protocol.WHOLE_READ_BYTES_MAX;

import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Optional;

/// A request's header: 28 bytes, big-endian.
///
/// ```
///  0  u32  NBD_REQUEST_MAGIC      8  u64  cookie
///  4  u16  command flags         16  u64  offset
///  6  u16  type                  24  u32  length
/// ```
///
/// @param offsetBytes unsigned in the protocol: negative here if beyond any volume
/// @param lengthBytes from 0 to 2^32 - 1
record Request(int flags, int type, long cookie, long offsetBytes, long lengthBytes) {
    static final int BYTES = 28;

    /// @throws ProtocolException if the magic is wrong: the stream is out of step
    static Request decode(ByteBuffer in) throws ProtocolException {
        var magic = in.getInt();
        if (magic != Protocol.REQUEST_MAGIC) {
            throw new ProtocolException(
                    String.format(
                            Locale.ROOT,
                            "request magic is %08x, expected %08x",
                            magic,
                            Protocol.REQUEST_MAGIC));
        }
        return new Request(
                Short.toUnsignedInt(in.getShort()),
                Short.toUnsignedInt(in.getShort()),
                in.getLong(),
                in.getLong(),
                Integer.toUnsignedLong(in.getInt()));
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    boolean durable() {
        return has(CMD_FLAG_FUA);
    }

    /// Bytes that follow the header.
    long payloadBytes() {
        return Command.WRITE.is(type) ? lengthBytes : 0;
    }

    /// Whether the reply may not be split into chunks.
    boolean inOnePiece(Agreement agreement) {
        return !agreement.structuredReplies() || has(CMD_FLAG_DF);
    }

    /// All that the protocol forbids, decided before a byte is allocated or read.
    Optional<Failure> refusal(Agreement agreement) {
        var known = Command.of(type);
        if (known.isEmpty()) {
            return refuse(ErrorCode.EINVAL, "unknown command " + type);
        }
        var command = known.get();
        if (!command.takes(flags) || (has(CMD_FLAG_DF) && !agreement.structuredReplies())) {
            return refuse(
                    ErrorCode.EINVAL,
                    String.format(Locale.ROOT, "%s does not take flags %#x", command, flags));
        }
        if (command.changesData() && !agreement.writable()) {
            return refuse(
                    ErrorCode.EPERM,
                    String.format(Locale.ROOT, "export %s is read-only", agreement.export()));
        }
        var size = agreement.sizeBytes();
        if (offsetBytes < 0 || offsetBytes > size || lengthBytes > size - offsetBytes) {
            return refuse(
                    command.beyondTheEnd(),
                    String.format(
                            Locale.ROOT,
                            "%s of %d bytes at %s, but the export ends at %d",
                            command,
                            lengthBytes,
                            Long.toUnsignedString(offsetBytes),
                            size));
        }
        return switch (command) {
            case READ -> refusalOfRead(agreement);
            // "length and offset are reserved, and MUST be set to all-zero"
            case FLUSH ->
                    offsetBytes == 0 && lengthBytes == 0
                            ? Optional.empty()
                            : refuse(ErrorCode.EINVAL, "flush of a range");
            case BLOCK_STATUS -> refusalOfBlockStatus(agreement);
            case WRITE, DISC, TRIM, CACHE, WRITE_ZEROES -> Optional.empty();
        };
    }

    private Optional<Failure> refusalOfRead(Agreement agreement) {
        if (inOnePiece(agreement) && lengthBytes > WHOLE_READ_BYTES_MAX) {
            return refuse(
                    has(CMD_FLAG_DF) ? ErrorCode.EOVERFLOW : ErrorCode.EINVAL,
                    String.format(
                            Locale.ROOT,
                            "read of %d bytes in one piece, at most %d",
                            lengthBytes,
                            WHOLE_READ_BYTES_MAX));
        }
        return lengthBytes > PAYLOAD_BYTES_MAX
                ? refuse(
                        ErrorCode.EINVAL,
                        String.format(
                                Locale.ROOT,
                                "read of %d bytes, at most %d",
                                lengthBytes,
                                PAYLOAD_BYTES_MAX))
                : Optional.empty();
    }

    private Optional<Failure> refusalOfBlockStatus(Agreement agreement) {
        if (!agreement.allocationContext()) {
            return refuse(ErrorCode.EINVAL, "block status without a metadata context");
        }
        return lengthBytes == 0 // a reply must hold an extent, and an extent must not be empty
                ? refuse(ErrorCode.EINVAL, "block status of nothing")
                : Optional.empty();
    }

    private static Optional<Failure> refuse(ErrorCode error, String message) {
        return Optional.of(new Failure(error, message));
    }
}
