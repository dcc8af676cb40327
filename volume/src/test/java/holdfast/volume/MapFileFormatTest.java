package holdfast.volume;

import static holdfast.volume.DocumentedExample.flipped;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The map file of docs/formats/map.md, whose bytes were worked out without this code.
class MapFileFormatTest {
    private static final String NAME = "maps/00000003.map";
    private static final long REFERENCE = 0x30000000006L;

    private final FaultyFilesystem disk = new FaultyFilesystem(1);
    private final LocalStorage storage;

    MapFileFormatTest() throws IOException {
        storage = new LocalStorage(disk.mount(), Path.of("/staging"), List.of(MapFiles.FOLDER));
    }

    @Test
    void aMapIsStoredAsTheDocumentSays() throws Exception {
        try (var objects = new OpenObjects(storage);
                var files = new MapFiles(storage, objects, 3, () -> 7);
                var maps = new VolumeMaps(files, 1 << 20);
                var map = maps.empty()) {
            map.put(16, 1, BlockLocation.of(7, 136, 0));
            assertThat(map.persist()).isEqualTo(REFERENCE);
            files.sync();
        }
        assertThat(storage.get(NAME)).isEqualTo(ByteBuffer.wrap(example()));
    }

    @Test
    void theMapOfTheDocumentIsRead() throws Exception {
        storage.put(NAME, ByteBuffer.wrap(example()));
        try (var objects = new OpenObjects(storage);
                var files = new MapFiles(storage, objects, 4, () -> 7);
                var maps = new VolumeMaps(files, 1 << 20);
                var map = maps.load(REFERENCE, 1)) {
            map.lookup(
                    0,
                    1 << 20,
                    (first, count, location) -> {
                        assertThat(first).isEqualTo(16);
                        assertThat(count).isEqualTo(1);
                        assertThat(location).isEqualTo(BlockLocation.of(7, 136, 0));
                        return true;
                    });
        }
    }

    @Test
    void everyFlippedBitIsNoticed() throws Exception {
        for (var bit = 0; bit < example().length * Byte.SIZE; bit++) {
            storage.put(NAME, ByteBuffer.wrap(flipped(example(), bit)));
            try (var objects = new OpenObjects(storage);
                    var files = new MapFiles(storage, objects, 4, () -> 7)) {
                assertThatThrownBy(() -> files.read(REFERENCE))
                        .as("bit %d", bit)
                        .isInstanceOf(DamagedDataException.class)
                        .hasMessageContaining(NAME);
            }
        }
    }

    /// As a disk gives it that reads in another place than it was told to.
    @Test
    void aSoundFrameFromElsewhereIsNoticed() throws Exception {
        try (var objects = new OpenObjects(storage);
                var files = new MapFiles(storage, objects, 3, () -> 7)) {
            var first = files.append(page(1));
            var second = files.append(page(2));
            files.sync();
            assertThat(files.read(second)).isEqualTo(page(2));
            var bytes = storage.get(NAME).array();
            var frameBytes = MapFiles.frameBytesOf(first);
            System.arraycopy(bytes, 0, bytes, frameBytes, frameBytes);
            storage.put(NAME, ByteBuffer.wrap(bytes));
            objects.forget(NAME);
            assertThat(files.read(first)).isEqualTo(page(1));
            assertThatThrownBy(() -> files.read(second))
                    .isInstanceOf(DamagedDataException.class)
                    .hasMessageContaining(NAME + " at " + frameBytes);
        }
    }

    @Test
    void aFrameOfABuildBeforeItsPlaceWasInTheChecksumIsRead() throws Exception {
        var frame = ByteBuffer.allocate(48);
        frame.putInt(40).putInt(Checksums.crc32c(page(1))).put(page(1));
        storage.put(NAME, frame.flip());
        try (var objects = new OpenObjects(storage);
                var files = new MapFiles(storage, objects, 4, () -> 7)) {
            assertThat(files.read(REFERENCE)).isEqualTo(page(1));
        }
    }

    private static ByteBuffer page(int content) {
        return ByteBuffer.allocate(40).putInt(0, content);
    }

    private static byte[] example() throws IOException {
        return DocumentedExample.read("map.md", "Frame");
    }
}
