package holdfast.failback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.agent.DiskPlacement;
import holdfast.tracking.Disks;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which local disk is written, where nobody says so.
class MapperTest {
    private static final long MIB = 1L << 20;

    @TempDir Path dev;

    @Test
    void sizesRoundedUpToGibibytesFit() {
        var gib = 1L << 30;
        assertThat(LocalDisk.fits(gib, gib)).isTrue();
        assertThat(LocalDisk.fits(2 * gib, gib)).isTrue();
        assertThat(LocalDisk.fits(9 * gib + 768 * MIB, 10 * gib)).isTrue(); // 9.75 GiB
        assertThat(LocalDisk.fits(9 * gib + 768 * MIB, 11 * gib)).isFalse();
        assertThat(LocalDisk.fits(9 * gib, 10 * gib)).isFalse();
        assertThat(LocalDisk.fits(9 * gib + 512, 9 * gib + 1024)).isFalse();
    }

    @Test
    void serialNumbersNamesAndSizesMapByThemselvesOnlyWithoutDoubt() {
        var wanted =
                List.of(
                        new Instance.Disk("/dev/a", 8 * MIB, "", "S1"),
                        new Instance.Disk("/dev/b", 4 * MIB, "", ""),
                        new Instance.Disk("/dev/c", 2 * MIB, "", ""),
                        new Instance.Disk("/dev/d", 2 * MIB, "", ""));
        var there =
                List.of(
                        local("/dev/x", 8 * MIB, "S1"),
                        local("/dev/y", 4 * MIB, ""),
                        local("/dev/c", 2 * MIB, ""),
                        local("/dev/z", 2 * MIB, ""));
        var found = Mapper.automatic(wanted, there);
        assertThat(found)
                .containsEntry("/dev/a", Optional.of("/dev/x"))
                .containsEntry("/dev/b", Optional.of("/dev/y"))
                .containsEntry("/dev/c", Optional.of("/dev/c"))
                .doesNotContainKey("/dev/d");
    }

    @Test
    void whatCannotBeFoundOutIsNotGuessedWhereNobodyMayBeAsked() throws IOException {
        var silent = new Mapper(local(), ValueFormat.DEV_NAME, new Answering(), false);
        assertThatThrownBy(() -> silent.map(instance(), Optional.empty()))
                .hasMessageContaining("/dev/xvda, /dev/xvdb of instance i-1 cannot be mapped")
                .hasMessageContaining("use --device-mapping");
    }

    private LocalDisks local() throws IOException {
        return new LocalDisks(Disks.local(), DiskPlacement.local(), dev, mounts(), List.of());
    }

    private Path mounts() throws IOException {
        return Files.writeString(dev.resolve("mountinfo"), "");
    }

    private static Instance instance() {
        return new Instance(
                "i-1",
                "web1",
                false,
                "RUNNING",
                "NOT_STARTED",
                OptionalLong.empty(),
                Optional.empty(),
                List.of(
                        new Instance.Disk("/dev/xvda", 8 * MIB, "", ""),
                        new Instance.Disk("/dev/xvdb", 4 * MIB, "", "")),
                List.of());
    }

    private static LocalDisk local(String path, long bytes, String serial) {
        return new LocalDisk(new TrackedDisk(Path.of(path), true, 8, 0, bytes), "", serial);
    }
}
