package holdfast.format;

/// How the bytes of an extent are packed. The code is part of the wire and segment formats.
public enum Compression {
    /// As they are: data that does not compress.
    NONE(0),
    /// All zeros; nothing is stored.
    ZERO(1),
    /// One LZ4 block.
    LZ4(2),
    /// One Zstandard frame.
    ZSTD(3);

    private final byte code;

    Compression(int code) {
        this.code = (byte) code;
    }

    public byte code() {
        return code;
    }

    /// @throws IllegalArgumentException if no compression has this code
    public static Compression ofCode(int code) {
        return switch (code) {
            case 0 -> NONE;
            case 1 -> ZERO;
            case 2 -> LZ4;
            case 3 -> ZSTD;
            default -> throw new IllegalArgumentException("unknown compression " + code);
        };
    }
}
