package holdfast.recovery;

import holdfast.base.Filesystem;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/// Files that fit in memory, read and written as a whole. Safe for any thread.
record SmallFiles(Filesystem filesystem) {
    private static final int CHUNK_BYTES = 64 << 10;

    byte[] bytes(Path file, int bytesMax) throws IOException {
        try (var handle = filesystem.openForReading(file)) {
            // By reading to the end: files of /proc have the size zero.
            var buffer = ByteBuffer.allocate(CHUNK_BYTES);
            while (true) {
                handle.read(buffer, buffer.position());
                if (buffer.hasRemaining()) {
                    var content = new byte[buffer.flip().remaining()];
                    buffer.get(content);
                    return content;
                }
                if (buffer.capacity() > bytesMax) {
                    throw new IOException(
                            String.format(Locale.ROOT, "%s: more than %d bytes", file, bytesMax));
                }
                buffer = ByteBuffer.allocate(2 * buffer.capacity()).put(buffer.flip());
            }
        }
    }

    String read(Path file, int bytesMax) throws IOException {
        return new String(bytes(file, bytesMax), StandardCharsets.UTF_8);
    }

    /// Empty if there is no such file.
    Optional<String> readIfPresent(Path file, int bytesMax) throws IOException {
        try {
            return Optional.of(read(file, bytesMax));
        } catch (NoSuchFileException | FileNotFoundException _) {
            return Optional.empty();
        }
    }

    /// Replaces the file in one step; on return it outlives a power cut.
    ///
    /// @param file in a directory that the path names
    void write(Path file, byte[] content) throws IOException {
        var partial = file.resolveSibling(file.getFileName() + ".partial");
        try (var handle = filesystem.openForWriting(partial)) {
            handle.truncate(0);
            handle.write(ByteBuffer.wrap(content), 0);
            handle.sync();
        }
        filesystem.rename(partial, file);
        filesystem.syncDirectory(Objects.requireNonNull(file.getParent(), file + ""));
    }

    void deleteIfPresent(Path file) throws IOException {
        try {
            filesystem.delete(file);
        } catch (NoSuchFileException _) {
            // as wanted
        }
    }
}
