package holdfast.volume;

import holdfast.base.Filesystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/// Files in memory that lose on [#crash] what a power cut may lose: each write since the last sync
/// is kept, dropped or torn at a sector, and of the names made, renamed and deleted since their
/// directory was synced only the first few happened, all as the seed says. It can also be full,
/// fail to sync, and count what is read.
public final class FaultyFilesystem {
    private static final int SECTOR_BYTES = 512;

    private final SplittableRandom random;
    private final TreeMap<Path, Inode> names = new TreeMap<>();
    private final TreeMap<Path, Inode> durableNames = new TreeMap<>();
    private final List<Inode> inodes = new ArrayList<>();
    private final List<NameChange> nameChanges = new ArrayList<>();
    private final Set<Path> locks = new HashSet<>();
    private final AtomicLong bytesRead = new AtomicLong();
    private long capacityBytes = Long.MAX_VALUE / 4;
    private int syncsToPass;
    private int syncsToFail;
    private int writesToPass;
    private int writesToFail;
    private int changesLeft = -1;
    private int life;

    public FaultyFilesystem(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /// Files that hold this, all of it on stable storage.
    public static FaultyFilesystem of(Map<Path, byte[]> contents, long seed) {
        var files = new FaultyFilesystem(seed);
        contents.forEach((path, bytes) -> {
            var inode = new Inode();
            inode.apply(new Change.Write(0, bytes));
            inode.makeDurable();
            files.names.put(path, inode);
            files.durableNames.put(path, inode);
        });
        return files;
    }

    private record NameChange(Path directory, Path name, Optional<Inode> inode) {}

    private sealed interface Change {
        record Write(int offset, byte[] bytes) implements Change {}

        record Truncate(int size) implements Change {}
    }

    /// What a file holds.
    private static final class Content {
        private byte[] bytes = new byte[0];
        private int size;

        void apply(Change change) {
            switch (change) {
                case Change.Write(var offset, var written) -> {
                    var end = offset + written.length;
                    if (end > bytes.length) {
                        bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
                    }
                    System.arraycopy(written, 0, bytes, offset, written.length);
                    size = Math.max(size, end);
                }
                case Change.Truncate(var to) -> {
                    if (to < size) {
                        Arrays.fill(bytes, to, size, (byte) 0);
                    } else if (to > bytes.length) {
                        bytes = Arrays.copyOf(bytes, to);
                    }
                    size = to;
                }
            }
        }

        void set(Content other) {
            bytes = other.bytes.clone();
            size = other.size;
        }
    }

    private static final class Inode {
        private final Content durable = new Content();
        private final Content current = new Content();
        private final List<Change> unsynced = new ArrayList<>();

        private void apply(Change change) {
            current.apply(change);
            unsynced.add(change);
        }

        /// Costs what was changed and not what the file holds.
        private void makeDurable() {
            unsynced.forEach(durable::apply);
            unsynced.clear();
        }

        /// As a kernel does after a sync that failed: what is in its memory can be read, and no
        /// later sync writes it.
        private void takeForWritten() {
            unsynced.clear();
        }

        private void crash(SplittableRandom random) {
            current.set(durable);
            for (var change : unsynced) {
                var fate = random.nextInt(4);
                if (fate == 0) {
                    continue;
                }
                if (fate == 1 && change instanceof Change.Write(var offset, var bytes)) {
                    var sectors = bytes.length / SECTOR_BYTES;
                    var kept = random.nextInt(sectors + 1) * SECTOR_BYTES;
                    current.apply(new Change.Write(offset, Arrays.copyOf(bytes, kept)));
                } else {
                    current.apply(change);
                }
            }
            unsynced.clear();
            durable.set(current);
        }
    }

    /// The power is cut. Handles and locks of before are dead.
    public synchronized void crash() {
        life++;
        changesLeft = -1;
        var kept = random.nextInt(nameChanges.size() + 1);
        nameChanges.subList(0, kept).forEach(FaultyFilesystem.this::makeDurable);
        nameChanges.clear();
        names.clear();
        names.putAll(durableNames);
        new HashSet<>(names.values()).forEach(inode -> inode.crash(random));
        locks.clear();
    }

    /// The power is cut before one of the next changes to files: after so many of them.
    synchronized void crashAfter(int changes) {
        changesLeft = changes;
    }

    /// To be called before each change.
    private void countDown() throws IOException {
        if (changesLeft == 0) {
            changesLeft = -1;
            crash();
            throw new IOException("the power was cut");
        }
        changesLeft = Math.max(-1, changesLeft - 1);
    }

    /// Bytes that may be stored; less than is stored means full.
    public synchronized void capacity(long bytes) {
        capacityBytes = bytes;
    }

    /// The next so many syncs fail, and what they were to make durable may be lost.
    public synchronized void failSyncs(int count) {
        failSyncsAfter(0, count);
    }

    synchronized void failSyncsAfter(int passing, int count) {
        syncsToPass = passing;
        syncsToFail = count;
    }

    /// A sync of the file failed: what was written since the one before can be read until the power
    /// is cut, and no later sync makes it durable.
    synchronized void takeForWritten(Path file) {
        inode(file).takeForWritten();
    }

    /// The next so many writes that need room fail after a part of them was written.
    synchronized void failWrites(int count) {
        failWritesAfter(0, count);
    }

    /// As [#failWrites], but so many succeed before.
    synchronized void failWritesAfter(int passed, int count) {
        writesToPass = passed;
        writesToFail = count;
    }

    private boolean fails(boolean grows) {
        if (!grows || writesToFail == 0) {
            return false;
        }
        if (writesToPass > 0) {
            writesToPass--;
            return false;
        }
        writesToFail--;
        return true;
    }

    public long bytesRead() {
        return bytesRead.get();
    }

    public synchronized long usedBytes() {
        return names.values().stream().mapToLong(inode -> inode.current.size).sum();
    }

    /// All files, with what they hold.
    public synchronized TreeMap<Path, byte[]> contents() {
        var contents = new TreeMap<Path, byte[]>();
        names.forEach((path, inode) ->
                contents.put(path, Arrays.copyOf(inode.current.bytes, inode.current.size)));
        return contents;
    }

    /// What one file holds.
    public synchronized byte[] contents(Path file) {
        var inode = inode(file);
        return Arrays.copyOf(inode.current.bytes, inode.current.size);
    }

    /// Whether everything written to the file is on stable storage.
    public synchronized boolean isSynced(Path file) {
        return inode(file).unsynced.isEmpty();
    }

    private Inode inode(Path file) {
        var inode = names.get(file);
        if (inode == null) {
            throw new IllegalArgumentException(file + " does not exist");
        }
        return inode;
    }

    /// All files.
    public synchronized Set<Path> names() {
        return Set.copyOf(names.keySet());
    }

    /// What someone with the disk in hand could find, also of files that were deleted.
    synchronized List<byte[]> everything() {
        var found = new ArrayList<byte[]>();
        for (var inode : inodes) {
            found.add(inode.current.bytes.clone());
            found.add(inode.durable.bytes.clone());
        }
        return found;
    }

    /// Changes one stored byte. Of what a failed sync left in memory only nothing is stored.
    public synchronized void flip(Path file, int offset, int mask) {
        var inode = inode(file);
        inode.makeDurable();
        inode.current.bytes[offset] ^= (byte) mask;
        if (offset < inode.durable.size) {
            inode.durable.bytes[offset] ^= (byte) mask;
        }
    }

    /// The files as a process started now sees them; dead after the next [#crash].
    public Filesystem mount() {
        return new Mount(life);
    }

    private void makeDurable(NameChange change) {
        change.inode()
                .ifPresentOrElse(
                        inode -> durableNames.put(change.name(), inode),
                        () -> durableNames.remove(change.name()));
    }

    private void change(Path name, Optional<Inode> inode) {
        inode.ifPresentOrElse(i -> names.put(name, i), () -> names.remove(name));
        nameChanges.add(new NameChange(directory(name), name, inode));
    }

    private static Path directory(Path name) {
        return name.resolve("..").normalize();
    }

    private void alive(int since) throws IOException {
        if (since != life) {
            throw new IOException("the power was cut");
        }
    }

    private Inode existing(Path file) throws NoSuchFileException {
        var inode = names.get(file);
        if (inode == null) {
            throw new NoSuchFileException(file.toString());
        }
        return inode;
    }

    private final class Mount implements Filesystem {
        private final int mountedIn;

        private Mount(int mountedIn) {
            this.mountedIn = mountedIn;
        }

        @Override
        public FileHandle openForReading(Path file) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(mountedIn);
                return new Handle(existing(file));
            }
        }

        @Override
        public FileHandle openForWriting(Path file) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(mountedIn);
                countDown();
                if (!names.containsKey(file)) {
                    var inode = new Inode();
                    inodes.add(inode);
                    change(file, Optional.of(inode));
                }
                return new Handle(names.get(file));
            }
        }

        @Override
        public void createDirectories(Path directory) {}

        @Override
        public void syncDirectory(Path directory) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(mountedIn);
                countDown();
                nameChanges.stream()
                        .filter(change -> change.directory().equals(directory))
                        .forEach(FaultyFilesystem.this::makeDurable);
                nameChanges.removeIf(change -> change.directory().equals(directory));
            }
        }

        @Override
        public List<String> list(Path directory) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(mountedIn);
                return names.keySet().stream()
                        .filter(name -> directory(name).equals(directory))
                        .map(name -> name.getFileName().toString())
                        .sorted()
                        .toList();
            }
        }

        @Override
        public boolean exists(Path file) {
            synchronized (FaultyFilesystem.this) {
                return names.containsKey(file);
            }
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(mountedIn);
                countDown();
                var inode = existing(from);
                // one step: a crash sees the old name or the new one
                names.remove(from);
                names.put(to, inode);
                nameChanges.add(new NameChange(directory(to), to, Optional.of(inode)));
                nameChanges.add(new NameChange(directory(from), from, Optional.empty()));
            }
        }

        @Override
        public void delete(Path file) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(mountedIn);
                countDown();
                existing(file);
                change(file, Optional.empty());
            }
        }

        @Override
        public long sizeBytes(Path file) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(mountedIn);
                return existing(file).current.size;
            }
        }

        @Override
        public long usableBytes(Path path) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(mountedIn);
                return Math.max(0, capacityBytes - usedBytes());
            }
        }

        @Override
        public Optional<AutoCloseable> lock(Path file) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(mountedIn);
                var lockedIn = life;
                if (!locks.add(file)) {
                    return Optional.empty();
                }
                return Optional.of(() -> {
                    synchronized (FaultyFilesystem.this) {
                        if (lockedIn == life) {
                            locks.remove(file);
                        }
                    }
                });
            }
        }
    }

    private final class Handle implements Filesystem.FileHandle {
        private final Inode inode;
        private final int openedIn = life;

        private Handle(Inode inode) {
            this.inode = inode;
        }

        @Override
        public int read(ByteBuffer target, long offsetBytes) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(openedIn);
                var length = (int) Math.min(target.remaining(), inode.current.size - offsetBytes);
                if (length <= 0) {
                    return 0;
                }
                target.put(inode.current.bytes, (int) offsetBytes, length);
                bytesRead.addAndGet(length);
                return length;
            }
        }

        @Override
        public void write(ByteBuffer source, long offsetBytes) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(openedIn);
                countDown();
                if (offsetBytes + source.remaining() > inode.current.size
                        && capacityBytes - usedBytes() < source.remaining()) {
                    throw new IOException("No space left on device");
                }
                var fails = fails(offsetBytes + source.remaining() > inode.current.size);
                var length = fails ? random.nextInt(source.remaining() + 1) : source.remaining();
                var bytes = new byte[length];
                source.get(bytes);
                inode.apply(new Change.Write((int) offsetBytes, bytes));
                if (fails) {
                    throw new IOException("No space left on device");
                }
            }
        }

        @Override
        public void sync() throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(openedIn);
                countDown();
                if (syncsToFail > 0 && syncsToPass-- <= 0) {
                    syncsToFail--;
                    if (random.nextBoolean()) {
                        inode.crash(random); // what was not written stays lost, whoever syncs later
                    } else {
                        inode.takeForWritten();
                    }
                    throw new IOException("Input/output error");
                }
                inode.makeDurable();
            }
        }

        @Override
        public long sizeBytes() throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(openedIn);
                return inode.current.size;
            }
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            synchronized (FaultyFilesystem.this) {
                alive(openedIn);
                countDown();
                inode.apply(new Change.Truncate((int) sizeBytes));
            }
        }

        @Override
        public void close() {}
    }
}
