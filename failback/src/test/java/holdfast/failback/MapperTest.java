package holdfast.failback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.agent.DiskPlacement;
import holdfast.base.RefusalException;
import holdfast.tracking.Disks;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Which local disk is written, and what is refused before any is. Image files stand for disks, in
/// a folder that stands for `/dev`.
class MapperTest {
    private static final long MIB = 1L << 20;

    @TempDir Path dev;

    @BeforeEach
    void disks() throws IOException {
        disk("sda", 8 * MIB);
        disk("sdb", 4 * MIB);
        disk("small", MIB);
        link("disk/by-path/pci-0000:00:10.0-scsi-0:0:0:0", "sda");
        link("disk/by-path/pci-0000:00:10.0-scsi-0:0:1:0", "sdb");
        link("disk/by-id/ata-SERIAL_A", "sda");
        link("disk/by-id/ata-SERIAL_B", "sdb");
        link("disk/by-uuid/0000-000A", "sda");
        link("disk/by-uuid/0000-000B", "sdb");
        link("disk/by-id/both", "sda");
        link("disk/by-uuid/both", "sdb");
    }

    @ParameterizedTest
    @EnumSource
    void everyFormOfMappingWorksWithEveryFormOfValue(ValueFormat format) throws IOException {
        var a =
                switch (format) {
                    case DEV_NAME -> dev.resolve("sda").toString();
                    case BY_PATH -> "pci-0000:00:10.0-scsi-0:0:0:0";
                    case BY_ID -> "ata-SERIAL_A";
                    case BY_UUID -> "0000-000A";
                    case ALL_STRICT -> "ata-SERIAL_A";
                };
        var b =
                switch (format) {
                    case DEV_NAME -> "sdb";
                    case BY_PATH -> "pci-0000:00:10.0-scsi-0:0:1:0";
                    case BY_ID -> "ata-SERIAL_B";
                    case BY_UUID -> "0000-000B";
                    case ALL_STRICT -> "pci-0000:00:10.0-scsi-0:0:1:0";
                };
        for (var text :
                List.of(
                        "/dev/xvda=" + a + ",/dev/xvdb=" + b,
                        "/dev/xvda:" + a + ",/dev/xvdb:" + b,
                        "{\"/dev/xvda\":\"" + a + "\",\"/dev/xvdb\":\"" + b + "\"}",
                        "[{\"recoveryInstanceDeviceName\":\"/dev/xvda\",\"failbackClientDeviceName\":\""
                                + a
                                + "\"},{\"recoveryInstanceDeviceName\":\"/dev/xvdb\",\"failbackClientDeviceName\":\""
                                + b
                                + "\"}]")) {
            assertThat(mapper(format).map(instance(), Optional.of(text)))
                    .extracting(disk -> disk.local().path().getFileName().toString())
                    .containsExactly("sda", "sdb");
        }
        var without =
                mapper(format).map(instance(), Optional.of("/dev/xvda=EXCLUDE,/dev/xvdb=" + b));
        assertThat(without).extracting(disk -> disk.recovery().name()).containsExactly("/dev/xvdb");
    }

    @ParameterizedTest
    @EnumSource
    void everyFaultNamesTheDeviceAndTheRemedy(ValueFormat format) {
        var missing = "no-such-disk";
        assertRefused(
                format,
                "/dev/xvda=" + missing + ",/dev/xvdb=EXCLUDE",
                missing + " names no local device as " + format.text());
        assertRefused(
                format,
                "/dev/xvda=EXCLUDE",
                "/dev/xvdb has no local device: add /dev/xvdb=<device>");
        assertRefused(
                format,
                "/dev/xvda=EXCLUDE,/dev/xvdb=EXCLUDE,/dev/other=EXCLUDE",
                "/dev/other is no disk of instance i-1");
        assertRefused(
                format,
                "/dev/xvda=EXCLUDE,/dev/xvdb=EXCLUDE",
                "every disk is excluded: name a local");
    }

    @Test
    void tooSmallTwiceAndAmbiguousAreRefused() {
        assertRefused(
                ValueFormat.DEV_NAME,
                "/dev/xvda=small,/dev/xvdb=EXCLUDE",
                "small has 1048576 bytes and is too small for /dev/xvda, which has 8388608");
        assertRefused(
                ValueFormat.DEV_NAME,
                "/dev/xvda=sda,/dev/xvdb=sda",
                "sda is named for both /dev/xvda and /dev/xvdb");
        assertRefused(
                ValueFormat.ALL_STRICT,
                "/dev/xvda=both,/dev/xvdb=EXCLUDE",
                "both names several devices");
    }

    @Test
    void theClientsOwnDiskIsRefused() throws IOException {
        var own = dev.resolve("sda");
        var disks =
                new LocalDisks(Disks.local(), DiskPlacement.local(), dev, mounts(), List.of(own));
        var mapper = new Mapper(disks, ValueFormat.DEV_NAME, new Answering(), false);
        assertThatThrownBy(() ->
                        mapper.map(instance(), Optional.of("/dev/xvda=sda,/dev/xvdb=EXCLUDE")))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("sda is the disk that this client runs from")
                .hasMessageContaining("boot the machine from something else");
    }

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
    void whatCannotBeFoundOutIsAskedOneByOneOrAllAtOnce() throws IOException {
        var one = new Answering("sda", "EXCLUDE");
        var asking = new Mapper(local(), ValueFormat.DEV_NAME, one, true);
        assertThat(asking.map(instance(), Optional.empty()))
                .extracting(disk -> disk.local().path().getFileName().toString())
                .containsExactly("sda");
        var all = new Answering("ALL=\"/dev/xvda=sda,/dev/xvdb=sdb\"");
        var whole = new Mapper(local(), ValueFormat.DEV_NAME, all, true);
        assertThat(whole.map(instance(), Optional.empty())).hasSize(2);
        var silent = new Mapper(local(), ValueFormat.DEV_NAME, new Answering(), false);
        assertThatThrownBy(() -> silent.map(instance(), Optional.empty()))
                .hasMessageContaining("use --device-mapping");
    }

    private void assertRefused(ValueFormat format, String mapping, String why) {
        assertThatThrownBy(() -> mapper(format).map(instance(), Optional.of(mapping)))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining(why);
    }

    private Mapper mapper(ValueFormat format) throws IOException {
        return new Mapper(local(), format, new Answering(), false);
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

    private void disk(String name, long bytes) throws IOException {
        try (var file = new RandomAccessFile(dev.resolve(name).toFile(), "rw")) {
            file.setLength(bytes);
        }
    }

    private void link(String name, String disk) throws IOException {
        var path = dev.resolve(name);
        Files.createDirectories(path.getParent());
        Files.createSymbolicLink(path, dev.resolve(disk));
    }

    /// An operator who knows the answers.
    private static final class Answering implements Operator {
        private final ArrayDeque<String> answers;
        private final List<String> told = new ArrayList<>();

        Answering(String... answers) {
            this.answers = new ArrayDeque<>(List.of(answers));
        }

        @Override
        public String ask(String question, boolean secret) {
            return answers.remove();
        }

        @Override
        public void tell(String line) {
            told.add(line);
        }

        @Override
        public void progress(Progress progress) {}
    }
}
