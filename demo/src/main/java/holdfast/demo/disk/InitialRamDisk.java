package holdfast.demo.disk;

import holdfast.images.CpioArchive;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.SequencedMap;
import java.util.zip.GZIPOutputStream;

/// The first root file system: busybox, the drivers of virtual disks, and a script that finds the
/// real root.
final class InitialRamDisk {
    /// Drivers that a machine on QEMU, or on another hypervisor with virtio, needs to see its disks
    /// and its host; and the file system.
    static final List<String> MODULES =
            List.of(
                    "virtio_pci",
                    "virtio_blk",
                    "virtio_scsi",
                    "sd_mod",
                    "virtio_console",
                    "virtio_rng",
                    "virtio_net",
                    "ext4");

    private static final List<String> DIRECTORIES =
            List.of("bin", "dev", "modules", "proc", "root", "sys");
    private static final List<String> PROGRAMS =
            List.of(
                    "cat",
                    "cttyhack",
                    "echo",
                    "findfs",
                    "insmod",
                    "ls",
                    "mount",
                    "setsid",
                    "sh",
                    "sleep",
                    "switch_root");

    private InitialRamDisk() {}

    /// @param modules name to content, in the order to load them
    static byte[] pack(byte[] busybox, SequencedMap<String, byte[]> modules) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(packed)) {
            var archive = new CpioArchive(gzip);
            for (var directory : DIRECTORIES) {
                archive.directory(directory);
            }
            archive.file("bin/busybox", busybox);
            for (var program : PROGRAMS) {
                archive.link("bin/" + program, "busybox");
            }
            for (var module : modules.entrySet()) {
                archive.file("modules/" + module.getKey() + ".ko", module.getValue());
            }
            archive.file("modules/order", Template.lines(modules.keySet()));
            archive.file("init", Template.read("initrd-init"));
            archive.finish();
        }
        return packed.toByteArray();
    }
}
