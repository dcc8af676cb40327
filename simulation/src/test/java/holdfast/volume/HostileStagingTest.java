package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Checksums;
import holdfast.base.RefusalException;
import holdfast.hostile.HostileInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A staging area in which one file is not what was written, as a whole: catalogue, keys, segments.
/// The store opens and serves what it can prove, or names what is wrong.
class HostileStagingTest {
    private static final int BLOCKS = 16;

    private final TestStore test = new TestStore(7);
    private TreeMap<Path, byte[]> sound = new TreeMap<>();

    @BeforeEach
    void fill() throws Exception {
        try (var store = test.open()) {
            var volume = store.create("s-1", "/dev/sda", (long) BLOCKS << 12);
            for (var version = 1; version <= 4; version++) {
                store.append(volume.id(), List.of(test.extent(volume.id(), 0, BLOCKS, version)))
                        .get();
                store.appendPoint(
                                new NewPoint(
                                        "s-1", Instant.ofEpochSecond(version), 0, version, false))
                        .get();
            }
        }
        sound = test.files.contents();
    }

    private Path file(String pattern) {
        var found = sound.keySet().stream().filter(p -> p.toString().matches(pattern)).toList();
        assertThat(found).as("%s among %s", pattern, sound.keySet()).isNotEmpty();
        return found.getFirst();
    }

    private static byte[] sealed(byte[] bytes) {
        var at = bytes.length - Integer.BYTES;
        if (at >= 0) {
            ByteBuffer.wrap(bytes).putInt(at, Checksums.crc32c(bytes, 0, at));
        }
        return bytes;
    }

    @Test
    void catalogues() throws Exception {
        feed(file(".*/catalogue.*"), HostileStagingTest::sealed);
    }

    @Test
    void volumeKeys() throws Exception {
        feed(file(".*\\.key"), HostileStagingTest::sealed);
    }

    /// Batches, their tables and the index have checksums of their own, which a mangler does not
    /// mend; those are fed by themselves elsewhere.
    @Test
    void segments() throws Exception {
        feed(file(".*/segments/.*"), UnaryOperator.identity());
    }

    /// Whatever is served is right, where it is a volume of the size that was written.
    private static void read(VolumeView view) throws IOException {
        if (view.sizeBytes() == (long) BLOCKS << 12) {
            TestStore.versions(view, view.volume().id());
        } else {
            var length = (int) Math.min(view.sizeBytes(), 1 << 20);
            view.read(ByteBuffer.allocate(length), view.sizeBytes() - length);
        }
    }

    private void feed(Path file, UnaryOperator<byte[]> seal) throws Exception {
        new HostileInput(
                        List.of(sound.get(file)),
                        64 << 20, // what any store takes that is opened
                        IOException.class,
                        RefusalException.class)
                .sealedBy(seal)
                .costly(50)
                .feed(input -> open(file, input));
    }

    private void open(Path file, byte[] input) throws Exception {
        var contents = new TreeMap<>(sound);
        contents.put(file, input);
        var files = FaultyFilesystem.of(contents, 1);
        try (var store =
                VolumeStores.open(
                        test.settings, files.mount(), TestStore.DIRECTORY, test.time, b -> {})) {
            for (var volume : store.volumes()) {
                for (var point : store.points("s-1", Instant.MIN, Instant.MAX, 100)) {
                    try (var view = store.view(volume.id(), point.sequence())) {
                        read(view);
                    } catch (IOException | RefusalException _) {
                        // named
                    }
                }
            }
        }
    }
}
