package holdfast.demo.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// GRUB, put together and written without `grub-install`, which would want a mounted disk.
final class Grub {
    /// Where Debian keeps GRUB's parts, by platform.
    static final Path PARTS = Path.of("/usr/lib/grub");

    private static final int SECTOR_BYTES = 512;

    /// The boot sector's code; after it come the disk's identity and the partition table.
    private static final int BOOT_CODE_BYTES = 440;

    private static final List<String> MODULES =
            List.of(
                    "part_msdos",
                    "part_gpt",
                    "ext2",
                    "linux",
                    "normal",
                    "serial",
                    "terminal",
                    "search",
                    "search_fs_uuid",
                    "configfile",
                    "echo");

    private Grub() {}

    /// Writes the boot sector's code and, right behind it, the core image: the place where the boot
    /// sector that GRUB ships looks for it.
    static void installForBios(Programs programs, Path scratch, Path image)
            throws IOException, InterruptedException {
        var core = make(programs, scratch, "i386-pc", List.of("biosdisk"));
        var room = DiskPlan.ROOT_OFFSET_BYTES - SECTOR_BYTES;
        if (Files.size(core) > room) {
            throw new IOException(
                    String.format(
                            Locale.ROOT,
                            "GRUB's core image: %d bytes, there is room for %d",
                            Files.size(core),
                            room));
        }
        var bootSector = Files.readAllBytes(PARTS.resolve("i386-pc/boot.img"));
        Sectors.write(image, ByteBuffer.wrap(bootSector, 0, BOOT_CODE_BYTES), 0);
        Sectors.write(image, ByteBuffer.wrap(Files.readAllBytes(core)), SECTOR_BYTES);
    }

    /// The EFI program to start from an EFI system partition.
    static Path efiProgram(Programs programs, Path scratch)
            throws IOException, InterruptedException {
        return make(
                programs,
                scratch,
                "x86_64-efi",
                List.of("efi_gop")); // the kernel inherits the display
    }

    private static Path make(Programs programs, Path scratch, String platform, List<String> more)
            throws IOException, InterruptedException {
        var settings = Files.write(scratch.resolve("early.cfg"), Template.read("grub-early.cfg"));
        var made = scratch.resolve("grub-" + platform);
        var command = new ArrayList<>(List.of("grub-mkimage", "-O", platform));
        command.addAll(List.of("-c", settings.toString()));
        command.addAll(List.of("-p", "/boot/grub", "-o", made.toString()));
        command.addAll(MODULES);
        command.addAll(more);
        programs.run(scratch, command.toArray(String[]::new));
        return made;
    }
}
