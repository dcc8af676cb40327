package holdfast.volume;

import holdfast.base.Filesystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Files that note everything that is done to them, in order, for [CrashStates] to replay. Safe for
/// any thread.
final class RecordingFilesystem implements Filesystem {
    private final Filesystem files;
    private final List<Operation> operations = new ArrayList<>();
    private final Map<Path, Integer> inodes = new HashMap<>();
    private int lastInode;

    /// What was done. A file is told by its inode: names come and go.
    sealed interface Operation {
        record Write(int inode, int offset, byte[] bytes) implements Operation {}

        record Truncate(int inode, int size) implements Operation {}

        /// Names of one directory change in one step.
        ///
        /// @param inode that the name now means; empty if it is gone
        /// @param gone name that ends with it, in a rename
        record Name(Path name, Optional<Integer> inode, Optional<Path> gone) implements Operation {}

        record Sync(int inode) implements Operation {}

        record SyncDirectory(Path directory) implements Operation {}
    }

    RecordingFilesystem(Filesystem files) {
        this.files = files;
    }

    synchronized int length() {
        return operations.size();
    }

    synchronized List<Operation> operations() {
        return List.copyOf(operations);
    }

    @Override
    public synchronized FileHandle openForReading(Path file) throws IOException {
        return files.openForReading(file);
    }

    @Override
    public synchronized FileHandle openForWriting(Path file) throws IOException {
        var handle = files.openForWriting(file);
        var known = inodes.get(file);
        if (known == null) {
            known = ++lastInode;
            inodes.put(file, known);
            operations.add(new Operation.Name(file, Optional.of(known), Optional.empty()));
        }
        return new Handle(handle, known);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        files.createDirectories(directory);
    }

    /// Noted before it is done: a crash in the middle may come before all of it.
    @Override
    public synchronized void syncDirectory(Path directory) throws IOException {
        operations.add(new Operation.SyncDirectory(directory));
        files.syncDirectory(directory);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        return files.list(directory);
    }

    @Override
    public boolean exists(Path file) {
        return files.exists(file);
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        files.rename(from, to);
        var inode = inodes.remove(from);
        inodes.put(to, inode);
        operations.add(new Operation.Name(to, Optional.of(inode), Optional.of(from)));
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
        files.delete(file);
        inodes.remove(file);
        operations.add(new Operation.Name(file, Optional.empty(), Optional.empty()));
    }

    @Override
    public long usableBytes(Path path) throws IOException {
        return files.usableBytes(path);
    }

    @Override
    public long sizeBytes(Path file) throws IOException {
        return files.sizeBytes(file);
    }

    @Override
    public Optional<AutoCloseable> lock(Path file) throws IOException {
        return files.lock(file);
    }

    private final class Handle implements FileHandle {
        private final FileHandle file;
        private final int inode;

        Handle(FileHandle file, int inode) {
            this.file = file;
            this.inode = inode;
        }

        @Override
        public int read(ByteBuffer target, long offsetBytes) throws IOException {
            return file.read(target, offsetBytes);
        }

        @Override
        public void write(ByteBuffer source, long offsetBytes) throws IOException {
            synchronized (RecordingFilesystem.this) {
                var bytes = new byte[source.remaining()];
                source.duplicate().get(bytes);
                file.write(source, offsetBytes);
                operations.add(new Operation.Write(inode, Math.toIntExact(offsetBytes), bytes));
            }
        }

        @Override
        public void sync() throws IOException {
            synchronized (RecordingFilesystem.this) {
                operations.add(new Operation.Sync(inode));
                file.sync();
            }
        }

        @Override
        public long sizeBytes() throws IOException {
            return file.sizeBytes();
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            synchronized (RecordingFilesystem.this) {
                file.truncate(sizeBytes);
                operations.add(new Operation.Truncate(inode, Math.toIntExact(sizeBytes)));
            }
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
