package holdfast.base;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Files as the staging area and the agent's state use them, with the durability rules of POSIX
/// spelled out, so that a fault-injecting implementation can keep or drop whatever was not synced:
/// written bytes and a file's length are durable after [FileHandle#sync]; a created, renamed or
/// deleted name is durable after [#syncDirectory] of its directory. Safe for any thread.
public interface Filesystem {
    /// Opens an existing file for reading.
    ///
    /// @throws java.nio.file.NoSuchFileException if there is none
    FileHandle openForReading(Path file) throws IOException;

    /// Opens a file for reading and writing, creating it when there is none. Only its owner may
    /// read or write a file made here: it may hold keys, or a protected server's data.
    FileHandle openForWriting(Path file) throws IOException;

    /// Creates the directory and its parents; quiet when they exist.
    void createDirectories(Path directory) throws IOException;

    /// Makes created, renamed and deleted names of this directory durable.
    void syncDirectory(Path directory) throws IOException;

    /// Names (not paths) in the directory, sorted.
    List<String> list(Path directory) throws IOException;

    boolean exists(Path file);

    /// Replaces `to` in one step, on one file system.
    void rename(Path from, Path to) throws IOException;

    /// @throws java.nio.file.NoSuchFileException if there is none
    void delete(Path file) throws IOException;

    /// Bytes that an unprivileged writer could still store on the file system of `path`.
    long usableBytes(Path path) throws IOException;

    /// Bytes of a file.
    long sizeBytes(Path file) throws IOException;

    /// Takes a lock that one process at a time can hold, until it is closed or the process dies.
    /// The file is made where it is missing, and stays.
    ///
    /// @return empty if another holds it
    Optional<AutoCloseable> lock(Path file) throws IOException;

    /// The machine's own file systems.
    static Filesystem local() {
        return LocalFilesystem.INSTANCE;
    }

    /// One open file. Reads and writes by position may run at the same time; the opener closes it.
    interface FileHandle extends AutoCloseable {
        /// Reads into the buffer's remaining space, until that is full or the file ends.
        ///
        /// @return bytes read; fewer than asked only at the end of the file, zero when past it
        int read(ByteBuffer target, long offsetBytes) throws IOException;

        /// Writes all remaining bytes, growing the file where needed.
        void write(ByteBuffer source, long offsetBytes) throws IOException;

        /// Returns once everything written before is on stable storage (fdatasync).
        void sync() throws IOException;

        long sizeBytes() throws IOException;

        void truncate(long sizeBytes) throws IOException;

        @Override
        void close() throws IOException;
    }
}
