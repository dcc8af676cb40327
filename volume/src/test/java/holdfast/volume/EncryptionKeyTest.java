package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// Keys of the operator's own: what they wrap is readable with them, and with nothing else.
class EncryptionKeyTest {
    private static final Path KEYS = Path.of("/encryption-keys");
    private static final int BLOCKS = 24;

    private final TestStore test = new TestStore(7);
    private final SplittableRandom random = new SplittableRandom(11);
    private final Clock clock = new Clock();

    /// By which it is looked whether a key is still there.
    private static final class Clock implements TimeSource {
        private long nanos;

        void advance(Duration duration) {
            nanos += duration.toNanos();
        }

        @Override
        public Instant now() {
            return Instant.EPOCH;
        }

        @Override
        public long nanoTime() {
            return nanos;
        }

        @Override
        public void sleep(Duration duration) {
            throw new AssertionError("nothing is waited for");
        }
    }

    private RandomSource source() {
        return bytes -> {
            synchronized (random) {
                random.nextBytes(bytes);
            }
        };
    }

    private EncryptionKeyFiles keys(Filesystem files) {
        return new EncryptionKeyFiles(files, KEYS, clock);
    }

    private VolumeStore open(Filesystem files, EncryptionKeyFiles keys) throws IOException {
        return VolumeStores.openOne(
                test.settings, files, TestStore.DIRECTORY, keys, test.time, source());
    }

    private VolumeId volume(VolumeStore store, String owner) throws Exception {
        var id = store.create(owner, "disk", BLOCKS * 4096L).id();
        write(store, id, 1);
        return id;
    }

    private void write(VolumeStore store, VolumeId id, long version) throws Exception {
        store.append(id, List.of(test.extent(id, 0, BLOCKS, version))).get();
    }

    private long point(VolumeStore store, String owner) throws Exception {
        return store.appendPoint(new NewPoint(owner, test.time.now(), 0, 1, false))
                .get()
                .sequence();
    }

    private static void checkReads(VolumeStore store, VolumeId id, VolumeId writtenAs, long version)
            throws IOException {
        try (var view = store.head(id)) {
            assertThat(TestStore.versions(view, writtenAs)).containsOnly(version);
        }
    }

    private static void assertMissing(VolumeStore store, VolumeId id, UUID key) throws IOException {
        var file = KEYS.resolve(key + ".key").toString();
        assertThat(store.keyFault(id))
                .get()
                .asString()
                .contains("encryption key " + key + " is missing: put " + file + " back");
        try (var view = store.head(id)) {
            assertThatThrownBy(() -> view.read(ByteBuffer.allocate(4096), 0))
                    .isInstanceOf(DamagedDataException.class)
                    .hasMessageContaining("volume vol-") // a branch's blocks are its parent's
                    .hasMessageContaining("put " + file + " back");
        }
    }

    @Test
    void withoutItsEncryptionKeyAVolumeCannotBeReadAndOthersCan() throws Exception {
        var files = test.files.mount();
        var keys = keys(files);
        var store = open(files, keys);
        var key = keys.create(source());
        store.encryptionKey("finance", Optional.of(key));
        var secret = volume(store, "finance");
        var sequence = point(store, "finance");
        var branch = store.branch(secret, sequence, "i-1", "disk").id();
        var other = volume(store, "web");
        assertThat(keys.uses().get(key)).containsExactlyInAnyOrder(secret, branch);
        store.close();
        assertThat(keys.uses()).isEmpty();

        var without = new TreeMap<>(test.files.contents());
        assertThat(without.remove(KEYS.resolve(key + ".key"))).isNotNull();
        files = FaultyFilesystem.of(without, 1).mount();
        keys = keys(files);
        var reopened = open(files, keys);
        assertMissing(reopened, secret, key);
        assertMissing(reopened, branch, key);
        assertThatThrownBy(() -> write(reopened, secret, 2))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("is missing: put");
        assertThatThrownBy(() -> reopened.branch(secret, sequence, "i-2", "disk"))
                .isInstanceOf(DamagedDataException.class);
        assertThatThrownBy(() -> reopened.encryptionKey("finance", Optional.empty()))
                .isInstanceOf(DamagedDataException.class);
        checkReads(reopened, other, other, 1);
        write(reopened, other, 2);
        var damage = new ArrayList<Damage>();
        reopened.scrub(damage::add);
        assertThat(damage).extracting(Damage::volume).containsOnly(secret.text(), branch.text());
        reopened.delete(branch); // destroying needs no key
        reopened.close();
    }

    /// The operator need not stop the server to take a key away, nor to put it back.
    @Test
    void aKeyThatIsTakenAwayIsOutOfUseWithinASecond() throws Exception {
        var files = test.files.mount();
        var keys = keys(files);
        try (var store = open(files, keys)) {
            var key = keys.create(source());
            store.encryptionKey("finance", Optional.of(key));
            var secret = volume(store, "finance");
            checkReads(store, secret, secret, 1); // now it is in every cache
            var file = keys.file(key);
            files.rename(file, Path.of("/safe"));
            clock.advance(EncryptionKeyFiles.LOOK_EVERY);
            assertMissing(store, secret, key);
            assertThatThrownBy(() -> write(store, secret, 2)).isInstanceOf(RefusalException.class);
            files.rename(Path.of("/safe"), file);
            assertThat(store.keyFault(secret)).isEmpty();
            checkReads(store, secret, secret, 1);
            write(store, secret, 2);
            checkReads(store, secret, secret, 2);
        }
    }

    /// Of volumes that there are, their branches, and branches of those.
    @Test
    void anotherKeyTakesThePlaceOfTheOneBeforeAndNothingOfThatIsLeft() throws Exception {
        var files = test.files.mount();
        var keys = keys(files);
        var store = open(files, keys);
        var secret = volume(store, "finance");
        var branch = store.branch(secret, point(store, "finance"), "i-1", "disk").id();
        try (var handle = store.openBranch(branch)) {
            handle.write(ByteBuffer.wrap(TestStore.block(secret, 0, 5)), 0, true);
        }
        var nested = store.branch(branch, point(store, "i-1"), "i-2", "disk").id();
        var other = volume(store, "web");
        var first = keys.create(source());
        var second = keys.create(source());
        for (var key : List.of(Optional.of(first), Optional.of(second), Optional.<UUID>empty())) {
            var before = wrapped(List.of(secret, branch, nested));
            store.encryptionKey("finance", key);
            for (var wrapped : before) {
                assertThat(test.files.everything()).noneMatch(bytes -> contains(bytes, wrapped));
            }
            var uses = keys.uses();
            key.ifPresent(id ->
                    assertThat(uses.get(id)).containsExactlyInAnyOrder(secret, branch, nested));
            assertThat(uses).hasSize(key.isPresent() ? 1 : 0);
            checkReads(store, secret, secret, 1);
            checkReads(store, other, other, 1);
        }
        store.encryptionKey("finance", Optional.of(second));
        assertThatThrownBy(() -> keys.destroy(second))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining(secret.text())
                .hasMessageContaining(nested.text());
        keys.destroy(first);
        assertThat(files.exists(keys.file(first))).isFalse();
        assertThatThrownBy(() -> store.encryptionKey("finance", Optional.of(first)))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("is missing");
        assertThatThrownBy(() -> store.encryptionKey("nobody yet", Optional.of(first)))
                .isInstanceOf(RefusalException.class);
        assertThat(store.create("nobody yet", "disk", 4096)).isNotNull(); // by the master key
        store.delete(nested);
        store.delete(branch);
        store.delete(secret);
        keys.destroy(second);
        store.close();
    }

    /// Of each copy of each volume's data key, what the key that wraps it has made.
    private List<byte[]> wrapped(List<VolumeId> volumes) {
        var contents = test.files.contents();
        return volumes.stream()
                .flatMap(id -> TwoCopies.names("keys/" + id + ".key").stream())
                .map(name -> contents.get(TestStore.DIRECTORY.resolve(name)))
                .map(bytes -> Arrays.copyOfRange(bytes, bytes.length - 52, bytes.length - 4))
                .toList();
    }

    private static boolean contains(byte[] bytes, byte[] sought) {
        var hex = HexFormat.of();
        return hex.formatHex(bytes).contains(hex.formatHex(sought));
    }

    /// Whatever a power cut leaves of wrapping anew, the volume is read with what keys there are,
    /// and doing it again leaves the newest key alone.
    @Test
    void aPowerCutWhileAKeyIsReplacedLosesNothing() throws Exception {
        var files = new RecordingFilesystem(test.files.mount());
        var keys = keys(files);
        var store = open(files, keys);
        var secret = volume(store, "finance");
        var branch = store.branch(secret, point(store, "finance"), "i-1", "disk").id();
        var first = keys.create(source());
        var second = keys.create(source());
        var begun = files.length();
        for (var key : List.of(Optional.of(first), Optional.of(second), Optional.<UUID>empty())) {
            store.encryptionKey("finance", key);
        }
        store.encryptionKey("finance", Optional.of(second));
        var ended = files.length();
        var opened = new int[1];
        new CrashStates(files.operations(), random.split())
                .visit(
                        Integer.MAX_VALUE,
                        (done, contents) -> {
                            if (done >= begun && done <= ended) {
                                opened[0]++;
                                checkCrashState(contents, List.of(secret, branch), first, second);
                            }
                        });
        assertThat(opened[0]).isGreaterThan(100);
        store.close();
    }

    private void checkCrashState(
            Map<Path, byte[]> contents, List<VolumeId> volumes, UUID first, UUID second)
            throws IOException {
        var files = FaultyFilesystem.of(contents, 1).mount();
        var keys = keys(files);
        var store = open(files, keys);
        for (var id : volumes) {
            assertThat(store.keyFault(id)).isEmpty();
            checkReads(store, id, volumes.getFirst(), 1);
        }
        store.encryptionKey("finance", Optional.of(second));
        keys.destroy(first); // so nothing is wrapped by it
        store.close();
        var reopened = open(files, keys(files));
        for (var id : volumes) {
            checkReads(reopened, id, volumes.getFirst(), 1);
        }
        assertThat(reopened.scrub(_ -> {}).damagedPlaces()).isZero();
        reopened.close();
    }
}
