package holdfast.volume;

import static holdfast.volume.DocumentedExample.counting;
import static holdfast.volume.DocumentedExample.flipped;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.format.Compression;
import holdfast.format.PackedExtent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// The key files of docs/formats/keys.md, whose bytes were worked out without this code.
class KeysFormatTest {
    private static final Path MASTER = Path.of("/elsewhere/master.key");
    private static final VolumeId VOLUME = new VolumeId("vol-0123456789abcdef0");
    private static final VolumeId OTHER = new VolumeId("vol-0123456789abcdef1");
    private static final UUID ENCRYPTION_KEY =
            UUID.fromString("00112233-4455-4677-8899-aabbccddeeff");
    private static final Path ENCRYPTION_KEY_FILE =
            Path.of("/encryption-keys/" + ENCRYPTION_KEY + ".key");
    private static final String NAME = "keys/vol-0123456789abcdef0.key";
    private static final String SECOND = NAME + ".2";
    private static final RandomSource NONE =
            _ -> {
                throw new AssertionError("nothing is to be drawn");
            };

    private final Filesystem files = new FaultyFilesystem(1).mount();
    private final LocalStorage storage;
    private final ManualTime time = new ManualTime();
    private final EncryptionKeyFiles encryptionKeys =
            new EncryptionKeyFiles(files, Path.of("/encryption-keys"), time);

    KeysFormatTest() throws IOException {
        files.createDirectories(Path.of("/elsewhere"));
        storage = new LocalStorage(files, Path.of("/staging"), List.of(KeyRing.FOLDER));
    }

    @Test
    void keysAreStoredAsTheDocumentSays() throws Exception {
        var drawn = draws(counting(0x80, 32), counting(0x40, 32), counting(0xc0, 12));
        var keys = ring(MasterKey.open(files, MASTER, drawn, true), drawn);
        assertThat(keys.make(VOLUME, Optional.empty()).getEncoded()).isEqualTo(counting(0x40, 32));
        assertThat(read(MASTER)).isEqualTo(example("Master key"));
        assertThat(storage.get(NAME)).isEqualTo(ByteBuffer.wrap(example("Data key")));
    }

    @Test
    void theKeysOfTheDocumentAreRead() throws Exception {
        var keys = documented();
        assertThat(keys.key(VOLUME).getEncoded()).isEqualTo(counting(0x40, 32));
        assertThat(keys.volumes()).containsExactly(VOLUME);
        MasterKey.open(files, MASTER, NONE, false).check();
    }

    @Test
    void derivedKeysAreTheDocumentsAndDifferByPurpose() throws Exception {
        write(MASTER, example("Master key"));
        var master = MasterKey.open(files, MASTER, NONE, false);
        assertThat(master.derived("access").getEncoded()).isEqualTo(example("Derived key"));
        assertThat(master.derived("audit")).isNotEqualTo(master.derived("access"));
    }

    @Test
    void encryptionKeysAndWhatTheyWrapAreStoredAsTheDocumentSays() throws Exception {
        write(MASTER, example("Master key"));
        var id =
                encryptionKeys.create(
                        draws(
                                bytes("0011223344550677"),
                                bytes("0899aabbccddeeff"),
                                counting(0xa0, 32)));
        assertThat(id).isEqualTo(ENCRYPTION_KEY);
        assertThat(encryptionKeys.file(id)).isEqualTo(ENCRYPTION_KEY_FILE);
        assertThat(read(ENCRYPTION_KEY_FILE)).isEqualTo(example("Encryption key"));
        var drawn = draws(counting(0x40, 32), counting(0xc0, 12));
        var keys = ring(MasterKey.open(files, MASTER, NONE, false), drawn);
        keys.make(VOLUME, Optional.of(id));
        var example = ByteBuffer.wrap(example("Data key under an encryption key"));
        assertThat(storage.get(NAME)).isEqualTo(example);
        assertThat(storage.get(SECOND)).isEqualTo(example);
        assertThat(ring().key(VOLUME).getEncoded()).isEqualTo(counting(0x40, 32));
        assertThat(ring().uses()).containsExactly(Map.entry(id, Set.of(VOLUME)));
    }

    @Test
    void everyFlippedBitOfAnEncryptionKeyAndOfWhatItWrapsIsNoticed() throws Exception {
        write(MASTER, example("Master key"));
        files.createDirectories(Path.of("/encryption-keys"));
        var encryptionKey = example("Encryption key");
        write(ENCRYPTION_KEY_FILE, encryptionKey);
        var wrapped = example("Data key under an encryption key");
        TwoCopies.put(storage, NAME, ByteBuffer.wrap(wrapped));
        for (var bit = 0; bit < wrapped.length * Byte.SIZE; bit++) {
            storage.put(NAME, ByteBuffer.wrap(flipped(wrapped, bit)));
            var keys = ring();
            assertThat(keys.faults(VOLUME)).as("bit %d", bit).hasSize(1);
            assertThat(keys.key(VOLUME).getEncoded()).isEqualTo(counting(0x40, 32));
        }
        storage.put(NAME, ByteBuffer.wrap(wrapped));
        for (var bit = 0; bit < encryptionKey.length * Byte.SIZE; bit++) {
            write(ENCRYPTION_KEY_FILE, flipped(encryptionKey, bit));
            assertThat(encryptionKeys.fault(ENCRYPTION_KEY))
                    .as("bit %d", bit)
                    .get()
                    .asString()
                    .contains("is damaged", ENCRYPTION_KEY_FILE.toString());
        }
        for (var length = 0; length < encryptionKey.length + 4; length++) {
            write(ENCRYPTION_KEY_FILE, Arrays.copyOf(encryptionKey, length));
            assertThat(encryptionKeys.fault(ENCRYPTION_KEY).isEmpty())
                    .as("%d bytes", length)
                    .isEqualTo(length == encryptionKey.length);
        }
        var other = new UUID(1, 2);
        write(encryptionKeys.file(other), encryptionKey);
        assertThat(encryptionKeys.fault(other)).get().asString().contains("another key");
    }

    /// Wrapping says whose key it is: a file that was given another volume's name does not open.
    @Test
    void aKeyDoesNotOpenAsThatOfAnotherVolume() throws Exception {
        var keys = documented();
        TwoCopies.put(storage, "keys/" + OTHER + ".key", ByteBuffer.wrap(example("Data key")));
        assertThatThrownBy(() -> keys.key(OTHER))
                .isInstanceOf(DamagedDataException.class)
                .hasMessageContaining("master key does not unwrap it");
    }

    @Test
    void everyFlippedBitAndEveryOtherLengthIsNoticed() throws Exception {
        var keys = documented();
        var key = keys.key(VOLUME);
        var wrapped = example("Data key");
        for (var bit = 0; bit < wrapped.length * Byte.SIZE; bit++) {
            storage.put(NAME, ByteBuffer.wrap(flipped(wrapped, bit)));
            assertThat(keys.faults(VOLUME))
                    .as("bit %d", bit)
                    .extracting(Damage::file)
                    .containsExactly(NAME);
            assertThat(ring().key(VOLUME)).as("bit %d", bit).isEqualTo(key);
        }
        storage.put(SECOND, ByteBuffer.wrap(flipped(wrapped, 1)));
        assertThatThrownBy(() -> ring().key(VOLUME))
                .isInstanceOf(DamagedDataException.class)
                .hasMessageContaining(NAME);
        var master = example("Master key");
        for (var bit = 0; bit < master.length * Byte.SIZE; bit++) {
            write(MASTER, flipped(master, bit));
            assertThatThrownBy(() -> MasterKey.open(files, MASTER, NONE, false))
                    .as("bit %d", bit)
                    .isInstanceOf(RefusalException.class);
        }
        for (var length = 0; length < master.length + 4; length++) {
            if (length != master.length) {
                write(MASTER, Arrays.copyOf(master, length));
                assertThatThrownBy(() -> MasterKey.open(files, MASTER, NONE, false))
                        .as("%d bytes", length)
                        .isInstanceOf(RefusalException.class);
            }
        }
    }

    /// A new master key would make all data keys worthless.
    @Test
    void noMasterKeyIsMadeForAStagingAreaThatExists() {
        assertThatThrownBy(() -> MasterKey.open(files, MASTER, NONE, false))
                .isInstanceOf(RefusalException.class);
        assertThat(files.exists(MASTER)).isFalse();
    }

    @Test
    void aDestroyedKeyIsOverwrittenBeforeItsNameIsGone() throws Exception {
        var keys = documented();
        keys.key(VOLUME);
        try (var first = files.openForReading(Path.of("/staging").resolve(NAME));
                var second = files.openForReading(Path.of("/staging").resolve(SECOND))) {
            keys.destroy(VOLUME);
            for (var stillOpen : List.of(first, second)) {
                var bytes = ByteBuffer.allocate(72);
                stillOpen.read(bytes, 0);
                assertThat(bytes.array()).containsOnly(0);
            }
        }
        assertThat(storage.list(KeyRing.FOLDER)).isEmpty();
        assertThatThrownBy(() -> keys.key(VOLUME))
                .isInstanceOf(DamagedDataException.class)
                .hasMessageContaining("the key is missing");
        keys.destroy(VOLUME);
    }

    @Test
    void filesOfOtherNamesAreLeftAlone() throws Exception {
        storage.put("keys/copy of vol-0123456789abcdef0.key", ByteBuffer.allocate(3));
        assertThat(documented().volumes()).containsExactly(VOLUME);
    }

    /// A key lives for years: a copy that is damaged or missing is stored again in time.
    @Test
    void aMissingOrDamagedCopyIsStoredAgain() throws Exception {
        var keys = documented();
        var sound = ByteBuffer.wrap(example("Data key"));
        for (var copy : List.of(NAME, SECOND)) {
            storage.put(copy, ByteBuffer.wrap(flipped(sound.array(), 300)));
            assertThat(keys.mend(VOLUME)).isTrue();
            assertThat(storage.get(copy)).isEqualTo(sound);
            storage.delete(copy);
            assertThat(keys.mend(VOLUME)).isTrue();
            assertThat(storage.get(copy)).isEqualTo(sound);
            assertThat(keys.faults(VOLUME)).isEmpty();
            assertThat(keys.mend(VOLUME)).isFalse();
        }
    }

    /// A server that has read a key and runs on still has it: what was damaged while it ran is not
    /// lost.
    @Test
    void aKeyThatIsKnownIsStoredAgainWithoutACopy() throws Exception {
        var nonce = counting(0xc0, 12);
        write(MASTER, example("Master key"));
        storage.put(NAME, ByteBuffer.wrap(example("Data key")));
        var keys = ring(MasterKey.open(files, MASTER, NONE, false), draws(nonce));
        var copies = List.of(NAME, SECOND);
        for (var copy : copies) {
            storage.put(copy, ByteBuffer.wrap(flipped(example("Data key"), 300)));
        }
        assertThat(keys.mend(VOLUME)).as("never read").isFalse();
        storage.put(SECOND, ByteBuffer.wrap(example("Data key")));
        var key = keys.key(VOLUME);
        storage.delete(SECOND);
        assertThat(keys.mend(VOLUME)).isTrue();
        for (var copy : copies) {
            assertThat(storage.get(copy)).isEqualTo(ByteBuffer.wrap(example("Data key")));
        }
        assertThat(key.getEncoded()).isEqualTo(counting(0x40, 32));
    }

    /// A new instance draws another prefix, and within one no counter comes twice.
    @Test
    void noNonceComesTwice() throws Exception {
        var key = documented().key(VOLUME);
        var extent = new PackedExtent(0, 1, Compression.LZ4, 0, new byte[] {1});
        var seen = new HashSet<List<Long>>();
        for (var run = 0; run < 3; run++) {
            var cipher = new ExtentCipher(RandomSource.system());
            for (var i = 0; i < 1000; i++) {
                var sealed = cipher.seal(2, key, extent);
                var nonce = List.of(sealed.noncePrefix(), (long) sealed.nonceCounter());
                assertThat(seen.add(nonce)).isTrue();
            }
        }
    }

    private KeyRing ring() throws IOException {
        return ring(MasterKey.open(files, MASTER, NONE, false), NONE);
    }

    private KeyRing ring(MasterKey master, RandomSource random) {
        return new KeyRing(storage, master, encryptionKeys, random);
    }

    private KeyRing documented() throws IOException {
        write(MASTER, example("Master key"));
        TwoCopies.put(storage, NAME, ByteBuffer.wrap(example("Data key")));
        return ring();
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    private void write(Path file, byte[] bytes) throws IOException {
        try (var handle = files.openForWriting(file)) {
            handle.truncate(0);
            handle.write(ByteBuffer.wrap(bytes), 0);
            handle.sync();
        }
    }

    private byte[] read(Path file) throws IOException {
        try (var handle = files.openForReading(file)) {
            var bytes = ByteBuffer.allocate((int) handle.sizeBytes());
            handle.read(bytes, 0);
            return bytes.array();
        }
    }

    /// Gives these out, one for each call.
    private static RandomSource draws(byte[]... values) {
        Queue<byte[]> left = new ArrayDeque<>(List.of(values));
        return bytes -> {
            var next = left.remove();
            assertThat(bytes).hasSameSizeAs(next);
            System.arraycopy(next, 0, bytes, 0, next.length);
        };
    }

    private static byte[] example(String heading) throws IOException {
        return DocumentedExample.read("keys.md", heading);
    }
}
