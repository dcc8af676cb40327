package holdfast.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.tracking.device.LoopDevice;
import holdfast.tracking.device.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DisksTest {
    @TempDir Path directory;

    @Test
    void aDiskIsFoundThroughLinks() throws IOException {
        try (var loop = LoopDevice.attach(16 << 20)) {
            var link = Files.createSymbolicLink(directory.resolve("by-id"), loop.path());
            var disk = Disks.local().resolve(link);
            assertThat(disk).isEqualTo(loop.disk());
            assertThat(disk.path()).isEqualTo(loop.path());
            assertThat(disk.blockDevice()).isTrue();
            assertThat(disk.sizeBytes()).isEqualTo(16 << 20);
        }
    }

    @Test
    void aLoopDeviceIsListedWithItsFile() throws IOException {
        try (var loop = LoopDevice.attach(16 << 20)) {
            assertThat(Disks.local().list())
                    .contains(new DiskDescription(loop.disk(), loop.file().toString(), ""));
        }
    }

    @Test
    void anImageFileIsADisk() throws IOException {
        var image = Files.write(directory.resolve("disk.img"), new byte[5000]);
        assertThat(Disks.local().resolve(image))
                .isEqualTo(new TrackedDisk(image.toRealPath(), false, 0, 0, 5000));
    }

    @Test
    void whatIsNoDiskIsRefusedWithAReason() throws IOException {
        var missing = directory.resolve("missing");
        assertThatThrownBy(() -> Disks.local().resolve(missing))
                .hasMessage("there is no disk " + missing);
        assertThatThrownBy(() -> Disks.local().resolve(directory))
                .hasMessage(directory + " is neither a block device nor an image file");
        var empty = Files.createFile(directory.resolve("empty.img"));
        assertThatThrownBy(() -> Disks.local().resolve(empty)).hasMessageContaining("is empty");
    }

    @Test
    void aPartitionIsRefusedNamingTheWholeDisk() throws IOException {
        try (var loop = LoopDevice.attach(16 << 20)) {
            // this machine as if the loop device were the first partition of sda
            var partition = Files.createDirectories(directory.resolve("block/sda/sda1"));
            Files.writeString(partition.resolve("partition"), "1\n");
            var number = loop.disk().major() + ":" + loop.disk().minor();
            Files.createDirectories(directory.resolve("dev/block"));
            Files.createSymbolicLink(directory.resolve("dev/block/" + number), partition);
            var local = Machine.local();
            var disks = Disks.of(new Machine(directory, local.proc(), local.bpf()));
            assertThatThrownBy(() -> disks.resolve(loop.path()))
                    .hasMessage("%s is a partition; name the whole disk, /dev/sda", loop.path());
        }
    }

    @Test
    void onlyDisksOfTheirOwnAreListed() throws IOException {
        device("sda", "8:0", 2048);
        attribute("sda", "device/model", "ST4000\n");
        Files.write(
                directory.resolve("block/sda/device/vpd_pg80"),
                "\0\200\0\10  Z4D0XY".getBytes(StandardCharsets.ISO_8859_1));
        Files.createDirectories(directory.resolve("block/sda/sda1"));
        device("nvme0n1", "259:0", 4096);
        attribute("nvme0n1", "device/serial", "S4EW\n");
        device("nvme0c0n1", "259:9", 4096);
        attribute("nvme0c0n1", "hidden", "1\n");
        device("loop0", "7:0", 0);
        device("zram0", "253:0", 2048);
        device("sr0", "11:0", 2048);
        device("dm-0", "252:0", 2048);
        Files.createDirectories(directory.resolve("block/dm-0/dm"));
        device("cciss!c0d0", "104:0", 2048);
        var local = Machine.local();
        var disks = Disks.of(new Machine(directory, local.proc(), local.bpf()));
        assertThat(disks.list())
                .isEqualTo(
                        List.of(
                                described("/dev/cciss/c0d0", 104, 2048, "", ""),
                                described("/dev/nvme0n1", 259, 4096, "", "S4EW"),
                                described("/dev/sda", 8, 2048, "ST4000", "Z4D0XY")));
    }

    private static DiskDescription described(
            String path, int major, long sectors, String model, String serial) {
        var disk = new TrackedDisk(Path.of(path), true, major, 0, sectors * 512);
        return new DiskDescription(disk, model, serial);
    }

    private void device(String name, String number, long sectors) throws IOException {
        Files.createDirectories(directory.resolve("block").resolve(name));
        attribute(name, "dev", number + "\n");
        attribute(name, "size", sectors + "\n");
    }

    private void attribute(String device, String name, String value) throws IOException {
        var file = directory.resolve("block").resolve(device).resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, value);
    }
}
