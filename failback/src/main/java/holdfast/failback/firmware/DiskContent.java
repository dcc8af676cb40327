package holdfast.failback.firmware;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A disk that is only read.
@FunctionalInterface
public interface DiskContent {
    /// Fills the array; what lies past the end reads as zeros.
    void read(long offsetBytes, byte[] target) throws IOException;

    /// @return little-endian, as partition tables and FAT file systems are
    default ByteBuffer at(long offsetBytes, int length) throws IOException {
        var bytes = new byte[length];
        read(offsetBytes, bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
