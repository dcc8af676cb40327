package holdfast.demo.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Processes;
import holdfast.images.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// That a disk boots is shown where QEMU is driven, in the module `recovery`.
class BootableDiskTest {
    private static final Programs PROGRAMS = new Programs(Processes.system());
    private static final List<String> SAID_BY_LATER_BUILDS = new ArrayList<>();

    @TempDir private static Path directory;

    /// Each disk twice, the second one elsewhere.
    @BeforeAll
    static void build() throws Exception {
        var cache = BootableDisk.defaultCache(System.getenv());
        var disks = new BootableDisk(Processes.system(), cache);
        for (var firmware : Firmware.values()) {
            var complaint = BootableDisk.prerequisites(firmware).complaint();
            assumeTrue(complaint.isEmpty(), complaint::orElseThrow);
            disks.build(DiskPlan.of(firmware), image(firmware), _ -> {});
            disks.build(DiskPlan.of(firmware), again(firmware), SAID_BY_LATER_BUILDS::add);
        }
    }

    @ParameterizedTest
    @EnumSource(Firmware.class)
    void equalPlansMakeEqualDisks(Firmware firmware) throws Exception {
        assertThat(Files.size(image(firmware))).isEqualTo(DiskPlan.SIZE_BYTES_DEFAULT);
        assertThat(Files.mismatch(image(firmware), again(firmware))).isEqualTo(-1);
    }

    @ParameterizedTest
    @EnumSource(Firmware.class)
    void theRootFileSystemIsCleanJournaledAndOwnedByRoot(Firmware firmware) throws Exception {
        var filesystem = image(firmware) + "?offset=" + DiskPlan.ROOT_OFFSET_BYTES;

        // Status 0: checked in full, nothing to mend.
        PROGRAMS.run(directory, "e2fsck", "-f", "-n", filesystem);
        assertThat(PROGRAMS.run(directory, "debugfs", "-R", "show_super_stats -h", filesystem))
                .contains("has_journal")
                .contains("Filesystem UUID:          " + DiskPlan.ROOT_UUID);
        assertThat(PROGRAMS.run(directory, "debugfs", "-R", "stat /etc/shadow", filesystem))
                .contains("Mode:  0600")
                .contains("User:     0   Group:     0");
        assertThat(PROGRAMS.run(directory, "debugfs", "-R", "ls -p /data", filesystem).lines())
                .as("entries of /data, which is the user's: itself and its parent")
                .filteredOn(line -> line.startsWith("/"))
                .hasSize(2);
    }

    /// As another program reads it.
    @ParameterizedTest
    @EnumSource(Firmware.class)
    void thePartitionTableIsWhole(Firmware firmware) throws Exception {
        assumeTrue(Programs.locate("sfdisk").isPresent(), "missing: fdisk");
        var image = image(firmware).toString();

        assertThat(PROGRAMS.run(directory, "sfdisk", "--verify", image)).doesNotContain("mismatch");
        var table = PROGRAMS.run(directory, "sfdisk", "--dump", image);
        switch (firmware) {
            case BIOS ->
                    assertThat(table)
                            .contains("start=        2048, size=     2095104, type=83, bootable");
            case UEFI ->
                    assertThat(table)
                            .contains(
                                    "start=        2048, size=     2084864, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4")
                            .contains(
                                    "start=     2086912, size=        8192, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
        }
    }

    @ParameterizedTest
    @EnumSource(Firmware.class)
    void emptySpaceCostsNoRoom(Firmware firmware) throws Exception {
        var used = PROGRAMS.run(directory, "du", "-k", image(firmware).toString());

        assertThat(Long.parseLong(used.split("\\s", 2)[0])).isLessThan(100 << 10);
    }

    @Test
    void aLaterBuildDownloadsNothingAndLeavesNothingBehind() throws Exception {
        assertThat(SAID_BY_LATER_BUILDS).containsOnly("writing the disk");
        try (var left = Files.list(directory)) {
            assertThat(left).containsOnly(image(Firmware.BIOS), image(Firmware.UEFI), again());
        }
    }

    private static Path image(Firmware firmware) {
        return directory.resolve(firmware + ".img");
    }

    private static Path again(Firmware firmware) {
        return again().resolve(firmware + ".img");
    }

    private static Path again() {
        return directory.resolve("again");
    }
}
