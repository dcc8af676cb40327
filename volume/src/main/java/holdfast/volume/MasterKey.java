package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// The key that wraps data keys where no encryption key does, and from which the installation's
/// other keys are derived (docs/formats/keys.md, "Master key"). Safe for any thread.
final class MasterKey {
    private static final int KEY_BYTES = 32;
    private static final int MAGIC = 0x48464d4b; // HFMK
    private static final int VERSION = 1;
    private static final int BYTES = 8 + KEY_BYTES + 4;

    private final Filesystem files;
    private final Path file;
    final SecretKey key;

    private MasterKey(Filesystem files, Path file, SecretKey key) {
        this.files = files;
        this.file = file;
        this.key = key;
    }

    /// @param newStore whether the staging area has just been made, and so may get a master key
    static MasterKey open(Filesystem files, Path file, RandomSource random, boolean newStore)
            throws IOException {
        if (!files.exists(file)) {
            if (!newStore) {
                throw new RefusalException(
                        "master-key-missing",
                        file
                                + ": the master key is missing; without it nothing in this staging"
                                + " area can be read. Put the file back");
            }
            make(files, file, random);
        }
        return new MasterKey(files, file, read(files, file));
    }

    private static void make(Filesystem files, Path file, RandomSource random) throws IOException {
        var key = new byte[KEY_BYTES];
        random.fill(key);
        var bytes = ByteBuffer.allocate(BYTES);
        bytes.putInt(MAGIC).putInt(VERSION).put(key);
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

    private static SecretKey read(Filesystem files, Path file) throws IOException {
        var bytes = ByteBuffer.allocate(BYTES + 1);
        try (var handle = files.openForReading(file)) {
            handle.read(bytes, 0);
        }
        bytes.flip();
        var key = new byte[KEY_BYTES];
        var sound =
                bytes.remaining() == BYTES
                        && bytes.getInt(BYTES - 4) == Checksums.crc32c(bytes.slice(0, BYTES - 4))
                        && bytes.getInt() == MAGIC
                        && bytes.getInt() == VERSION;
        if (!sound) {
            throw new RefusalException(
                    "master-key-damaged",
                    file + ": not a master key, or damaged; put a copy of the right one back");
        }
        bytes.get(key);
        return new SecretKeySpec(key, "AES");
    }

    /// Checks the stored key against the one in use.
    ///
    /// @throws DamagedFormatException if it is damaged or another
    void check() throws IOException {
        try {
            if (read(files, file).equals(key)) {
                return;
            }
        } catch (RefusalException e) {
            throw new DamagedFormatException(String.valueOf(e.getMessage()));
        }
        throw new DamagedFormatException(file + ": not the master key in use");
    }

    /// A key for another purpose than volumes (docs/formats/keys.md, "Derived keys").
    SecretKey derived(String purpose) {
        try {
            var info = ("holdfast " + purpose).getBytes(StandardCharsets.US_ASCII);
            return KDF.getInstance("HKDF-SHA256")
                    .deriveKey(
                            "AES",
                            HKDFParameterSpec.ofExtract().addIKM(key).thenExpand(info, KEY_BYTES));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK since 25 has HKDF-SHA256", e);
        }
    }
}
