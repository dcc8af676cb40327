package holdfast.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/// Read access to a volume as it was at one position of the journal (or, for a branch, as it is
/// now). Safe for any thread. While it is open, reclaim leaves alone what it reaches; the opener
/// closes it.
public interface VolumeView extends AutoCloseable {
    Volume volume();

    /// Position in the journal that is seen.
    long sequence();

    default long sizeBytes() {
        return volume().sizeBytes();
    }

    /// Fills the buffer's remaining space from `offsetBytes` on; blocks never written read as
    /// zeros. Every byte returned was checked against its checksum.
    ///
    /// @throws IndexOutOfBoundsException if the range leaves the volume
    /// @throws DamagedDataException if a byte of the range cannot be proven right; nothing of the
    ///   buffer is to be used then
    void read(ByteBuffer target, long offsetBytes) throws IOException;

    /// What is stored in the range, in ascending order and without gaps: runs that hold data, and
    /// runs that read as zeros without taking room. May stop early, but describes at least one run.
    ///
    /// @throws IndexOutOfBoundsException if the range leaves the volume
    List<Run> allocation(long offsetBytes, long lengthBytes) throws IOException;

    @Override
    void close();

    /// @param data false if the run reads as zeros
    record Run(long offsetBytes, long lengthBytes, boolean data) {}
}
