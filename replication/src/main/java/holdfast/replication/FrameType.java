package holdfast.replication;

import org.jspecify.annotations.Nullable;

/// Kinds of frames with their codes and the largest payload of each, which is checked before
/// anything is allocated or read. Directions and meanings: docs/formats/wire.md.
enum FrameType {
    HELLO(1, 8),
    AGREED(2, 2),
    BEGIN(3, 128 << 10),
    BEGAN(4, 64 << 10),
    EXTENTS(5, 1 << 20),
    COMPARE(6, 66 << 10),
    COMPARED(7, 1 << 10),
    ROUND_END(8, 64),
    ACK(9, 8),
    CREDIT(10, 8),
    REPORT(11, 128 << 10),
    STATUS(12, 2 << 10),
    PING(13, 8),
    PONG(14, 8),
    ERROR(15, 4 << 10),
    GOODBYE(16, 0),
    CERTIFICATE_REQUEST(17, 4098, Wire.VERSION_RENEWAL),
    CERTIFICATE(18, 16 << 10, Wire.VERSION_RENEWAL),
    TAKE_POINT(19, 16, Wire.VERSION_FAILBACK),
    POINT(20, 30, Wire.VERSION_FAILBACK),
    LIST_CHANGES(21, 18, Wire.VERSION_FAILBACK),
    CHANGES(22, 66 << 10, Wire.VERSION_FAILBACK),
    PULL(23, 12 << 10, Wire.VERSION_FAILBACK),
    VERIFIED(24, 8 << 10, Wire.VERSION_FAILBACK),
    FINISH(25, 0, Wire.VERSION_FINISH),
    FINISHED(26, 8, Wire.VERSION_FINISH),
    LIMIT(0x60, 8, Wire.VERSION_LIMIT);

    /// Of a byte.
    private static final int CODE_MAX = 255;

    private static final @Nullable FrameType[] BY_CODE = byCode();

    private final int code;
    private final int payloadBytesMax;
    private final int since;

    FrameType(int code, int payloadBytesMax) {
        this(code, payloadBytesMax, Wire.VERSION_MIN);
    }

    /// @param since the first version of the protocol that has it
    FrameType(int code, int payloadBytesMax, int since) {
        this.code = code;
        this.payloadBytesMax = payloadBytesMax;
        this.since = since;
    }

    int code() {
        return code;
    }

    int payloadBytesMax() {
        return payloadBytesMax;
    }

    private static @Nullable FrameType[] byCode() {
        var types = new @Nullable FrameType[CODE_MAX + 1];
        for (var type : values()) {
            types[type.code] = type;
        }
        return types;
    }

    /// @param version of the protocol that was agreed on
    static FrameType ofCode(int code, int version) throws ProtocolException {
        var type = code < 0 || code > CODE_MAX ? null : BY_CODE[code];
        if (type == null || type.since > version) {
            throw new ProtocolException("unknown frame type " + code);
        }
        return type;
    }
}
