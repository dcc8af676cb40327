package holdfast.volume;

import java.io.IOException;
import java.nio.ByteBuffer;

/// A writable copy-on-write child of a consistency point. Ranges need not be aligned to blocks. A
/// write is seen by every later read at once; it survives a crash once [#flush] returned, or once
/// it returned itself if it was asked to be durable. Writes never reach the parent.
///
/// Opening the same branch twice gives two handles on the same data.
public interface Branch extends VolumeView {
    /// @param durable return only once the write is on stable storage (NBD and SCSI: FUA)
    /// @throws NoRoomException if the staging area is full
    void write(ByteBuffer source, long offsetBytes, boolean durable) throws IOException;

    /// Makes the range read as zeros and take no room (trim, write-zeroes).
    void zero(long offsetBytes, long lengthBytes, boolean durable) throws IOException;

    /// Returns once every write that returned before is on stable storage.
    void flush() throws IOException;
}
