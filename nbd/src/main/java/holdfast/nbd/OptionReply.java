package holdfast.nbd;

import java.nio.ByteBuffer;

/// Replies to options: magic, option, type, length (20 bytes, big-endian), data. Pure.
final class OptionReply {
    private static final int HEADER_BYTES = 20;

    private OptionReply() {}

    static byte[] of(int option, int type, byte[] data) {
        return ByteBuffer.allocate(HEADER_BYTES + data.length)
                .putLong(Protocol.OPTION_REPLY_MAGIC)
                .putInt(option)
                .putInt(type)
                .putInt(data.length)
                .put(data)
                .array();
    }

    static byte[] ack(int option) {
        return of(option, Protocol.REP_ACK, new byte[0]);
    }

    /// @param message for the user at the other end
    static byte[] error(int option, int type, String message) {
        return of(option, type, text(message));
    }

    /// `NBD_REP_SERVER`: one export of the list.
    static byte[] server(String export) {
        var name = text(export);
        var data = ByteBuffer.allocate(Integer.BYTES + name.length).putInt(name.length).put(name);
        return of(Protocol.OPT_LIST, Protocol.REP_SERVER, data.array());
    }

    /// `NBD_REP_META_CONTEXT` for `base:allocation`; its number has no meaning in a list.
    static byte[] allocationContext(int option) {
        var id = option == Protocol.OPT_SET_META_CONTEXT ? Protocol.BASE_ALLOCATION_ID : 0;
        var name = text(Protocol.BASE_ALLOCATION);
        var data = ByteBuffer.allocate(Integer.BYTES + name.length).putInt(id).put(name);
        return of(option, Protocol.REP_META_CONTEXT, data.array());
    }

    /// `NBD_INFO_EXPORT`.
    static byte[] export(int option, Agreement agreement) {
        var data =
                ByteBuffer.allocate(Short.BYTES + Long.BYTES + Short.BYTES)
                        .putShort((short) Protocol.INFO_EXPORT)
                        .putLong(agreement.sizeBytes())
                        .putShort((short) agreement.transmissionFlags());
        return of(option, Protocol.REP_INFO, data.array());
    }

    /// `NBD_INFO_NAME`.
    static byte[] name(int option, Agreement agreement) {
        var name = text(agreement.export());
        var data =
                ByteBuffer.allocate(Short.BYTES + name.length)
                        .putShort((short) Protocol.INFO_NAME)
                        .put(name);
        return of(option, Protocol.REP_INFO, data.array());
    }

    /// `NBD_INFO_BLOCK_SIZE`. The largest payload is what a reply may hold: less for a client that
    /// did not ask for structured replies, which can be split.
    static byte[] blockSize(int option, Agreement agreement) {
        var data =
                ByteBuffer.allocate(Short.BYTES + 3 * Integer.BYTES)
                        .putShort((short) Protocol.INFO_BLOCK_SIZE)
                        .putInt(Protocol.BLOCK_BYTES_MIN)
                        .putInt(Protocol.BLOCK_BYTES_PREFERRED)
                        .putInt(
                                agreement.structuredReplies()
                                        ? Protocol.PAYLOAD_BYTES_MAX
                                        : Protocol.WHOLE_READ_BYTES_MAX);
        return of(option, Protocol.REP_INFO, data.array());
    }

    private static byte[] text(String text) {
        return Strings.encode(text);
    }
}
