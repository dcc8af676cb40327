package holdfast.simulation;

import holdfast.base.Blocks;
import holdfast.base.Filesystem;
import holdfast.volume.FaultyFilesystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/// The files of a machine as one process sees them: each call takes its time, in which others run
/// and anything may happen. What the disk keeps is up to [FaultyFilesystem].
final class SimFiles implements Filesystem {
    private static final Path DEVICES = Path.of("/dev");

    private final Scheduler scheduler;
    private final SimProcess process;
    private final FaultyFilesystem disk;
    private final Filesystem files;
    private final DiskState state;
    private final SplittableRandom random;

    /// How a disk behaves at present.
    static final class DiskState {
        /// Each call takes so many times as long.
        long slowness = 1;

        /// So many of the next reads, and of the next writes to a file that stands for a device, go
        /// to another place of the file.
        int readsToMisdirect;

        int writesToMisdirect;

        Optional<CountedSyncs> syncs = Optional.empty();

        /// Whether a write has gone elsewhere.
        boolean misled;
    }

    /// Something that happens after so many syncs of a directory and of files in it.
    static final class CountedSyncs {
        private final Path directory;
        private int left;
        private final Runnable action;

        CountedSyncs(Path directory, int count, Runnable action) {
            this.directory = directory;
            this.left = count;
            this.action = action;
        }

        private void synced(Path in) {
            if (in.equals(directory) && left > 0 && --left == 0) {
                action.run();
            }
        }
    }

    SimFiles(
            Scheduler scheduler,
            SimProcess process,
            FaultyFilesystem disk,
            DiskState state,
            SplittableRandom random) {
        this.scheduler = scheduler;
        this.process = process;
        this.disk = disk;
        this.files = disk.mount();
        this.state = state;
        this.random = random;
    }

    private void takes(long micros) {
        scheduler.sleepThroughInterrupts(
                (micros * 500 + random.nextLong(micros * 1000)) * state.slowness);
    }

    @Override
    public FileHandle openForReading(Path file) throws IOException {
        takes(10);
        return new Handle(files.openForReading(file), file);
    }

    @Override
    public FileHandle openForWriting(Path file) throws IOException {
        takes(10);
        return new Handle(files.openForWriting(file), file);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        files.createDirectories(directory);
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        takes(800);
        files.syncDirectory(directory);
        state.syncs.ifPresent(counted -> counted.synced(directory));
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        takes(20);
        return files.list(directory);
    }

    /// Directories are there when something is in them.
    @Override
    public boolean exists(Path file) {
        return files.exists(file) || disk.names().stream().anyMatch(name -> name.startsWith(file));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        takes(20);
        files.rename(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
        takes(20);
        files.delete(file);
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
        var lock = files.lock(file);
        lock.ifPresent(held -> process.whenEnded(() -> unlock(held)));
        return lock;
    }

    private static void unlock(AutoCloseable lock) {
        try {
            lock.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private final class Handle implements FileHandle {
        private final FileHandle file;
        private final Path directory;
        private final boolean device;

        Handle(FileHandle file, Path path) {
            this.file = file;
            this.directory = path.getParent();
            this.device = path.startsWith(DEVICES);
        }

        private long elsewhere(int lengthBytes) throws IOException {
            var room = Math.max(0, file.sizeBytes() - lengthBytes) / Blocks.BLOCK_BYTES;
            return random.nextLong(room + 1) * Blocks.BLOCK_BYTES;
        }

        @Override
        public int read(ByteBuffer target, long offsetBytes) throws IOException {
            takes(60);
            var misdirected = state.readsToMisdirect > 0;
            state.readsToMisdirect -= misdirected ? 1 : 0;
            return file.read(target, misdirected ? elsewhere(target.remaining()) : offsetBytes);
        }

        @Override
        public void write(ByteBuffer source, long offsetBytes) throws IOException {
            takes(15);
            var misdirected = device && state.writesToMisdirect > 0;
            state.writesToMisdirect -= misdirected ? 1 : 0;
            state.misled |= misdirected;
            file.write(source, misdirected ? elsewhere(source.remaining()) : offsetBytes);
        }

        @Override
        public void sync() throws IOException {
            takes(1500);
            file.sync();
            state.syncs.ifPresent(counted -> counted.synced(directory));
            takes(200);
        }

        @Override
        public long sizeBytes() throws IOException {
            return file.sizeBytes();
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            takes(15);
            file.truncate(sizeBytes);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
