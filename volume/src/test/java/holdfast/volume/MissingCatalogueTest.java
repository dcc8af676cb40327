package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class MissingCatalogueTest {
    private final TestStore test = new TestStore(1);

    /// Nothing is made anew over a staging area that lost its catalogue, and no key is destroyed:
    /// with a copy of the catalogue everything is there again.
    @Test
    void aStagingAreaWithoutItsCatalogueIsNotTakenForANewOne() throws Exception {
        VolumeId volume;
        try (var store = test.open()) {
            volume = store.create("s-1", "/dev/sda", 1 << 20).id();
            store.append(volume, List.of(test.extent(volume, 0, 4, 7))).get();
        }
        Map<String, byte[]> lost = new TreeMap<>();
        var files = test.files.mount();
        for (var copy : Catalogue.copies()) {
            var path = TestStore.DIRECTORY.resolve(copy);
            var bytes = ByteBuffer.allocate((int) files.sizeBytes(path));
            try (var handle = files.openForReading(path)) {
                handle.read(bytes, 0);
            }
            lost.put(copy, bytes.array());
            files.delete(path);
        }
        assertThatThrownBy(test::open)
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("no catalogue");

        for (var copy : lost.entrySet()) {
            try (var handle = files.openForWriting(TestStore.DIRECTORY.resolve(copy.getKey()))) {
                handle.write(ByteBuffer.wrap(copy.getValue()), 0);
                handle.sync();
            }
        }
        try (var store = test.open();
                var view = store.head(volume)) {
            assertThat(TestStore.versions(view, volume)).startsWith(7, 7, 7, 7, 0);
        }
    }
}
