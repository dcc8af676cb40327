package holdfast.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalFilesystemTest {
    @TempDir Path directory;

    @Test
    void onlyTheOwnerMayReadOrWriteNewFiles() throws IOException {
        var file = directory.resolve("key");
        Filesystem.local().openForWriting(file).close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }
}
