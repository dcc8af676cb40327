package holdfast.volume;

import holdfast.base.Filesystem;
import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A staging area in a directory of a local file system: an object is a file. Holds the directory's
/// lock, so that two processes never write to one staging area.
final class LocalStorage implements StagingStorage {
    /// Ends the names of files that are not complete.
    private static final String UNFINISHED = ".new";

    private static final int SMALL_OBJECT_BYTES_MAX = 256 << 20;

    private final Filesystem files;
    private final Path directory;
    private final AutoCloseable lock;

    LocalStorage(Filesystem files, Path directory, List<String> folders) throws IOException {
        this.files = files;
        this.directory = directory;
        for (var folder : folders) {
            files.createDirectories(directory.resolve(folder));
        }
        files.syncDirectory(directory);
        this.lock =
                files.lock(directory.resolve("lock"))
                        .orElseThrow(() ->
                                new RefusalException(
                                        "staging-area-in-use",
                                        directory
                                                + ": another process uses this staging"
                                                + " area; stop it first"));
    }

    @Override
    public StoredObject create(String name) throws IOException {
        var path = path(name);
        var file = files.openForWriting(path);
        try {
            file.truncate(0);
        } catch (IOException e) {
            file.close();
            throw e;
        }
        return new LocalObject(file, path, true);
    }

    @Override
    public StoredObject open(String name) throws IOException {
        var path = path(name);
        return new LocalObject(files.openForReading(path), path, false);
    }

    @Override
    public StoredObject openToRepair(String name) throws IOException {
        var path = path(name);
        if (!files.exists(path)) {
            throw new NoSuchFileException(name);
        }
        return new LocalObject(files.openForWriting(path), path, false);
    }

    @Override
    public void put(String name, ByteBuffer bytes) throws IOException {
        var target = path(name);
        var unfinished = path(name + UNFINISHED);
        try (var file = files.openForWriting(unfinished)) {
            file.truncate(0);
            file.write(bytes, 0);
            file.sync();
        }
        files.rename(unfinished, target);
        files.syncDirectory(parent(target));
    }

    @Override
    public ByteBuffer get(String name) throws IOException {
        try (var file = files.openForReading(path(name))) {
            var size = file.sizeBytes();
            if (size > SMALL_OBJECT_BYTES_MAX) {
                throw new StoreException(name + ": " + size + " bytes are not one of ours");
            }
            var bytes = ByteBuffer.allocate((int) size);
            file.read(bytes, 0);
            return bytes.flip();
        }
    }

    @Override
    public List<Entry> list(String folder) throws IOException {
        var entries = new ArrayList<Entry>();
        for (var name : files.list(directory.resolve(folder))) {
            if (name.endsWith(UNFINISHED)) {
                continue;
            }
            try {
                entries.add(new Entry(name, files.sizeBytes(path(folder + "/" + name))));
            } catch (NoSuchFileException _) {
                // deleted since the names were asked for
            }
        }
        return entries;
    }

    @Override
    public void delete(String name) throws IOException {
        var path = path(name);
        try {
            files.delete(path);
        } catch (NoSuchFileException _) {
            // another deleted it; an earlier attempt may have failed in what follows
        }
        files.syncDirectory(parent(path));
    }

    @Override
    public void destroy(String name) throws IOException {
        var path = path(name);
        if (files.exists(path)) {
            try (var file = files.openForWriting(path)) {
                file.write(ByteBuffer.allocate((int) file.sizeBytes()), 0);
                file.sync();
            }
            delete(name);
        }
    }

    @Override
    public long usableBytes() throws IOException {
        return files.usableBytes(directory);
    }

    @Override
    public void close() throws IOException {
        try {
            lock.close();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(directory + ": cannot give the lock back", e);
        }
    }

    private Path path(String name) {
        return directory.resolve(name);
    }

    private static Path parent(Path path) {
        var parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException(path + " has no directory");
        }
        return parent;
    }

    private final class LocalObject implements StoredObject {
        private final Filesystem.FileHandle file;
        private final Path path;
        private boolean nameNotDurable;

        LocalObject(Filesystem.FileHandle file, Path path, boolean nameNotDurable) {
            this.file = file;
            this.path = path;
            this.nameNotDurable = nameNotDurable;
        }

        @Override
        public int read(ByteBuffer target, long offsetBytes) throws IOException {
            return file.read(target, offsetBytes);
        }

        @Override
        public void write(ByteBuffer source, long offsetBytes) throws IOException {
            file.write(source, offsetBytes);
        }

        @Override
        public synchronized void sync() throws IOException {
            file.sync();
            if (nameNotDurable) {
                files.syncDirectory(parent(path));
                nameNotDurable = false;
            }
        }

        @Override
        public long sizeBytes() throws IOException {
            return file.sizeBytes();
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            file.truncate(sizeBytes);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
