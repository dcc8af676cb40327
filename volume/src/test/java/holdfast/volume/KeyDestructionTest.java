package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Deleting a volume destroys its key: nothing that is left, in the staging area or in a copy of it
/// without the key, can be read any more.
class KeyDestructionTest {
    private static final int KEY_BYTES = 32;

    private final TestStore test = new TestStore(3);
    private final List<byte[]> madeKeys = new ArrayList<>();

    /// Notes what is drawn as a key.
    private VolumeStore open(FaultyFilesystem files) throws IOException {
        RandomSource source =
                bytes -> {
                    new java.util.SplittableRandom(madeKeys.size() * 31L + bytes.length)
                            .nextBytes(bytes);
                    madeKeys.add(bytes.clone());
                };
        return VolumeStores.open(
                test.settings, files.mount(), TestStore.DIRECTORY, test.time, source);
    }

    @ParameterizedTest(name = "power cut right after: {0}")
    @ValueSource(booleans = {false, true})
    void afterDeletingNothingOfTheKeyIsLeft(boolean powerCut) throws Exception {
        var store = open(test.files);
        var kept = store.create("s", "kept", 1 << 20).id();
        var drawn = madeKeys.size();
        var gone = store.create("s", "gone", 1 << 20).id();
        var dataKey =
                madeKeys.subList(drawn, madeKeys.size()).stream()
                        .filter(bytes -> bytes.length == KEY_BYTES)
                        .findFirst()
                        .orElseThrow();
        for (var i = 0; i < 30; i++) {
            store.append(kept, List.of(test.extent(kept, i, 2, i + 1)));
            store.append(gone, List.of(test.extent(gone, i, 2, i + 1)));
        }
        var point = store.appendPoint(new NewPoint("s", test.time.now(), 0, 1, false)).get();
        store.reclaim();
        var before = test.files.contents();
        var keyFile = TestStore.DIRECTORY.resolve("keys/" + gone + ".key");
        var wrapped = Arrays.copyOfRange(before.get(keyFile), 20, 68);
        var secondFile = TestStore.DIRECTORY.resolve("keys/" + gone + ".key.2");
        assertThat(filesWith(before, wrapped)).containsExactly(keyFile, secondFile);

        store.delete(gone);
        if (powerCut) {
            test.files.crash();
            DamageableStore.abandon(store);
            store = open(test.files);
        }
        assertThat(test.files.everything()).noneMatch(bytes -> contains(bytes, wrapped));
        assertThat(test.files.everything()).noneMatch(bytes -> contains(bytes, dataKey));
        assertThat(test.files.contents()).doesNotContainKeys(keyFile, secondFile);
        var open = store;
        assertThatThrownBy(() -> open.view(gone, point.sequence()))
                .isInstanceOf(RefusalException.class);
        assertThat(store.volumes().stream().map(Volume::id)).containsExactly(kept);
        checkReads(store, kept, point.sequence());
        assertThat(store.scrub(_ -> {}).damagedPlaces()).isZero();
        store.reclaim();
        checkReads(store, kept, point.sequence());
        store.close();
        store = open(test.files);
        checkReads(store, kept, point.sequence());
        store.close();
    }

    private static void checkReads(VolumeStore store, VolumeId id, long sequence)
            throws IOException {
        try (var view = store.view(id, sequence)) {
            var versions = TestStore.versions(view, id);
            for (var i = 0; i < 30; i++) {
                assertThat(versions[i]).isEqualTo(i + 1);
            }
        }
    }

    /// Someone kept a copy of everything but the key.
    @Test
    void aCopyWithoutTheKeyCannotBeReadAndSaysWhy() throws Exception {
        var store = open(test.files);
        var kept = store.create("s", "kept", 1 << 20).id();
        var gone = store.create("s", "gone", 1 << 20).id();
        for (var i = 0; i < 30; i++) {
            store.append(kept, List.of(test.extent(kept, i, 2, i + 1)));
            store.append(gone, List.of(test.extent(gone, i, 2, i + 1)));
        }
        var point = store.appendPoint(new NewPoint("s", test.time.now(), 0, 1, false)).get();
        store.close();
        var copy = new TreeMap<Path, byte[]>(test.files.contents());
        var plain = Arrays.copyOfRange(TestStore.block(gone, 3, 4), 16, 48);
        assertThat(filesWith(copy, plain)).isEmpty();
        for (var name : List.of(gone + ".key", gone + ".key.2")) {
            assertThat(copy.remove(TestStore.DIRECTORY.resolve("keys/" + name))).isNotNull();
        }

        var restored = open(FaultyFilesystem.of(copy, 1));
        try (var view = restored.view(gone, point.sequence())) {
            assertThatThrownBy(() -> view.read(ByteBuffer.allocate(4096), 0))
                    .isInstanceOf(DamagedDataException.class)
                    .hasMessageContaining(gone.text())
                    .hasMessageContaining("the key is missing");
        }
        assertThatThrownBy(() -> restored.append(gone, List.of(test.extent(gone, 0, 1, 9))))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("the key is missing");
        checkReads(restored, kept, point.sequence());
        restored.close();
    }

    /// Another volume's key in its place is found out.
    @Test
    void aKeyUnderAnotherVolumesNameIsRefused() throws Exception {
        var store = open(test.files);
        var one = store.create("s", "one", 1 << 20).id();
        var other = store.create("s", "other", 1 << 20).id();
        store.append(one, List.of(test.extent(one, 0, 2, 1))).get();
        store.close();
        var copy = test.files.contents();
        var keys = TestStore.DIRECTORY.resolve("keys");
        for (var suffix : List.of(".key", ".key.2")) {
            copy.put(keys.resolve(one + suffix), copy.get(keys.resolve(other + suffix)));
        }
        var restored = open(FaultyFilesystem.of(copy, 1));
        try (var view = restored.head(one)) {
            assertThatThrownBy(() -> view.read(ByteBuffer.allocate(4096), 0))
                    .isInstanceOf(DamagedDataException.class)
                    .hasMessageContaining("the master key does not unwrap it");
        }
        restored.close();
    }

    /// A power cut at every step of the deletion: the volume is whole, or gone with its key.
    @Test
    void aPowerCutWhileDeletingLeavesTheVolumeWholeOrGone() throws Exception {
        var outcomes = new ArrayList<Boolean>();
        for (var step = 0; step < 32; step++) {
            var files = new FaultyFilesystem(step);
            var store = open(files);
            var id = store.create("s", "disk", 1 << 20).id();
            store.append(id, List.of(test.extent(id, 0, 30, 5))).get();
            files.crashAfter(step);
            try {
                store.delete(id);
            } catch (IOException _) {
                // the power was cut in the middle of it
            }
            files.crash();
            DamageableStore.abandon(store);
            store = open(files);
            var keyFile = TestStore.DIRECTORY.resolve("keys/" + id + ".key");
            var there = store.find(id).isPresent();
            assertThat(files.contents().containsKey(keyFile)).as("step %d", step).isEqualTo(there);
            var secondFile = TestStore.DIRECTORY.resolve("keys/" + id + ".key.2");
            assertThat(files.contents().containsKey(secondFile))
                    .as("step %d", step)
                    .isEqualTo(there);
            if (there) {
                try (var view = store.head(id)) {
                    assertThat(TestStore.versions(view, id)[7]).as("step %d", step).isEqualTo(5);
                }
            }
            outcomes.add(there);
            store.close();
        }
        assertThat(outcomes).contains(true, false);
    }

    private static List<Path> filesWith(Map<Path, byte[]> files, byte[] sought) {
        return files.entrySet().stream()
                .filter(file -> contains(file.getValue(), sought))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static boolean contains(byte[] bytes, byte[] sought) {
        var hex = HexFormat.of();
        var at = hex.formatHex(bytes).indexOf(hex.formatHex(sought));
        return at >= 0;
    }
}
