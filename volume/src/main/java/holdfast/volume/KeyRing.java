package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// The volumes' data keys, each in two objects of its own, wrapped by the master key
/// (docs/formats/keys.md). Destroying both is what makes a deleted volume unreadable, so keys are
/// in no other place. Safe for any thread.
final class KeyRing {
    private static final System.Logger LOG = System.getLogger(KeyRing.class.getName());

    static final String FOLDER = "keys";
    private static final String SUFFIX = ".key";
    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final int KEY_MAGIC = 0x48464b59; // HFKY
    private static final int MASTER_MAGIC = 0x48464d4b; // HFMK
    private static final int VERSION = 1;
    private static final int MASTER_BYTES = 8 + KEY_BYTES + 4;
    private static final int WRAPPED_BYTES = 8 + NONCE_BYTES + KEY_BYTES + TAG_BITS / 8 + 4;

    private final StagingStorage storage;
    private final Filesystem files;
    private final Path masterFile;
    private final RandomSource random;
    private final SecretKey master;
    private final ConcurrentHashMap<VolumeId, SecretKey> keys = new ConcurrentHashMap<>();

    private KeyRing(
            StagingStorage storage,
            Filesystem files,
            Path masterFile,
            RandomSource random,
            SecretKey master) {
        this.storage = storage;
        this.files = files;
        this.masterFile = masterFile;
        this.random = random;
        this.master = master;
    }

    /// @param newStore whether the staging area has just been made, and so may get a master key
    static KeyRing open(
            StagingStorage storage,
            Filesystem files,
            Path masterKey,
            RandomSource random,
            boolean newStore)
            throws IOException {
        if (!files.exists(masterKey)) {
            if (!newStore) {
                throw new RefusalException(
                        "master-key-missing",
                        masterKey
                                + ": the master key is missing; without it nothing in this staging"
                                + " area can be read. Put the file back");
            }
            makeMaster(files, masterKey, random);
        }
        return new KeyRing(storage, files, masterKey, random, readMaster(files, masterKey));
    }

    private static void makeMaster(Filesystem files, Path file, RandomSource random)
            throws IOException {
        var key = new byte[KEY_BYTES];
        random.fill(key);
        var bytes = ByteBuffer.allocate(MASTER_BYTES);
        bytes.putInt(MASTER_MAGIC).putInt(VERSION).put(key);
        bytes.putInt(Checksums.crc32c(bytes.duplicate().flip())).flip();
        var directory = file.toAbsolutePath().getParent();
        var unfinished = file.resolveSibling(file.getFileName() + ".new");
        try (var handle = files.openForWriting(unfinished)) {
            handle.write(bytes, 0);
            handle.sync();
        }
        files.rename(unfinished, file);
        if (directory != null) {
            files.syncDirectory(directory);
        }
    }

    private static SecretKey readMaster(Filesystem files, Path file) throws IOException {
        var bytes = ByteBuffer.allocate(MASTER_BYTES + 1);
        try (var handle = files.openForReading(file)) {
            handle.read(bytes, 0);
        }
        bytes.flip();
        var key = new byte[KEY_BYTES];
        var sound =
                bytes.remaining() == MASTER_BYTES
                        && bytes.getInt(MASTER_BYTES - 4)
                                == Checksums.crc32c(bytes.slice(0, MASTER_BYTES - 4))
                        && bytes.getInt() == MASTER_MAGIC
                        && bytes.getInt() == VERSION;
        if (!sound) {
            throw new RefusalException(
                    "master-key-damaged",
                    file + ": not a master key, or damaged; put a copy of the right one back");
        }
        bytes.get(key);
        return new SecretKeySpec(key, "AES");
    }

    /// Makes and stores a key for a new volume; durable on return.
    SecretKey make(VolumeId volume) throws IOException {
        var key = new byte[KEY_BYTES];
        var nonce = new byte[NONCE_BYTES];
        random.fill(key);
        random.fill(nonce);
        var bytes = ByteBuffer.allocate(WRAPPED_BYTES);
        bytes.putInt(KEY_MAGIC).putInt(VERSION).put(nonce);
        bytes.put(crypt(Cipher.ENCRYPT_MODE, volume, nonce, key));
        bytes.putInt(Checksums.crc32c(bytes.duplicate().flip())).flip();
        TwoCopies.put(storage, name(volume), bytes);
        var made = new SecretKeySpec(key, "AES");
        keys.put(volume, made);
        return made;
    }

    /// The key of a volume.
    ///
    /// @throws DamagedDataException if it is missing, damaged in both copies or of another master
    ///   key
    SecretKey key(VolumeId volume) throws IOException {
        var known = keys.get(volume);
        if (known != null) {
            return known;
        }
        SecretKey key;
        try {
            key =
                    new SecretKeySpec(
                            TwoCopies.get(storage, name(volume), bytes -> unwrap(volume, bytes)),
                            "AES");
        } catch (NoSuchFileException _) {
            throw damaged(name(volume), volume, "the key is missing");
        } catch (DamagedFormatException e) {
            throw damaged(name(volume), volume, String.valueOf(e.getMessage()));
        }
        keys.put(volume, key);
        return key;
    }

    private byte[] unwrap(VolumeId volume, ByteBuffer bytes) throws DamagedFormatException {
        if (bytes.remaining() != WRAPPED_BYTES
                || bytes.getInt(WRAPPED_BYTES - 4)
                        != Checksums.crc32c(bytes.slice(0, WRAPPED_BYTES - 4))
                || bytes.getInt() != KEY_MAGIC
                || bytes.getInt() != VERSION) {
            throw new DamagedFormatException("the checksum does not hold");
        }
        var nonce = new byte[NONCE_BYTES];
        var wrapped = new byte[KEY_BYTES + TAG_BITS / 8];
        bytes.get(nonce).get(wrapped);
        try {
            return crypt(Cipher.DECRYPT_MODE, volume, nonce, wrapped);
        } catch (StoreException _) {
            throw new DamagedFormatException("the master key does not unwrap it");
        }
    }

    /// A key lives as long as its volume, so a damaged copy is replaced before the other one is
    /// damaged, too.
    ///
    /// @param existing all volumes that there are
    void mend(Collection<VolumeId> existing) throws IOException {
        for (var volume : existing) {
            if (TwoCopies.mend(storage, name(volume), bytes -> unwrap(volume, bytes))) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "key of volume={0}: one copy was missing or damaged; stored again",
                        volume);
            }
        }
    }

    /// Destroys the key; durable on return. Quiet if there is none.
    void destroy(VolumeId volume) throws IOException {
        keys.remove(volume);
        TwoCopies.destroy(storage, name(volume));
    }

    /// Volumes that have a key; files of other names are left alone.
    List<VolumeId> volumes() throws IOException {
        return storage.list(FOLDER).stream()
                .map(StagingStorage.Entry::name)
                .filter(name -> name.endsWith(SUFFIX))
                .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                .flatMap(name -> VolumeId.parse(name).stream())
                .toList();
    }

    /// What is wrong with the copies of a volume's key.
    List<Damage> faults(VolumeId volume) throws IOException {
        var faults = new ArrayList<Damage>();
        for (var copy : TwoCopies.names(name(volume))) {
            try {
                unwrap(volume, storage.get(copy));
            } catch (NoSuchFileException _) {
                faults.add(damaged(copy, volume, "the key is missing").damage());
            } catch (DamagedFormatException e) {
                faults.add(damaged(copy, volume, String.valueOf(e.getMessage())).damage());
            }
        }
        return faults;
    }

    /// Checks the stored master key against the one in use.
    ///
    /// @throws DamagedFormatException if it is damaged or another
    void checkMaster() throws IOException {
        try {
            if (readMaster(files, masterFile).equals(master)) {
                return;
            }
        } catch (RefusalException e) {
            throw new DamagedFormatException(String.valueOf(e.getMessage()));
        }
        throw new DamagedFormatException(masterFile + ": not the master key in use");
    }

    /// A key for another purpose than volumes (docs/formats/keys.md, "Derived keys").
    SecretKey derived(String purpose) {
        try {
            var info = ("holdfast " + purpose).getBytes(StandardCharsets.US_ASCII);
            return KDF.getInstance("HKDF-SHA256")
                    .deriveKey(
                            "AES",
                            HKDFParameterSpec.ofExtract()
                                    .addIKM(master)
                                    .thenExpand(info, KEY_BYTES));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK since 25 has HKDF-SHA256", e);
        }
    }

    private byte[] crypt(int mode, VolumeId volume, byte[] nonce, byte[] input)
            throws StoreException {
        try {
            var cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(mode, master, new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(volume.text().getBytes(StandardCharsets.US_ASCII));
            return cipher.doFinal(input);
        } catch (GeneralSecurityException e) {
            throw new StoreException(volume + ": the data key cannot be unwrapped", e);
        }
    }

    private static DamagedDataException damaged(String file, VolumeId volume, String what) {
        return new DamagedDataException(
                new Damage(volume.text(), -1, 0, file, 0, "data key: " + what));
    }

    private static String name(VolumeId volume) {
        return FOLDER + "/" + volume + SUFFIX;
    }
}
