package holdfast.demo.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The EFI system partition: a small FAT file system with one program, where UEFI firmware looks on
/// a disk that it has no entry for (UEFI 2.10, §3.5.1.1).
final class EfiPartition {
    static final long SIZE_BYTES = 4 << 20;

    /// mtools dates files by this variable.
    private static final Map<String, String> DATE = Map.of("SOURCE_DATE_EPOCH", "1793491200");

    private EfiPartition() {}

    static void write(Programs programs, Path scratch, Path image, long offsetBytes)
            throws IOException, InterruptedException {
        var partition = scratch.resolve("efi.img");
        Files.write(partition, new byte[Math.toIntExact(SIZE_BYTES)]);
        var name = partition.toString();
        var program = Grub.efiProgram(programs, scratch).toString();
        var target = "::/EFI/BOOT/BOOTX64.EFI";
        for (var command :
                List.of(
                        List.of("mformat", "-i", name, "-N", "484f4c44", "-v", "EFI", "::"),
                        List.of("mmd", "-i", name, "::/EFI", "::/EFI/BOOT"),
                        List.of("mcopy", "-i", name, program, target))) {
            programs.run(scratch, DATE, command);
        }
        Sectors.write(image, ByteBuffer.wrap(Files.readAllBytes(partition)), offsetBytes);
    }
}
