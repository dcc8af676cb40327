package holdfast.base;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The machine's own file systems, through file channels.
enum LocalFilesystem implements Filesystem {
    INSTANCE;

    private static final Set<StandardOpenOption> READ_WRITE_CREATE =
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(
                    Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));

    @Override
    public FileHandle openForReading(Path file) throws IOException {
        return new LocalFile(FileChannel.open(file, StandardOpenOption.READ));
    }

    @Override
    public FileHandle openForWriting(Path file) throws IOException {
        return new LocalFile(FileChannel.open(file, READ_WRITE_CREATE, OWNER_ONLY));
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        Files.createDirectories(directory);
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        try (var entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    @Override
    public boolean exists(Path file) {
        return Files.exists(file);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(Path file) throws IOException {
        Files.delete(file);
    }

    @Override
    public long usableBytes(Path path) throws IOException {
        return Files.getFileStore(path).getUsableSpace();
    }

    @Override
    public long sizeBytes(Path file) throws IOException {
        return Files.size(file);
    }

    @Override
    public Optional<AutoCloseable> lock(Path file) throws IOException {
        var channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        try {
            if (channel.tryLock() != null) {
                return Optional.of(channel);
            }
        } catch (OverlappingFileLockException _) {
            // held by this very process, which is another user of it all the same
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        return Optional.empty();
    }

    private record LocalFile(FileChannel channel) implements FileHandle {
        @Override
        public int read(ByteBuffer target, long offsetBytes) throws IOException {
            var start = target.position();
            while (target.hasRemaining()) {
                var read = channel.read(target, offsetBytes + target.position() - start);
                if (read < 0) {
                    break;
                }
            }
            return target.position() - start;
        }

        @Override
        public void write(ByteBuffer source, long offsetBytes) throws IOException {
            for (var at = offsetBytes; source.hasRemaining(); ) {
                at += channel.write(source, at);
            }
        }

        @Override
        public void sync() throws IOException {
            channel.force(false);
        }

        @Override
        public long sizeBytes() throws IOException {
            return channel.size();
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            if (sizeBytes < channel.size()) {
                channel.truncate(sizeBytes);
            } else if (sizeBytes > channel.size()) {
                channel.write(ByteBuffer.allocate(1), sizeBytes - 1);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
