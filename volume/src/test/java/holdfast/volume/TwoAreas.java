package holdfast.volume;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/// A default staging area and one of class ST1, each on a file system of its own.
final class TwoAreas {
    static final Path DISKS = Path.of("/disks");
    static final Path RECORD = Path.of("/data/storage-classes");
    private static final Path KEYS = Path.of("/data/encryption-keys");

    static final Map<String, Path> ST1 = Map.of("ST1", DISKS);
    static final int BLOCKS = 16;

    final TestStore test;
    final FaultyFilesystem disks;
    final RandomSource source;

    /// Those of the store that was opened last.
    EncryptionKeyFiles keys;

    TwoAreas(long seed) {
        test = new TestStore(seed);
        disks = new FaultyFilesystem(seed + 1);
        keys = new EncryptionKeyFiles(test.files.mount(), KEYS, test.time);
        var random = new SplittableRandom(seed + 2);
        source =
                bytes -> {
                    synchronized (random) {
                        random.nextBytes(bytes);
                    }
                };
    }

    VolumeStore open() throws IOException {
        return open(ST1);
    }

    VolumeStore open(Map<String, Path> classes) throws IOException {
        return open(classes, disks);
    }

    /// @param mounted in place of the disks
    VolumeStore open(Map<String, Path> classes, FaultyFilesystem mounted) throws IOException {
        var files = new Mounts(test.files.mount(), mounted.mount());
        keys = new EncryptionKeyFiles(files, KEYS, test.time);
        return VolumeStores.open(
                test.settings,
                files,
                TestStore.DIRECTORY,
                new StorageClasses(classes, RECORD),
                keys,
                test.time,
                source);
    }

    void crash(VolumeStore store) {
        test.files.crash();
        disks.crash();
        DamageableStore.abandon(store);
    }

    /// Stores a version of all blocks; acknowledged on return.
    void write(VolumeStore store, Volume volume, long version) throws Exception {
        var extent = test.extent(volume.id(), 0, BLOCKS, version);
        store.append(volume.id(), List.of(extent)).get();
    }

    ConsistencyPoint point(VolumeStore store, String owner) throws Exception {
        test.time.advance(Duration.ofSeconds(1));
        return store.appendPoint(new NewPoint(owner, test.time.now(), 0, 1, false)).get();
    }

    /// The version that all blocks of a view hold.
    static long version(VolumeView view, Volume writtenAs) throws IOException {
        try (view) {
            var versions = TestStore.versions(view, writtenAs.id());
            for (var version : versions) {
                if (version != versions[0]) {
                    throw new AssertionError(List.of(versions[0], version).toString());
                }
            }
            return versions[0];
        }
    }

    /// What is below the directory of the disks is on them.
    private record Mounts(Filesystem root, Filesystem disks) implements Filesystem {
        private Filesystem of(Path path) {
            return path.startsWith(DISKS) ? disks : root;
        }

        @Override
        public FileHandle openForReading(Path file) throws IOException {
            return of(file).openForReading(file);
        }

        @Override
        public FileHandle openForWriting(Path file) throws IOException {
            return of(file).openForWriting(file);
        }

        @Override
        public void createDirectories(Path directory) throws IOException {
            of(directory).createDirectories(directory);
        }

        @Override
        public void syncDirectory(Path directory) throws IOException {
            of(directory).syncDirectory(directory);
        }

        @Override
        public List<String> list(Path directory) throws IOException {
            return of(directory).list(directory);
        }

        @Override
        public boolean exists(Path file) {
            return file.equals(DISKS) || of(file).exists(file);
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            of(from).rename(from, to);
        }

        @Override
        public void delete(Path file) throws IOException {
            of(file).delete(file);
        }

        @Override
        public long usableBytes(Path path) throws IOException {
            return of(path).usableBytes(path);
        }

        @Override
        public long sizeBytes(Path file) throws IOException {
            return of(file).sizeBytes(file);
        }

        @Override
        public Optional<AutoCloseable> lock(Path file) throws IOException {
            return of(file).lock(file);
        }
    }
}
