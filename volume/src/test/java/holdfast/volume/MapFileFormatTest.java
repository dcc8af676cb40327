package holdfast.volume;

import static holdfast.volume.DocumentedExample.flipped;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

    private static byte[] example() throws IOException {
        return DocumentedExample.read("map.md", "Frame");
    }
}
