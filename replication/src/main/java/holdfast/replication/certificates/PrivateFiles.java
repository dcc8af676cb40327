package holdfast.replication.certificates;

import holdfast.base.Filesystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Small text files that are replaced as a whole: after a crash there is the old text or the new.
final class PrivateFiles {
    private static final int BYTES_MAX = 64 << 10;

    private PrivateFiles() {}

    /// Durable on return.
    static void write(Filesystem files, Path file, String text) throws IOException {
        var unfinished = file.resolveSibling(file.getFileName() + ".new");
        try (var handle = files.openForWriting(unfinished)) {
            handle.truncate(0); // a crash may have left one behind
            handle.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
            handle.sync();
        }
        files.rename(unfinished, file);
        var directory = file.toAbsolutePath().getParent();
        if (directory != null) {
            files.syncDirectory(directory);
        }
    }

    static String read(Filesystem files, Path file) throws IOException {
        try (var handle = files.openForReading(file)) {
            var size = handle.sizeBytes();
            if (size > BYTES_MAX) {
                throw new IOException(file + ": " + size + " bytes, expected at most " + BYTES_MAX);
            }
            var bytes = new byte[(int) size];
            var read = handle.read(ByteBuffer.wrap(bytes), 0);
            return new String(bytes, 0, read, StandardCharsets.UTF_8);
        }
    }
}
