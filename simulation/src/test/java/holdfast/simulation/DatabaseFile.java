package holdfast.simulation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicLong;

/// The file of the control plane's database, on the real machine and in its memory if it can be:
/// SQLite writes it itself, in native code. What was committed is on it whatever happens in the
/// world, a power cut included; SQLite's own promise is not what is tried here.
final class DatabaseFile implements AutoCloseable {
    /// A file system in memory, where there is one.
    private static final Path MEMORY = Path.of("/dev/shm");

    private static final Path FOLDER = folder();

    static {
        loadDriver();
    }

    private static final AtomicLong MADE = new AtomicLong();

    private final Path path = FOLDER.resolve("control-" + MADE.incrementAndGet() + ".db");

    /// @param content to begin with
    DatabaseFile(byte[] content) {
        try {
            Files.write(path, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Here and not in a world, since the driver runs a program when it is used first, to find out
    /// what system this is, and waits for its end.
    private static void loadDriver() {
        try {
            DriverManager.getConnection("jdbc:sqlite::memory:").close();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Path folder() {
        try {
            var folder =
                    Files.isWritable(MEMORY)
                            ? Files.createTempDirectory(MEMORY, "holdfast-worlds-")
                            : Files.createTempDirectory("holdfast-worlds-");
            folder.toFile().deleteOnExit();
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path path() {
        return path;
    }

    byte[] content() {
        try {
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// To be called when no database has it open.
    @Override
    public void close() {
        try {
            Files.deleteIfExists(path);
            Files.deleteIfExists(journal());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path journal() {
        return path.resolveSibling(path.getFileName() + "-journal");
    }
}
