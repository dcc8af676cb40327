package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MapFilesTest {
    private static final int PAGE_BYTES = 8192;
    private static final int PAGES_A_FILE = (64 << 20) / (PAGE_BYTES + 8);

    /// Files that are full are closed by the sync that follows, whether it comes when the file is
    /// just full or when the next one has begun: a file that stays open keeps its space.
    @ParameterizedTest
    @ValueSource(ints = {PAGES_A_FILE, PAGES_A_FILE + 1})
    void fullFilesAreClosed(int pagesBeforeSync) throws Exception {
        var storage = new Discarding();
        var page = ByteBuffer.allocate(PAGE_BYTES);
        try (var files = new MapFiles(storage, new OpenObjects(storage), 1, () -> 1)) {
            for (var i = 0; i < pagesBeforeSync; i++) {
                files.append(page);
            }
            files.sync();
            files.append(page);
            files.sync();
            assertThat(storage.open).containsExactly("maps/00000002.map");
        }
        assertThat(storage.open).isEmpty();
    }

    /// Knows what is open and keeps nothing.
    private static final class Discarding implements StagingStorage {
        private final Set<String> open = new HashSet<>();

        @Override
        public StoredObject create(String name) {
            open.add(name);
            return new StoredObject() {
                @Override
                public int read(ByteBuffer target, long offsetBytes) {
                    return 0;
                }

                @Override
                public void write(ByteBuffer source, long offsetBytes) {
                    source.position(source.limit());
                }

                @Override
                public void sync() throws IOException {
                    if (!open.contains(name)) {
                        throw new IOException(name + " is closed");
                    }
                }

                @Override
                public long sizeBytes() {
                    return 0;
                }

                @Override
                public void truncate(long sizeBytes) {}

                @Override
                public void close() {
                    open.remove(name);
                }
            };
        }

        @Override
        public StoredObject open(String name) {
            throw new UnsupportedOperationException(name);
        }

        @Override
        public StoredObject openToRepair(String name) {
            throw new UnsupportedOperationException(name);
        }

        @Override
        public void put(String name, ByteBuffer bytes) {}

        @Override
        public ByteBuffer get(String name) {
            throw new UnsupportedOperationException(name);
        }

        @Override
        public List<Entry> list(String folder) {
            return List.of();
        }

        @Override
        public void delete(String name) {}

        @Override
        public void destroy(String name) {}

        @Override
        public long usableBytes() {
            return Long.MAX_VALUE;
        }

        @Override
        public void close() {}
    }
}
