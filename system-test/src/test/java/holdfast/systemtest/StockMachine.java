package holdfast.systemtest;

import holdfast.demo.disk.BootableDisk;
import holdfast.images.CpioArchive;
import holdfast.images.DebianPackages;
import holdfast.images.KernelModules;
import holdfast.images.MemoryRoot;
import holdfast.images.PackageTrees;
import holdfast.images.Programs;
import holdfast.images.Trees;
import holdfast.images.portable.PortableTree;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A machine in QEMU with Debian's own kernel, busybox and the agent as it comes in its archive,
/// that runs a script as its only program and ends with it. It reaches this machine's loopback as
/// [QemuMachine#HOST]; the script's standard input and output are the console.
final class StockMachine {
    private static final int MEMORY_MEBIBYTES = 1536; // its files are in there, too

    private static final List<String> MODULES =
            List.of(
                    "virtio_pci",
                    "virtio_blk",
                    "virtio_net",
                    "virtio_rng",
                    "crc32c_generic", // ext4 asks for it in a way that no table shows
                    "ext4",
                    "dm_log_writes");

    private static final String INIT =
            """
            #!/bin/sh
            export PATH=/bin HOME=/root TERM=dumb
            export HOLDFAST_JAVA_OPTIONS=-XX:TieredStopAtLevel=1
            mount -t proc proc /proc
            mount -t sysfs sysfs /sys
            mount -t devtmpfs devtmpfs /dev
            mount -t securityfs securityfs /sys/kernel/security
            while read -r module; do
                insmod "/modules/$module.ko" || echo "module $module: not loaded"
            done </modules/order
            ip link set lo up
            ip address add 10.0.2.15/24 dev eth0
            ip link set eth0 up
            ip route add default via 10.0.2.2
            hostname stock
            uname -r
            sh /script
            echo "the script ended with $?"
            poweroff -f
            """;

    private StockMachine() {}

    /// @param name for its files; each of a lab has its own
    /// @param kernelArguments besides the console
    /// @param disks raw images
    static QemuMachine start(
            Lab lab, String name, String kernelArguments, String script, List<Path> disks)
            throws IOException, InterruptedException {
        var folder = Files.createDirectory(lab.directory.resolve(name));
        var programs = new Programs(lab.processes);
        var cache = BootableDisk.defaultCache(System.getenv());
        Files.createDirectories(cache);
        var packages = new DebianPackages(programs, cache, _ -> {});
        var names = new ArrayList<>(packages.withDependencies("dmsetup"));
        names.add(packages.dependencyOf("linux-image-amd64"));
        names.add("busybox-static");
        var trees = packages.unpacked(names.stream().distinct().toList());
        var initial = folder.resolve("initrd");
        try (var out = new BufferedOutputStream(Files.newOutputStream(initial))) {
            new Root(programs, trees, AgentArchive.unpack(lab, folder), folder).pack(out, script);
        }
        var arguments = new ArrayList<>(QemuMachine.NETWORK);
        arguments.addAll(List.of("-device", "virtio-rng-pci"));
        arguments.addAll(
                List.of("-kernel", Trees.only(trees.find("boot"), "vmlinuz-*").toString()));
        arguments.addAll(List.of("-initrd", initial.toString()));
        arguments.addAll(
                List.of("-append", "console=ttyS0 quiet no_timer_check " + kernelArguments));
        disks.forEach(disk -> arguments.addAll(QemuMachine.virtioDisk(disk)));
        return QemuMachine.start(lab, name, MEMORY_MEBIBYTES, arguments);
    }

    /// All files of the machine, as the archive that the kernel unpacks into memory.
    private record Root(Programs programs, PackageTrees trees, AgentArchive agent, Path scratch) {
        void pack(BufferedOutputStream out, String script)
                throws IOException, InterruptedException {
            var archive = new CpioArchive(out);
            for (var name :
                    List.of(
                            "bin",
                            "dev",
                            "lib",
                            "lib/x86_64-linux-gnu",
                            "lib64",
                            "modules",
                            "mnt",
                            "opt",
                            AgentArchive.PLACE,
                            "proc",
                            "root",
                            "sys",
                            "tmp",
                            "var",
                            "var/lib")) {
                archive.directory(name);
            }
            archive.file("init", INIT.getBytes(StandardCharsets.UTF_8));
            archive.file("script", script.getBytes(StandardCharsets.UTF_8));
            var root = new MemoryRoot(programs, trees, archive, scratch);
            root.busybox();
            var dmsetup = trees.find("sbin/dmsetup", "usr/sbin/dmsetup");
            archive.file("bin/dmsetup", Files.readAllBytes(dmsetup));
            modules(archive);
            root.tree(AgentArchive.PLACE, agent.folder());
            var linked = new ArrayList<>(PortableTree.linked(agent.folder()));
            linked.add(dmsetup);
            root.libraries(linked, agent.ownLibraries());
            archive.finish();
        }

        private void modules(CpioArchive archive) throws IOException, InterruptedException {
            var folder = Trees.only(trees.find("lib/modules", "usr/lib/modules"), "*");
            var unpacked = Files.createDirectory(scratch.resolve("modules"));
            var order = new ArrayList<String>();
            for (var module :
                    new KernelModules(programs, folder, unpacked).inLoadOrder(MODULES).entrySet()) {
                archive.file("modules/" + module.getKey() + ".ko", module.getValue());
                order.add(module.getKey());
            }
            archive.file(
                    "modules/order",
                    (String.join("\n", order) + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }
}
