package holdfast.base.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxFileTest {
    @TempDir Path directory;

    @Test
    void aRefusalNamesCallFileAndReason() {
        var missing = directory.resolve("missing");
        assertThatThrownBy(() -> LinuxFile.open(missing, LinuxFile.Mode.READ))
                .hasMessage("open of " + missing + ": no such file or directory")
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.is(Errno.ENOENT)).isTrue());
    }

    @Test
    void readsUntilTheBufferIsFullOrTheFileEnds() throws IOException {
        var content = new byte[10_000];
        content[9_999] = 7;
        var file = Files.write(directory.resolve("file"), content);
        try (var arena = Arena.ofConfined();
                var open = LinuxFile.open(file, LinuxFile.Mode.READ)) {
            var buffer = arena.allocate(4096);
            assertThat(open.read(buffer, 0)).isEqualTo(4096);
            assertThat(open.read(buffer, 8192)).isEqualTo(10_000 - 8192);
            assertThat(buffer.get(ValueLayout.JAVA_BYTE, 9_999 - 8192)).isEqualTo((byte) 7);
            assertThat(open.read(buffer, 20_000)).isZero();
        }
    }

    @Test
    void directReadsSeeWhatIsOnTheDisk() throws IOException {
        var content = new byte[8192];
        content[4096] = 5;
        var file = Files.write(directory.resolve("file"), content);
        try (var arena = Arena.ofConfined();
                var open = LinuxFile.open(file, LinuxFile.Mode.READ_DIRECT)) {
            var buffer = arena.allocate(4096, 4096);
            assertThat(open.read(buffer, 4096)).isEqualTo(4096);
            assertThat(buffer.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 5);
        }
    }

    @Test
    void aLockExcludesUntilItIsClosed() throws IOException {
        try (var other = LinuxFile.open(directory, LinuxFile.Mode.DIRECTORY)) {
            try (var owner = LinuxFile.open(directory, LinuxFile.Mode.DIRECTORY)) {
                assertThat(owner.tryLock()).isTrue();
                assertThat(other.tryLock()).isFalse();
            }
            assertThat(other.tryLock()).isTrue();
        }
    }

    @Test
    void sparseMemoryIsZeroAndUnmappedWithItsArena() throws IOException {
        var size = 1L << 36; // more than the machine has
        var arena = Arena.ofShared();
        var memory = LinuxMemory.sparse(size, arena);
        memory.set(ValueLayout.JAVA_LONG, size - Long.BYTES, 1);
        assertThat(memory.get(ValueLayout.JAVA_LONG, size / 2)).isZero();
        arena.close();
        assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_LONG, 0))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aFileIsNoBlockDevice() throws IOException {
        var file = Files.write(directory.resolve("file"), new byte[1]);
        try (var open = LinuxFile.open(file, LinuxFile.Mode.READ)) {
            assertThatThrownBy(open::deviceBytes)
                    .hasMessage("size of " + file + ": inappropriate ioctl for device");
        }
    }
}
