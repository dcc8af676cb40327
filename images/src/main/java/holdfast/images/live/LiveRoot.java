package holdfast.images.live;

import holdfast.images.CpioArchive;
import holdfast.images.KernelModules;
import holdfast.images.MemoryRoot;
import holdfast.images.PackageTrees;
import holdfast.images.Programs;
import holdfast.images.portable.PortableTree;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The live system's only file system, as the archive that the kernel unpacks into memory: busybox,
/// udev with the drivers of usual disks and network cards, the client, and the scripts that start
/// it.
///
/// @param trees packages of the kernel, busybox and udev
/// @param kernelModules `lib/modules/<release>` of the kernel's package
/// @param client laid out by [PortableTree]
/// @param scratch a directory for files on the way; the caller deletes it
record LiveRoot(
        Programs programs, PackageTrees trees, Path kernelModules, Path client, Path scratch) {
    /// Where it is in the live system.
    private static final String CLIENT = "opt/holdfast";

    private static final List<String> DIRECTORIES =
            List.of(
                    "bin",
                    "dev",
                    "etc",
                    "etc/holdfast",
                    "lib",
                    "lib/holdfast",
                    "lib/modules",
                    "lib/systemd",
                    "lib/systemd/network",
                    "lib/udev",
                    "lib/udev/rules.d",
                    "lib/x86_64-linux-gnu",
                    "lib64",
                    "opt",
                    CLIENT,
                    "proc",
                    "root",
                    "run",
                    "sys",
                    "tmp",
                    "usr",
                    "var",
                    "var/lib",
                    "var/log");

    /// Drivers of disks and of what they hang on, of network cards, keyboards and hypervisors, by
    /// folder of the kernel's tree.
    private static final List<String> DRIVERS =
            List.of(
                    "drivers/ata",
                    "drivers/hv",
                    "drivers/message/fusion",
                    "drivers/net/ethernet",
                    "drivers/net/hyperv",
                    "drivers/net/vmxnet3",
                    "drivers/nvme/host",
                    "drivers/scsi",
                    "drivers/usb/host",
                    "drivers/usb/storage",
                    "drivers/virtio");

    /// Further ones, by name; the file systems are for whoever looks at a disk from the shell.
    private static final List<String> MORE =
            List.of(
                    "atkbd",
                    "btrfs",
                    "crc32c_generic", // others ask for it in ways that no table shows
                    "efivarfs",
                    "ext4",
                    "hid_generic",
                    "i8042",
                    "sd_mod",
                    "sr_mod",
                    "usbhid",
                    "vfat",
                    "virtio_blk",
                    "virtio_net",
                    "vmd",
                    "xen_blkfront",
                    "xen_netfront",
                    "xfs");

    /// Rules that name devices as an installed Debian does, with what they call.
    private static final List<String> RULES =
            List.of(
                    "50-firmware.rules",
                    "50-udev-default.rules",
                    "60-block.rules",
                    "60-cdrom_id.rules",
                    "60-persistent-storage.rules",
                    "73-special-net-names.rules",
                    "75-net-description.rules",
                    "80-drivers.rules",
                    "80-net-setup-link.rules");

    private static final List<String> CALLED_BY_RULES = List.of("ata_id", "cdrom_id", "scsi_id");
    private static final String LINK_NAMES = "systemd/network/99-default.link";

    /// Groups that udev's rules give devices to.
    private static final List<String> GROUPS =
            List.of(
                    "root", "tty", "disk", "lp", "kmem", "dialout", "cdrom", "floppy", "tape",
                    "audio", "video", "render", "input", "sgx", "kvm");

    /// @return the packed archive, in `scratch`
    Path pack(LivePlan plan) throws IOException, InterruptedException {
        var plain = scratch.resolve("initrd");
        try (var out = new BufferedOutputStream(Files.newOutputStream(plain), 1 << 20)) {
            var archive = new CpioArchive(out);
            for (var directory : DIRECTORIES) {
                archive.directory(directory);
            }
            var root = new MemoryRoot(programs, trees, archive, scratch);
            userLand(archive, root);
            hardware(archive);
            root.tree("lib/modules", drivers());
            root.tree(CLIENT, client);
            root.libraries(linked(), client.resolve(PortableTree.OWN_LIBRARIES));
            settings(archive, plan);
            archive.finish();
        }
        // fast to unpack; threads do not change the result
        programs.run(scratch, "zstd", "-q", "-T0", "-12", "--rm", plain.toString());
        return scratch.resolve("initrd.zst");
    }

    /// All programs in one folder, under all names that scripts know it by.
    private static void userLand(CpioArchive archive, MemoryRoot root)
            throws IOException, InterruptedException {
        for (var link : List.of("usr/bin", "usr/sbin")) {
            archive.link(link, "../bin");
        }
        archive.link("sbin", "bin");
        archive.link("usr/lib", "../lib");
        root.busybox();
    }

    private void hardware(CpioArchive archive) throws IOException {
        archive.file("bin/udevadm", Files.readAllBytes(udev("bin/udevadm")));
        archive.link("lib/systemd/systemd-udevd", "../../bin/udevadm");
        for (var name : CALLED_BY_RULES) {
            archive.file("lib/udev/" + name, Files.readAllBytes(udev("lib/udev/" + name)));
        }
        for (var name : RULES) {
            var rule = "lib/udev/rules.d/" + name;
            archive.file(rule, Files.readAllBytes(udev(rule)));
        }
        archive.file("lib/" + LINK_NAMES, Files.readAllBytes(udev("lib/" + LINK_NAMES)));
    }

    private Path udev(String name) throws IOException {
        return trees.find(name, "usr/" + name);
    }

    /// The drivers with the tables that udev finds them by, which Debian makes when a kernel is
    /// installed.
    private Path drivers() throws IOException, InterruptedException {
        var unpacked = Files.createDirectory(scratch.resolve("unpacked"));
        var modules = new KernelModules(programs, kernelModules, unpacked);
        var wanted = new ArrayList<>(modules.in(DRIVERS));
        wanted.addAll(MORE);
        var release = kernelModules.getFileName().toString();
        var root = scratch.resolve("drivers");
        var all = root.resolve("lib/modules");
        var folder = Files.createDirectories(all.resolve(release));
        for (var table : List.of("modules.builtin", "modules.builtin.modinfo", "modules.order")) {
            Files.copy(kernelModules.resolve(table), folder.resolve(table));
        }
        for (var module : modules.inLoadOrder(wanted).entrySet()) {
            Files.write(folder.resolve(module.getKey() + ".ko"), module.getValue());
        }
        programs.run(scratch, "depmod", "-b", root.toString(), release);
        return all;
    }

    /// Of udev and Java what links to libraries.
    private List<Path> linked() throws IOException {
        var linked = new ArrayList<>(PortableTree.linked(client));
        linked.add(udev("bin/udevadm"));
        for (var name : CALLED_BY_RULES) {
            linked.add(udev("lib/udev/" + name));
        }
        return linked;
    }

    private static void settings(CpioArchive archive, LivePlan plan) throws IOException {
        archive.file("init", Resource.bytes("init"));
        archive.file("bin/start.sh", Resource.bytes("start.sh"));
        archive.file("lib/holdfast/network", Resource.bytes("network"));
        archive.file("lib/holdfast/dhcp", Resource.bytes("dhcp"));
        archive.file("etc/passwd", bytes("root:x:0:0:root:/root:/bin/sh\n"));
        archive.file("etc/nsswitch.conf", bytes("hosts: files dns\n"));
        archive.file("etc/hosts", bytes("127.0.0.1 localhost\n::1 localhost\n"));
        archive.file("etc/os-release", bytes("PRETTY_NAME=\"Holdfast failback\"\n"));
        var groups = new StringBuilder();
        for (var number = 0; number < GROUPS.size(); number++) {
            groups.append(GROUPS.get(number)).append(":x:").append(number).append(":\n");
        }
        archive.file("etc/group", bytes(groups.toString()));
        if (plan.authority().isPresent()) {
            archive.file("etc/holdfast/ca.pem", plan.authority().get());
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
