package holdfast.base;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// CRC-32C (Castagnoli, RFC 3720 §B.4), the checksum of every format of ours: found in hardware on
/// both x86-64 and ARM, and intrinsic in the JDK.
public final class Checksums {
    private Checksums() {}

    /// Checksum of the remaining bytes; the buffer's position stays where it is.
    public static int crc32c(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }

    /// Checksum of the remaining bytes and of a number behind them, big-endian.
    public static int crc32c(ByteBuffer bytes, long number) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate());
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(number).flip());
        return (int) crc.getValue();
    }

    public static int crc32c(byte[] bytes) {
        return crc32c(bytes, 0, bytes.length);
    }

    public static int crc32c(byte[] bytes, int offset, int length) {
        var crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }
}
