package holdfast.volume;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/// The volumes' data keys, each in two objects of its own, wrapped by the master key or by an
/// encryption key (docs/formats/keys.md). Destroying both is what makes a deleted volume
/// unreadable, so keys are in no other place. Safe for any thread; a volume is made, wrapped anew
/// and destroyed by one thread at a time.
final class KeyRing implements AutoCloseable {
    static final String FOLDER = "keys";
    private static final String SUFFIX = ".key";

    private final StagingStorage storage;
    private final MasterKey master;
    private final EncryptionKeyFiles encryptionKeys;
    private final RandomSource random;
    private final ConcurrentHashMap<VolumeId, Held> keys = new ConcurrentHashMap<>();

    /// A data key that was unwrapped.
    ///
    /// @param by what wraps it; empty for the master key
    /// @param whole whether both copies are sound, and wrapped by the same
    private record Held(SecretKey key, Optional<UUID> by, boolean whole) {}

    KeyRing(
            StagingStorage storage,
            MasterKey master,
            EncryptionKeyFiles encryptionKeys,
            RandomSource random) {
        this.storage = storage;
        this.master = master;
        this.encryptionKeys = encryptionKeys;
        this.random = random;
        encryptionKeys.serve(this);
    }

    /// Makes and stores a key for a new volume; durable on return.
    ///
    /// @param by the encryption key that wraps it; empty for the master key
    /// @throws RefusalException if that is missing or damaged
    SecretKey make(VolumeId volume, Optional<UUID> by) throws IOException {
        var key = new byte[WrappedKey.KEY_BYTES];
        random.fill(key);
        var made = new SecretKeySpec(key, "AES");
        encryptionKeys.wrapping.lock();
        try {
            var wrapped = WrappedKey.wrap(volume, by, toWrapWith(by), made, random);
            TwoCopies.put(storage, name(volume), wrapped.encode());
        } finally {
            encryptionKeys.wrapping.unlock();
        }
        keys.put(volume, new Held(made, by, true));
        return made;
    }

    /// @param by an encryption key; empty for the master key
    /// @throws RefusalException if it is missing or damaged
    void requireUsable(Optional<UUID> by) throws IOException {
        toWrapWith(by);
    }

    private SecretKey toWrapWith(Optional<UUID> by) throws IOException {
        try {
            return wrappingKey(by);
        } catch (DamagedFormatException e) {
            throw new RefusalException("encryption-key-missing", String.valueOf(e.getMessage()));
        }
    }

    /// @throws DamagedFormatException if it is missing or damaged
    private SecretKey wrappingKey(Optional<UUID> by) throws IOException {
        return by.isPresent() ? encryptionKeys.key(by.get()) : master.key;
    }

    /// The key of a volume.
    ///
    /// @throws DamagedDataException if it is missing, damaged in both copies or of another master
    ///   key, or the encryption key that wraps it is missing or damaged
    SecretKey key(VolumeId volume) throws IOException {
        var held = held(volume);
        if (held.by.isPresent()) {
            try { // once in a while: the operator may have taken it away
                encryptionKeys.key(held.by.get());
            } catch (DamagedFormatException e) {
                throw damaged(name(volume), volume, String.valueOf(e.getMessage()));
            }
        }
        return held.key;
    }

    private Held held(VolumeId volume) throws IOException {
        var known = keys.get(volume);
        if (known == null) {
            known = load(volume);
            keys.put(volume, known);
        }
        return known;
    }

    /// From whichever copy can be unwrapped, the first before the second.
    private Held load(VolumeId volume) throws IOException {
        var stored = new ArrayList<WrappedKey>();
        var found = Optional.<Held>empty();
        var fault = Optional.<String>empty();
        for (var copy : TwoCopies.names(name(volume))) {
            try {
                var wrapped = WrappedKey.decode(storage.get(copy));
                stored.add(wrapped);
                if (found.isEmpty()) {
                    var key = wrapped.unwrap(volume, wrappingKey(wrapped.by()));
                    found = Optional.of(new Held(key, wrapped.by(), false));
                }
            } catch (NoSuchFileException _) {
                fault = fault.or(() -> Optional.of("the key is missing"));
            } catch (DamagedFormatException e) {
                fault = fault.or(() -> Optional.of(String.valueOf(e.getMessage())));
            }
        }
        if (found.isEmpty()) {
            throw damaged(name(volume), volume, fault.orElseThrow());
        }
        var by = found.get().by;
        var whole = stored.size() == 2 && stored.stream().allMatch(copy -> copy.by().equals(by));
        return new Held(found.get().key, by, whole);
    }

    /// What wraps a volume's key; empty for the master key.
    ///
    /// @throws DamagedDataException as [#key]
    Optional<UUID> wrapping(VolumeId volume) throws IOException {
        return held(volume).by;
    }

    /// Whether both copies are known to be wrapped so.
    boolean isWrappedBy(VolumeId volume, Optional<UUID> by) throws IOException {
        var held = held(volume);
        return held.whole && held.by.equals(by);
    }

    /// Wraps a volume's key anew, one copy after the other; durable on return. Each is destroyed
    /// before it is made again, since what an earlier key wraps must not be found later; the other
    /// one can be unwrapped meanwhile.
    ///
    /// @param by the encryption key that is to wrap it; empty for the master key
    /// @throws DamagedDataException as [#key]
    /// @throws RefusalException if the encryption key is missing or damaged
    void wrap(VolumeId volume, Optional<UUID> by) throws IOException {
        var key = key(volume);
        encryptionKeys.wrapping.lock();
        try {
            var wrapped = WrappedKey.wrap(volume, by, toWrapWith(by), key, random);
            var copies = TwoCopies.names(name(volume));
            keys.put(volume, new Held(key, held(volume).by, false)); // until all is done
            for (var copy : isUsable(volume, copies.getFirst()) ? copies.reversed() : copies) {
                storage.destroy(copy);
                storage.put(copy, wrapped.encode());
            }
            keys.put(volume, new Held(key, by, true));
        } finally {
            encryptionKeys.wrapping.unlock();
        }
    }

    private boolean isUsable(VolumeId volume, String copy) throws IOException {
        try {
            var wrapped = WrappedKey.decode(storage.get(copy));
            wrapped.unwrap(volume, wrappingKey(wrapped.by()));
            return true;
        } catch (NoSuchFileException | DamagedFormatException _) {
            return false;
        }
    }

    /// A key lives as long as its volume, so a damaged copy is replaced before the other one is
    /// damaged, too; if both are, by what is known of the key since it was last read. Nobody may
    /// wrap it anew or destroy it meanwhile.
    ///
    /// @return whether a copy was stored
    boolean mend(VolumeId volume) throws IOException {
        encryptionKeys.wrapping.lock();
        try {
            return TwoCopies.mend(
                    storage, name(volume), bytes -> check(volume, bytes), () -> wrapped(volume));
        } finally {
            encryptionKeys.wrapping.unlock();
        }
    }

    private Optional<ByteBuffer> wrapped(VolumeId volume) throws IOException {
        var known = keys.get(volume);
        if (known == null) {
            return Optional.empty();
        }
        var wrapping = wrappingKey(known.by);
        return Optional.of(WrappedKey.wrap(volume, known.by, wrapping, known.key, random).encode());
    }

    /// Of a copy whose encryption key is missing, the checksum is all that there is to check.
    private WrappedKey check(VolumeId volume, ByteBuffer bytes) throws IOException {
        var wrapped = WrappedKey.decode(bytes);
        if (wrapped.by().isEmpty() || encryptionKeys.fault(wrapped.by().get()).isEmpty()) {
            wrapped.unwrap(volume, wrappingKey(wrapped.by()));
        }
        return wrapped;
    }

    /// Destroys the key; durable on return. Quiet if there is none.
    void destroy(VolumeId volume) throws IOException {
        keys.remove(volume);
        TwoCopies.destroy(storage, name(volume));
    }

    /// Volumes that have a key; files of other names are left alone.
    Set<VolumeId> volumes() throws IOException {
        var volumes = new TreeSet<VolumeId>();
        for (var entry : storage.list(FOLDER)) {
            var name = TwoCopies.first(entry.name());
            if (name.endsWith(SUFFIX)) {
                VolumeId.parse(name.substring(0, name.length() - SUFFIX.length()))
                        .ifPresent(volumes::add);
            }
        }
        return volumes;
    }

    /// Volumes by the encryption key that wraps a copy of their keys.
    Map<UUID, Set<VolumeId>> uses() throws IOException {
        var uses = new HashMap<UUID, Set<VolumeId>>();
        for (var volume : volumes()) {
            for (var id : wrappings(volume)) {
                uses.computeIfAbsent(id, _ -> new TreeSet<>()).add(volume);
            }
        }
        return uses;
    }

    private Set<UUID> wrappings(VolumeId volume) throws IOException {
        var known = keys.get(volume);
        if (known != null && known.whole) {
            return known.by.map(Set::of).orElse(Set.of());
        }
        var found = new HashSet<UUID>();
        for (var copy : TwoCopies.names(name(volume))) {
            try {
                WrappedKey.decode(storage.get(copy)).by().ifPresent(found::add);
            } catch (NoSuchFileException | DamagedFormatException _) {
                // it says nothing, and the other one is asked
            }
        }
        return found;
    }

    /// What is wrong with the copies of a volume's key.
    List<Damage> faults(VolumeId volume) throws IOException {
        var faults = new ArrayList<Damage>();
        for (var copy : TwoCopies.names(name(volume))) {
            try {
                var wrapped = WrappedKey.decode(storage.get(copy));
                wrapped.unwrap(volume, wrappingKey(wrapped.by()));
            } catch (NoSuchFileException _) {
                faults.add(damaged(copy, volume, "the key is missing").damage());
            } catch (DamagedFormatException e) {
                faults.add(damaged(copy, volume, String.valueOf(e.getMessage())).damage());
            }
        }
        return faults;
    }

    /// Nothing is asked of it any more.
    @Override
    public void close() {
        encryptionKeys.left(this);
    }

    private static DamagedDataException damaged(String file, VolumeId volume, String what) {
        return new DamagedDataException(
                new Damage(volume.text(), -1, 0, file, 0, "data key: " + what));
    }

    private static String name(VolumeId volume) {
        return FOLDER + "/" + volume + SUFFIX;
    }
}
