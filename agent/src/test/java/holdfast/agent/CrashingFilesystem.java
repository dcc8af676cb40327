package holdfast.agent;

import holdfast.base.Filesystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Files whose machine loses power at a given step: that step does not happen, a write half, and
/// nothing after it. Of what was not synced by then, half is lost.
final class CrashingFilesystem implements Filesystem {
    private final Filesystem files;
    private final Set<Path> unsynced = new HashSet<>();
    private int stepsLeft;

    static final class Crash extends IOException {
        private static final long serialVersionUID = 1L;

        Crash() {
            super("power lost");
        }
    }

    /// @param steps that still happen
    CrashingFilesystem(Filesystem files, int steps) {
        this.files = files;
        this.stepsLeft = steps;
    }

    private void step() throws Crash {
        if (stepsLeft-- <= 0) {
            throw new Crash();
        }
    }

    void losePower() throws IOException {
        for (var file : unsynced) {
            if (Files.exists(file)) {
                var bytes = Files.readAllBytes(file);
                Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
            }
        }
    }

    @Override
    public FileHandle openForReading(Path file) throws IOException {
        return files.openForReading(file);
    }

    @Override
    public FileHandle openForWriting(Path file) throws IOException {
        step();
        var handle = files.openForWriting(file);
        return new FileHandle() {
            @Override
            public int read(ByteBuffer target, long offsetBytes) throws IOException {
                return handle.read(target, offsetBytes);
            }

            @Override
            public void write(ByteBuffer source, long offsetBytes) throws IOException {
                unsynced.add(file);
                if (stepsLeft <= 0) {
                    var half = source.duplicate();
                    handle.write(half.limit(half.limit() / 2), offsetBytes);
                }
                step();
                handle.write(source, offsetBytes);
            }

            @Override
            public void sync() throws IOException {
                step();
                handle.sync();
                unsynced.remove(file);
            }

            @Override
            public long sizeBytes() throws IOException {
                return handle.sizeBytes();
            }

            @Override
            public void truncate(long sizeBytes) throws IOException {
                step();
                unsynced.add(file);
                handle.truncate(sizeBytes);
            }

            @Override
            public void close() throws IOException {
                handle.close();
            }
        };
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        step();
        files.createDirectories(directory);
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        step();
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
    public void rename(Path from, Path to) throws IOException {
        step();
        files.rename(from, to);
        if (unsynced.remove(from)) {
            unsynced.add(to);
        }
    }

    @Override
    public void delete(Path file) throws IOException {
        step();
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
        return files.lock(file);
    }
}
