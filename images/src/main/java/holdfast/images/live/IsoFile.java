package holdfast.images.live;

import holdfast.images.EfiPartition;
import holdfast.images.Grub;
import holdfast.images.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Writes an ISO 9660 image with GRUB for BIOS and UEFI, each for discs (El Torito) and for sticks
/// (boot sector; partition table with an EFI system partition). What `grub-mkrescue` does, without
/// the dates and identities that it makes anew each time.
///
/// @param scratch a directory for files on the way; the caller deletes it
record IsoFile(Programs programs, Path scratch) {
    private static final String VOLUME = "HOLDFAST";
    private static final Instant DATE = Instant.parse("2026-11-01T00:00:00Z");

    /// A file by which GRUB finds its disc among all others.
    private static final String SIGN = "boot/holdfast-failback";

    private static final List<String> MODULES =
            List.of(
                    "chain",
                    "configfile",
                    "echo",
                    "iso9660",
                    "linux",
                    "normal",
                    "part_gpt",
                    "part_msdos",
                    "regexp",
                    "search",
                    "search_fs_file",
                    "serial",
                    "terminal",
                    "test");

    /// @param kernel file of the kernel's image
    /// @param initial packed by [LiveRoot]
    /// @return the image, in `scratch`
    Path write(LivePlan plan, Path kernel, Path initial) throws IOException, InterruptedException {
        var tree = scratch.resolve("disc");
        var boot = Files.createDirectories(tree.resolve("boot"));
        Files.createDirectory(boot.resolve("grub"));
        Files.copy(kernel, boot.resolve("vmlinuz"));
        Files.move(initial, boot.resolve("initrd.zst"));
        Files.writeString(tree.resolve(SIGN), "");
        Files.writeString(boot.resolve("grub/grub.cfg"), menu(plan));
        Files.move(core("i386-pc-eltorito", "biosdisk"), boot.resolve("grub/bios.img"));
        var efi = EfiPartition.make(programs, scratch, core("x86_64-efi", "efi_gop"));
        Files.move(efi, boot.resolve("grub/efi.img"));
        date(tree);
        var image = scratch.resolve("live.iso");
        var command = new ArrayList<>(List.of("xorriso", "-as", "mkisofs"));
        command.addAll(List.of("-quiet", "-r", "-V", VOLUME, "-o", image.toString()));
        command.addAll(List.of("--grub2-mbr", Grub.PARTS + "/i386-pc/boot_hybrid.img"));
        command.addAll(List.of("--protective-msdos-label", "-partition_offset", "16"));
        command.addAll(List.of("-b", "boot/grub/bios.img", "-no-emul-boot"));
        command.addAll(List.of("-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info"));
        command.addAll(List.of("--efi-boot", "boot/grub/efi.img", "-efi-boot-part"));
        command.addAll(List.of("--efi-boot-image", tree.toString()));
        var date = Map.of("SOURCE_DATE_EPOCH", Long.toString(DATE.getEpochSecond()));
        programs.run(scratch, date, command);
        return image;
    }

    private static String menu(LivePlan plan) {
        var words =
                plan.kernelArguments().stream()
                        .map(word -> " '" + word + "'")
                        .collect(Collectors.joining());
        return Resource.text("grub.cfg").replace("@ARGUMENTS@", words);
    }

    private Path core(String platform, String more) throws IOException, InterruptedException {
        var modules = new ArrayList<>(MODULES);
        modules.add(more);
        var early = "search --file --set=root /" + SIGN + "\nset prefix=($root)/boot/grub\n";
        return Grub.make(
                programs, scratch, platform, early.getBytes(StandardCharsets.UTF_8), modules);
    }

    private static void date(Path tree) throws IOException {
        try (var entries = Files.walk(tree)) {
            for (var entry : entries.toList()) {
                Files.setLastModifiedTime(entry, FileTime.from(DATE));
            }
        }
    }
}
