package holdfast.failback;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import java.io.IOException;

/// A local disk as far as it is to equal a disk of a recovery instance. Not safe for concurrent
/// use; whoever opened it closes it.
interface TargetDisk extends AutoCloseable {
    /// Opens the disks that are written, or only read.
    @FunctionalInterface
    interface Opener {
        TargetDisk open(MappedDisk mapped, boolean writable) throws IOException;
    }

    MappedDisk mapped();

    /// Blocks that the local disk and the recovery instance's have in common.
    default long blockCount() {
        return Blocks.count(mapped().bytes());
    }

    /// Reads whole blocks; what lies past the end reads as zeros.
    void read(long firstBlock, int blockCount, byte[] target) throws IOException;

    /// Writes whole blocks; durable after [#sync].
    ///
    /// @throws RefusalException if there is something in what lies past the end of the disk
    void write(long firstBlock, byte[] data, int blockCount) throws IOException;

    /// Returns once everything written is on stable storage.
    void sync() throws IOException;

    static RefusalException tooSmall(MappedDisk mapped) {
        return new RefusalException(
                "disk-too-small",
                mapped.recovery().name()
                        + " of the recovery instance holds data behind the end of "
                        + mapped.local().path()
                        + ", which is smaller: map it to a disk of at least "
                        + mapped.recovery().sizeBytes()
                        + " bytes");
    }

    @Override
    void close();
}
