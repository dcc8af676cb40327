package holdfast.demo.disk;

import holdfast.images.EfiPartition;
import holdfast.images.Grub;
import holdfast.images.Programs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// GRUB on a disk of ours.
final class BootLoader {
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

    private BootLoader() {}

    /// Writes the boot sector's code and, right behind it, the core image: the place where the boot
    /// sector that GRUB ships looks for it.
    static void installForBios(Programs programs, Path scratch, Path image)
            throws IOException, InterruptedException {
        var core = make(programs, scratch, "i386-pc", "biosdisk");
        var room = DiskPlan.ROOT_OFFSET_BYTES - SECTOR_BYTES;
        if (Files.size(core) > room) {
            throw new IOException(
                    String.format(
                            Locale.ROOT,
                            "GRUB's core image: %d bytes, there is room for %d",
                            Files.size(core),
                            room));
        }
        var bootSector = Files.readAllBytes(Grub.PARTS.resolve("i386-pc/boot.img"));
        Sectors.write(image, ByteBuffer.wrap(bootSector, 0, BOOT_CODE_BYTES), 0);
        Sectors.write(image, ByteBuffer.wrap(Files.readAllBytes(core)), SECTOR_BYTES);
    }

    /// Writes the EFI system partition with the program to start from it.
    static void installForUefi(Programs programs, Path scratch, Path image, long offsetBytes)
            throws IOException, InterruptedException {
        // the kernel inherits the display
        var program = make(programs, scratch, "x86_64-efi", "efi_gop");
        var partition = Files.readAllBytes(EfiPartition.make(programs, scratch, program));
        Sectors.write(image, ByteBuffer.wrap(partition), offsetBytes);
    }

    private static Path make(Programs programs, Path scratch, String platform, String more)
            throws IOException, InterruptedException {
        var modules = new ArrayList<>(MODULES);
        modules.add(more);
        return Grub.make(programs, scratch, platform, Template.read("grub-early.cfg"), modules);
    }
}
