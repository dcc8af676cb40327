package holdfast.images.live;

import holdfast.base.Processes;
import holdfast.base.RefusalException;
import holdfast.images.DebianPackages;
import holdfast.images.Grub;
import holdfast.images.PackageTrees;
import holdfast.images.Prerequisites;
import holdfast.images.Prerequisites.Requirement;
import holdfast.images.Programs;
import holdfast.images.Trees;
import holdfast.images.WholeFile;
import holdfast.images.portable.PortableProgram;
import holdfast.images.portable.PortableTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Makes the failback client as an ISO image that boots by BIOS and by UEFI, from a disc or a
/// stick. Debian's kernel, busybox for the start, udev for the hardware.
///
/// Needs no root. The first ISO downloads about 80 MB with `apt-get`. Equal plans and packages make
/// equal files. Safe for any thread, also for several at once.
public final class LiveImage {
    private static final String KERNEL = "linux-image-amd64";
    private static final String USER_LAND = "busybox-static";
    private static final String HARDWARE = "udev";

    private final Programs programs;
    private final Path cache;
    private final Path javaHome;
    private final Consumer<String> progress;

    /// @param cache of downloaded packages; made if there is none
    /// @param javaHome the JDK that the client is to run with
    /// @param progress told what is being done, in words
    public LiveImage(Processes processes, Path cache, Path javaHome, Consumer<String> progress) {
        this.programs = new Programs(processes);
        this.cache = cache.toAbsolutePath();
        this.javaHome = javaHome;
        this.progress = progress;
    }

    /// What an ISO needs, to be made.
    public static Prerequisites prerequisites() {
        var parts = Grub.PARTS.toString();
        return new Prerequisites(
                List.of(
                        Prerequisites.APT,
                        new Requirement("grub-common", "grub-mkimage"),
                        new Requirement("grub-pc-bin", parts + "/i386-pc/boot_hybrid.img"),
                        new Requirement("grub-efi-amd64-bin", parts + "/x86_64-efi/kernel.img"),
                        new Requirement("kmod", "depmod"),
                        new Requirement("mtools", "mformat"),
                        new Requirement("xorriso", "xorriso"),
                        new Requirement("xz-utils", "xz"),
                        new Requirement("zstd", "zstd")));
    }

    /// Makes the ISO, and beside it its SHA-512 in the form of `sha512sum`. Each appears complete
    /// or not at all, and replaces a file of that name.
    ///
    /// @return the file with the checksum
    /// @throws RefusalException if something is missing on this machine, with what to do
    public Path iso(PortableProgram client, LivePlan plan, Path target)
            throws IOException, InterruptedException {
        var complaint = prerequisites().complaint();
        if (complaint.isPresent()) {
            throw new RefusalException("programs-missing", complaint.get());
        }
        Files.createDirectories(cache);
        return WholeFile.make(
                target,
                scratch -> {
                    var trees = packages();
                    progress.accept("taking the client's part of Java");
                    var tree = Files.createDirectory(scratch.resolve("client"));
                    new PortableTree(programs, client, javaHome).lay(tree, scratch);
                    progress.accept("packing the live system");
                    var modules = Trees.only(trees.find("lib/modules", "usr/lib/modules"), "*");
                    var root = new LiveRoot(programs, trees, modules, tree, scratch);
                    var initial = root.pack(plan);
                    progress.accept("writing the image");
                    return new IsoFile(programs, scratch)
                            .write(plan, Trees.only(trees.find("boot"), "vmlinuz-*"), initial);
                });
    }

    private PackageTrees packages() throws IOException, InterruptedException {
        var packages = new DebianPackages(programs, cache, progress);
        var names = new ArrayList<>(packages.withDependencies(HARDWARE));
        names.add(packages.dependencyOf(KERNEL));
        names.add(USER_LAND);
        return packages.unpacked(names.stream().distinct().toList());
    }
}
