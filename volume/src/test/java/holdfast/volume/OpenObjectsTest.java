package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// However many objects there are, and whoever reads, deletes and is interrupted: few are open,
/// none that is gone, and everybody reads what is stored. On real files, and this process's
/// descriptors.
class OpenObjectsTest {
    private static final int OBJECTS = 1_000;
    private static final int READERS = 6;
    private static final int TURNS = 3_000;

    @TempDir Path directory;
    private LocalStorage storage;
    private OpenObjects objects;

    @BeforeEach
    void store() throws IOException {
        directory = directory.toRealPath();
        storage = new LocalStorage(Filesystem.local(), directory, List.of(Segment.FOLDER));
        objects = new OpenObjects(storage);
        for (var i = 0; i < OBJECTS; i++) {
            try (var object = storage.create(name(i))) {
                object.write(ByteBuffer.allocate(Integer.BYTES).putInt(0, i), 0);
            }
        }
    }

    @AfterEach
    void close() throws IOException {
        objects.close();
        storage.close();
        assertThat(descriptors()).isEmpty();
    }

    private static String name(int object) {
        return Segment.FOLDER + "/" + object;
    }

    private int read(int object) throws IOException {
        try (var lease = objects.use(name(object))) {
            return read(lease);
        }
    }

    private static int read(OpenObjects.Lease lease) throws IOException {
        var bytes = ByteBuffer.allocate(Integer.BYTES);
        assertThat(lease.read(bytes, 0)).isEqualTo(Integer.BYTES);
        return bytes.getInt(0);
    }

    /// Of objects, as the kernel names them: those of deleted ones end so.
    private List<String> descriptors() throws IOException {
        var found = new ArrayList<String>();
        try (var all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (var descriptor : all) {
                try {
                    var target = Files.readSymbolicLink(descriptor).toString();
                    if (target.startsWith(directory + "/" + Segment.FOLDER + "/")) {
                        found.add(target);
                    }
                } catch (NoSuchFileException _) {
                    // closed meanwhile
                }
            }
        }
        return found;
    }

    @Test
    void fewAreOpenWhoeverReadsAndDeletes() throws Exception {
        var gone = new AtomicIntegerArray(OBJECTS);
        try (var threads = Executors.newFixedThreadPool(READERS)) {
            var running = new ArrayList<Callable<Void>>();
            for (var reader = 0; reader < READERS; reader++) {
                var random = new SplittableRandom(reader);
                running.add(() -> {
                    for (var turn = 0; turn < TURNS; turn++) {
                        readOrDelete(random, gone);
                        if (turn % 500 == 0) {
                            assertThat(descriptors().size())
                                    .isLessThanOrEqualTo(OpenObjects.OPEN_MAX + READERS);
                        }
                    }
                    return null;
                });
            }
            for (var done : threads.invokeAll(running)) {
                done.get();
            }
        }
        assertThat(descriptors()).hasSizeLessThanOrEqualTo(OpenObjects.OPEN_MAX);
        assertThat(descriptors()).noneMatch(name -> name.endsWith("(deleted)"));
        // nobody who came too late made one again
        assertThat(storage.list(Segment.FOLDER)).allMatch(entry -> entry.sizeBytes() > 0);
        for (var i = 0; i < OBJECTS; i++) {
            assertThat(Files.exists(directory.resolve(name(i)))).isEqualTo(gone.get(i) == 0);
        }
    }

    private void readOrDelete(SplittableRandom random, AtomicIntegerArray gone) throws IOException {
        var object = random.nextInt(OBJECTS);
        if (random.nextInt(10) > 0) {
            try {
                assertThat(read(object)).isEqualTo(object);
            } catch (NoSuchFileException _) {
                assertThat(gone.get(object)).isEqualTo(1);
            }
        } else {
            gone.set(object, 1);
            storage.delete(name(object));
            objects.forget(name(object));
        }
    }

    @Test
    void twoDeleteAnObjectAtOnce() throws IOException {
        var files =
                HookedFilesystem.of(
                        Filesystem.local(),
                        (method, path) -> {
                            if (method.equals("delete")) {
                                Files.delete(path); // the other is earlier by a moment
                            }
                        });
        var other = directory.resolve("other");
        try (var shared = new LocalStorage(files, other, List.of(Segment.FOLDER))) {
            shared.create(name(7)).close();
            shared.create(name(8)).close();
            shared.delete(name(7));
            shared.destroy(name(8));
            assertThat(shared.list(Segment.FOLDER)).isEmpty();
        }
    }

    /// The JDK closes a file under a thread that is interrupted while it reads, for all others,
    /// too.
    @Test
    void aReaderThatIsInterruptedIsNoHarmToOthers() throws Exception {
        try (var lease = objects.use(name(7))) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> read(7)).isInstanceOf(ClosedByInterruptException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(read(lease)).isEqualTo(7);
            assertThat(lease.sizeBytes()).isEqualTo(Integer.BYTES);
        }
        assertThat(read(7)).isEqualTo(7);
        assertThat(descriptors()).hasSize(1);
    }
}
