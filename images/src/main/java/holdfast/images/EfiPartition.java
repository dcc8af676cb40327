package holdfast.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// An EFI system partition: a small FAT file system with one program, where UEFI firmware looks on
/// a disk that it has no entry for (UEFI 2.10, §3.5.1.1). Equal programs make equal partitions.
public final class EfiPartition {
    public static final long SIZE_BYTES = 4 << 20;

    /// mtools dates files by this variable.
    private static final Map<String, String> DATE = Map.of("SOURCE_DATE_EPOCH", "1793491200");

    private EfiPartition() {}

    /// @param scratch a directory for files on the way; the caller deletes it
    /// @return the image, in `scratch`
    public static Path make(Programs programs, Path scratch, Path program)
            throws IOException, InterruptedException {
        var partition = scratch.resolve("efi.img");
        Files.write(partition, new byte[Math.toIntExact(SIZE_BYTES)]);
        var name = partition.toString();
        var target = "::/EFI/BOOT/BOOTX64.EFI";
        for (var command :
                List.of(
                        List.of("mformat", "-i", name, "-N", "484f4c44", "-v", "EFI", "::"),
                        List.of("mmd", "-i", name, "::/EFI", "::/EFI/BOOT"),
                        List.of("mcopy", "-i", name, program.toString(), target))) {
            programs.run(scratch, DATE, command);
        }
        return partition;
    }
}
