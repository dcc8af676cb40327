package holdfast.recovery;

import holdfast.base.Filesystem;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// Follows a file that QEMU appends to, from its beginning. Used by one thread.
final class GrowingLog {
    /// What a guest may make us keep, and what is kept when it wrote more: the beginning, which
    /// shows the boot. QEMU appends wherever the end is.
    static final long BYTES_MAX = 16 << 20;

    static final long BYTES_KEPT = 8 << 20;

    private static final int PIECE_BYTES_MAX = 64 << 10;

    private final Filesystem filesystem;
    private final Path file;
    private long position;

    GrowingLog(Filesystem filesystem, Path file) {
        this.filesystem = filesystem;
        this.file = file;
    }

    /// What was added since the last call, or the next part of it; empty if nothing was.
    byte[] next() throws IOException {
        try (var handle = filesystem.openForReading(file)) {
            position = Math.min(position, handle.sizeBytes()); // it was cut back
            var piece = ByteBuffer.allocate(PIECE_BYTES_MAX);
            var count = handle.read(piece, position);
            position += count;
            var bytes = new byte[count];
            piece.flip().get(bytes);
            return bytes;
        } catch (NoSuchFileException | FileNotFoundException _) {
            return new byte[0]; // QEMU has not made it yet
        }
    }

    /// Keeps a guest from filling the host's disk.
    static void bound(Filesystem filesystem, Path file) throws IOException {
        if (!filesystem.exists(file)) {
            return;
        }
        try (var handle = filesystem.openForWriting(file)) {
            if (handle.sizeBytes() > BYTES_MAX) {
                handle.truncate(BYTES_KEPT);
            }
        }
    }
}
