package holdfast.demo.disk;

import holdfast.base.Processes;
import holdfast.images.DebianPackages;
import holdfast.images.Grub;
import holdfast.images.KernelModules;
import holdfast.images.Prerequisites;
import holdfast.images.Prerequisites.Requirement;
import holdfast.images.Programs;
import holdfast.images.Trees;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Makes disk images that boot a small Debian: Debian's kernel, busybox, and QEMU's guest agent.
///
/// Such a machine shows a login prompt on its serial console and on its screen (`root`, password
/// `holdfast`), answers the guest agent, and keeps what is written under `/data`. It boots in 10 to
/// 25 s without hardware virtualization.
///
/// Needs neither root nor loop devices; the first build downloads about 30 MB with `apt-get`, later
/// ones take a few seconds. Ask [#prerequisites] first whether all programs are there. Safe for any
/// thread, also for several at once.
public final class BootableDisk {
    private static final String KERNEL = "linux-image-cloud-amd64";
    private static final String USER_LAND = "busybox-static";
    private static final String GUEST_AGENT = "qemu-guest-agent";

    private final Programs programs;
    private final Path cache;

    /// @param cache where downloaded packages stay, see [#defaultCache]; made if there is none
    public BootableDisk(Processes processes, Path cache) {
        this.programs = new Programs(processes);
        this.cache = cache.toAbsolutePath();
    }

    /// What a disk for this firmware needs, to be made and to be booted in QEMU.
    public static Prerequisites prerequisites(Firmware firmware) {
        var common =
                Stream.of(
                        Prerequisites.APT,
                        new Requirement("e2fsprogs", "mke2fs"),
                        new Requirement("grub-common", "grub-mkimage"),
                        new Requirement("xz-utils", "xz"),
                        new Requirement("qemu-system-x86", "qemu-system-x86_64"));
        var parts = Grub.PARTS.toString();
        var more =
                switch (firmware) {
                    case BIOS ->
                            Stream.of(new Requirement("grub-pc-bin", parts + "/i386-pc/boot.img"));
                    case UEFI ->
                            Stream.of(
                                    new Requirement(
                                            "grub-efi-amd64-bin", parts + "/x86_64-efi/kernel.img"),
                                    new Requirement("mtools", "mformat"),
                                    new Requirement("ovmf", "/usr/share/OVMF"));
                };
        return new Prerequisites(Stream.concat(common, more).toList());
    }

    /// Where downloaded packages stay usually.
    ///
    /// @param environment of this process
    public static Path defaultCache(Map<String, String> environment) {
        return DebianPackages.defaultCache(environment);
    }

    /// Makes the image, sparse; it appears complete or not at all, and replaces a file of that
    /// name.
    ///
    /// @param progress told what is being done, in words
    /// @throws holdfast.base.RefusalException if Debian's packages cannot be had, with what to do
    public void build(DiskPlan plan, Path image, Consumer<String> progress)
            throws IOException, InterruptedException {
        Files.createDirectories(cache);
        var packages = new DebianPackages(programs, cache, progress);
        var target = image.toAbsolutePath();
        Files.createDirectories(target.getParent());
        // Beside the image, so that it can be moved into place in one step.
        var scratch = Files.createTempDirectory(target.getParent(), ".disk-");
        try {
            var partial = scratch.resolve("disk.img");
            var tree = scratch.resolve("root");
            fill(tree, plan, packages, scratch);
            progress.accept("writing the disk");
            write(plan, tree, partial, scratch);
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Trees.delete(scratch);
        }
    }

    private void fill(Path tree, DiskPlan plan, DebianPackages packages, Path scratch)
            throws IOException, InterruptedException {
        var names = new ArrayList<>(packages.withDependencies(GUEST_AGENT));
        names.add(packages.dependencyOf(KERNEL));
        names.add(USER_LAND);
        var trees = packages.unpacked(names);
        var busybox = trees.find("bin/busybox", "usr/bin/busybox");
        var modules =
                new KernelModules(
                        programs,
                        Trees.only(trees.find("lib/modules", "usr/lib/modules"), "*"),
                        Files.createDirectory(scratch.resolve("modules")));
        var root = new RootTree(programs, tree);
        root.lay(plan.hostName());
        root.userLand(busybox);
        root.guestAgent(trees);
        root.kernel(
                Trees.only(trees.find("boot"), "vmlinuz-*"),
                InitialRamDisk.pack(
                        Files.readAllBytes(busybox), modules.inLoadOrder(InitialRamDisk.MODULES)));
    }

    private void write(DiskPlan plan, Path tree, Path image, Path scratch)
            throws IOException, InterruptedException {
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(plan.sizeBytes());
        }
        PartitionTable.write(plan, image);
        RootFilesystem.make(programs, scratch, tree, image, plan);
        switch (plan.firmware()) {
            case BIOS -> BootLoader.installForBios(programs, scratch, image);
            case UEFI -> BootLoader.installForUefi(programs, scratch, image, efiOffsetBytes(plan));
        }
    }

    private static long efiOffsetBytes(DiskPlan plan) {
        return DiskPlan.ROOT_OFFSET_BYTES + plan.rootBytes();
    }
}
