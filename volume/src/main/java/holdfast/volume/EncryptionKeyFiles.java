package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/// Encryption keys of the operator's own, which wrap data keys in the master key's place: a file
/// each (docs/formats/keys.md, "Encryption key"). They serve all staging areas and are in none.
///
/// The operator may take a file away and put it back while all is running: a key that is in use is
/// looked at once a second. Safe for any thread; nothing is held open.
public final class EncryptionKeyFiles {
    /// How long a key is used at most after its file was taken away.
    static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    private static final String SUFFIX = ".key";
    private static final int MAGIC = 0x4846454b; // HFEK
    private static final int VERSION = 1;
    private static final int ID_BYTES = 2 * Long.BYTES;
    private static final int KEY_BYTES = 32;
    private static final int BYTES = 8 + ID_BYTES + KEY_BYTES + 4;
    private static final long RANDOM_UUID = 4L << 12;
    private static final long VARIANT_UUID = 1L << 63;

    private final Filesystem files;
    private final Path directory;
    private final TimeSource time;
    private final Map<UUID, Looked> looked = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<KeyRing> rings = new ConcurrentLinkedQueue<>();

    /// Held while something is wrapped, so that no key is destroyed between its being used and its
    /// use being seen.
    final ReentrantLock wrapping = new ReentrantLock();

    /// A key as its file was when it was last looked at.
    private record Looked(SecretKey key, long nanos) {}

    /// @param directory that holds them, made with the first of them
    public EncryptionKeyFiles(Filesystem files, Path directory, TimeSource time) {
        this.files = files;
        this.directory = directory;
        this.time = time;
    }

    /// Makes a key; durable on return.
    ///
    /// @return its id, a random UUID (RFC 9562, version 4)
    public UUID create(RandomSource random) throws IOException {
        var high = (random.nextLong() & ~0xf000L) | RANDOM_UUID;
        var low = (random.nextLong() & ~(3L << 62)) | VARIANT_UUID;
        var id = new UUID(high, low);
        var key = new byte[KEY_BYTES];
        random.fill(key);
        var bytes = ByteBuffer.allocate(BYTES);
        bytes.putInt(MAGIC).putInt(VERSION);
        bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        bytes.put(key);
        bytes.putInt(Checksums.crc32c(bytes.duplicate().flip())).flip();
        var parent = directory.toAbsolutePath().getParent();
        files.createDirectories(directory);
        if (parent != null) {
            files.syncDirectory(parent);
        }
        var unfinished = directory.resolve(id + SUFFIX + ".new");
        try (var handle = files.openForWriting(unfinished)) {
            handle.write(bytes, 0);
            handle.sync();
        }
        files.rename(unfinished, file(id));
        files.syncDirectory(directory);
        return id;
    }

    /// Where the key is, or is to be put back.
    public Path file(UUID id) {
        return directory.resolve(id + SUFFIX);
    }

    /// Why the key cannot be used now; empty if it can.
    public Optional<String> fault(UUID id) throws IOException {
        try {
            read(id);
            return Optional.empty();
        } catch (DamagedFormatException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /// Volumes of the open staging areas by the key that wraps their data keys, in either copy.
    public Map<UUID, Set<VolumeId>> uses() throws IOException {
        var uses = new HashMap<UUID, Set<VolumeId>>();
        for (var ring : rings) {
            ring.uses()
                    .forEach((id, volumes) ->
                            uses.computeIfAbsent(id, _ -> new TreeSet<>()).addAll(volumes));
        }
        return uses;
    }

    /// Destroys the key; durable on return. Quiet if there is none.
    ///
    /// @throws RefusalException if it wraps the data key of a volume: that could not be read any
    ///   more
    public void destroy(UUID id) throws IOException {
        wrapping.lock();
        try {
            var uses = uses().getOrDefault(id, Set.of());
            if (!uses.isEmpty()) {
                throw new RefusalException(
                        "encryption-key-in-use",
                        "encryption key " + id + " wraps the data keys of the volumes " + uses);
            }
            var file = file(id);
            if (files.exists(file)) {
                try (var handle = files.openForWriting(file)) {
                    handle.write(ByteBuffer.allocate((int) handle.sizeBytes()), 0);
                    handle.sync();
                }
                files.delete(file);
                files.syncDirectory(directory);
            }
            looked.remove(id);
        } finally {
            wrapping.unlock();
        }
    }

    /// The key, as its file was within the last second.
    ///
    /// @throws DamagedFormatException if it is missing or damaged
    SecretKey key(UUID id) throws IOException {
        var known = looked.get(id);
        var now = time.nanoTime();
        if (known != null && now - known.nanos < LOOK_EVERY.toNanos()) {
            return known.key;
        }
        try {
            var key = read(id);
            looked.put(id, new Looked(key, now));
            return key;
        } catch (DamagedFormatException e) {
            looked.remove(id);
            throw e;
        }
    }

    private SecretKey read(UUID id) throws IOException {
        var file = file(id);
        var bytes = ByteBuffer.allocate(BYTES + 1);
        try (var handle = files.openForReading(file)) {
            handle.read(bytes, 0);
        } catch (NoSuchFileException _) {
            throw new DamagedFormatException(
                    "encryption key " + id + " is missing: put " + file + " back");
        } catch (AccessDeniedException _) {
            throw new DamagedFormatException(
                    "encryption key "
                            + id
                            + ": "
                            + file
                            + " may not be read: let the server's user own it");
        }
        bytes.flip();
        var sound =
                bytes.remaining() == BYTES
                        && bytes.getInt(BYTES - 4) == Checksums.crc32c(bytes.slice(0, BYTES - 4))
                        && bytes.getInt() == MAGIC
                        && bytes.getInt() == VERSION
                        && new UUID(bytes.getLong(), bytes.getLong()).equals(id);
        if (!sound) {
            throw new DamagedFormatException(
                    "encryption key "
                            + id
                            + ": "
                            + file
                            + " is damaged, or another key: put a copy of the right one back");
        }
        var key = new byte[KEY_BYTES];
        bytes.get(key);
        return new SecretKeySpec(key, "AES");
    }

    /// A staging area was opened whose data keys these may wrap.
    void serve(KeyRing ring) {
        rings.add(ring);
    }

    /// It was closed.
    void left(KeyRing ring) {
        rings.remove(ring);
    }
}
