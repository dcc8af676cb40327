package holdfast.agent;

import java.io.IOException;

/// A protected disk, open for reading only. Any thread may read; whoever opened it closes it.
public interface SourceDisk extends AutoCloseable {
    /// Its size now, which may be another than when it was opened.
    long sizeBytes() throws IOException;

    /// Reads whole blocks, as the device holds them and not as a cache does, into the start of
    /// `target`. What lies past the disk's end reads as zeros.
    void read(long firstBlock, int blockCount, byte[] target) throws IOException;

    @Override
    void close() throws IOException;
}
