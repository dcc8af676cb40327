package holdfast.failback.firmware;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// A program that starts an operating system, as installed on an EFI system partition.
///
/// @param vendor the name of its folder, which installers name their boot entries by
/// @param path from the partition's root, as firmware writes it
record BootLoader(String vendor, String path) {
    /// What starts the others first: the one that a firmware with secure boot accepts, too.
    private static final List<String> NAMES =
            List.of("shimx64.efi", "grubx64.efi", "systemd-bootx64.efi", "refind_x64.efi");

    /// What firmware starts from a disk that it has no entry for (UEFI 2.10 §3.5.1.1).
    private static final String FALLBACK_FOLDER = "BOOT";

    private static final String FALLBACK = "bootx64.efi";

    /// Whether firmware starts from the partition by itself.
    static boolean hasFallback(FatFilesystem files) throws IOException {
        return files.list("EFI", FALLBACK_FOLDER).stream()
                .anyMatch(file -> !file.folder() && file.name().equalsIgnoreCase(FALLBACK));
    }

    /// At most one of each vendor.
    static List<BootLoader> installed(FatFilesystem files) throws IOException {
        var found = new ArrayList<BootLoader>();
        for (var folder : files.list("EFI")) {
            if (!folder.folder() || folder.name().startsWith(".")) {
                continue;
            }
            files.list("EFI", folder.name()).stream()
                    .filter(file -> !file.folder() && rank(file) >= 0)
                    .min(Comparator.comparingInt(BootLoader::rank))
                    .map(file ->
                            new BootLoader(
                                    folder.name(), "\\EFI\\" + folder.name() + "\\" + file.name()))
                    .ifPresent(found::add);
        }
        return found;
    }

    private static int rank(FatFilesystem.Entry file) {
        for (var i = 0; i < NAMES.size(); i++) {
            if (NAMES.get(i).equalsIgnoreCase(file.name())) {
                return i;
            }
        }
        return -1;
    }
}
