package holdfast.systemtest;

import holdfast.demo.disk.BootableDisk;
import holdfast.images.CpioArchive;
import holdfast.images.DebianPackages;
import holdfast.images.KernelModules;
import holdfast.images.PackageTrees;
import holdfast.images.Programs;
import java.io.BufferedOutputStream;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/// A machine in QEMU with Debian's own kernel, busybox and the agent as it comes in its archive,
/// that runs a script as its only program and ends with it. It reaches this machine's loopback as
/// [LiveSystem#HOST]; the script's standard input and output are the console.
final class StockMachine implements AutoCloseable {
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

    private final Lab lab;
    private final Path console;
    private final Process machine;
    private final BufferedWriter keyboard;

    private StockMachine(Lab lab, Path console, Process machine) {
        this.lab = lab;
        this.console = console;
        this.machine = machine;
        this.keyboard = machine.outputWriter(StandardCharsets.US_ASCII);
    }

    /// @param name for its files; each of a lab has its own
    /// @param kernelArguments besides the console
    /// @param disks raw images
    static StockMachine start(
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
            new Root(programs, trees, agent(lab, folder), folder).pack(out, script);
        }
        var console = folder.resolve("console.log");
        var command =
                new ArrayList<>(
                        List.of(
                                "qemu-system-x86_64",
                                "-machine",
                                "q35",
                                "-cpu",
                                "max",
                                "-smp",
                                "2"));
        command.addAll(List.of("-accel", "tcg,thread=multi,tb-size=256", "-m", "1536"));
        command.addAll(List.of("-display", "none", "-serial", "stdio", "-no-reboot"));
        command.addAll(List.of("-nic", "user,model=virtio-net-pci"));
        command.addAll(List.of("-device", "virtio-rng-pci"));
        command.addAll(List.of("-kernel", only(trees.find("boot"), "vmlinuz-*").toString()));
        command.addAll(List.of("-initrd", initial.toString()));
        command.addAll(List.of("-append", "console=ttyS0 quiet " + kernelArguments));
        for (var disk : disks) {
            command.addAll(List.of("-drive", "file=" + disk + ",format=raw,if=virtio"));
        }
        var machine =
                lab.processes.start(
                        new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(console.toFile()));
        return lab.keep(new StockMachine(lab, console, machine));
    }

    /// The unpacked archive that a user would take to a server.
    private static Path agent(Lab lab, Path folder) throws IOException, InterruptedException {
        var archive = folder.resolve("agent.tar.gz").toString();
        var holdfast = Checkout.root().resolve("holdfast").toString();
        lab.commands.output(holdfast, "agent", "archive", "--out", archive);
        lab.commands.output("tar", "-xzf", archive, "-C", folder.toString());
        return folder.resolve("holdfast-agent");
    }

    private static Path only(Path directory, String pattern) throws IOException {
        try (var matches = Files.newDirectoryStream(directory, pattern)) {
            return matches.iterator().next();
        }
    }

    String said() throws IOException {
        return Files.readString(console, StandardCharsets.ISO_8859_1);
    }

    void awaitSaying(String text, Duration atMost) throws IOException, InterruptedException {
        try {
            lab.installation.await(
                    "the machine's saying '" + text + "'",
                    machine,
                    atMost,
                    () -> said().contains(text));
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "\n  console: " + said(), e);
        }
    }

    /// Types a line, for the script to read.
    void type(String line) throws IOException {
        keyboard.write(line + "\n");
        keyboard.flush();
    }

    Process process() {
        return machine;
    }

    @Override
    public void close() {
        machine.destroyForcibly().onExit().join();
    }

    /// All files of the machine, as the archive that the kernel unpacks into memory.
    private record Root(Programs programs, PackageTrees trees, Path agent, Path scratch) {
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
            var busybox = trees.find("bin/busybox", "usr/bin/busybox");
            archive.file("bin/busybox", Files.readAllBytes(busybox));
            for (var name : programs.run(scratch, busybox.toString(), "--list").lines().toList()) {
                if (!name.equals("busybox")) {
                    archive.link("bin/" + name, "busybox");
                }
            }
            var dmsetup = trees.find("sbin/dmsetup", "usr/sbin/dmsetup");
            archive.file("bin/dmsetup", Files.readAllBytes(dmsetup));
            modules(archive);
            agent(archive);
            libraries(archive, dmsetup);
            archive.finish();
        }

        private void modules(CpioArchive archive) throws IOException, InterruptedException {
            var folder = only(trees.find("lib/modules", "usr/lib/modules"), "*");
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

        private void agent(CpioArchive archive) throws IOException {
            try (Stream<Path> walked = Files.walk(agent)) {
                for (var entry : walked.sorted().toList()) {
                    var inside = "opt/" + agent.getParent().relativize(entry);
                    if (Files.isSymbolicLink(entry)) {
                        archive.link(inside, Files.readSymbolicLink(entry).toString());
                    } else if (Files.isDirectory(entry)) {
                        archive.directory(inside);
                    } else {
                        archive.file(inside, Files.readAllBytes(entry));
                    }
                }
            }
        }

        private void libraries(CpioArchive archive, Path dmsetup)
                throws IOException, InterruptedException {
            var runtime = agent.resolve("runtime/lib");
            var needed = new TreeMap<String, Path>();
            for (var program :
                    List.of(
                            dmsetup,
                            runtime.resolve("libjli.so"),
                            runtime.resolve("server/libjvm.so"))) {
                for (var library : trees.libraries(scratch, program, runtime)) {
                    needed.put(library.getFileName().toString(), library);
                }
            }
            for (var library : needed.entrySet()) {
                archive.file(
                        "lib/x86_64-linux-gnu/" + library.getKey(),
                        Files.readAllBytes(library.getValue()));
            }
            archive.file(PackageTrees.LOADER, Files.readAllBytes(trees.loader()));
        }
    }
}
