package holdfast.failback.firmware;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Has the firmware of this machine start from disks that were written elsewhere. Where a disk
/// holds a boot loader only in the folder of whoever installed it, as `\EFI\debian\shimx64.efi`,
/// firmware finds it by an entry among its own variables, which is no part of the disk: on other
/// hardware there is none. Changes no disk.
///
/// @param root `/`
public record BootEntryMaker(Path root) {
    private static final String FIRMWARE = "sys/firmware/efi";

    /// Adds entries where one is needed.
    ///
    /// @param name of the disk, for what is said of it
    /// @return what was done or could not be, for the operator; empty if nothing was needed
    public List<String> add(String name, DiskContent disk) {
        if (!Files.isDirectory(root.resolve(FIRMWARE))) {
            return List.of(); // started by BIOS, which has no list
        }
        var said = new ArrayList<String>();
        try {
            for (var partition : EfiSystemPartition.on(disk)) {
                var files = FatFilesystem.in(partition.content(disk));
                if (files.isPresent() && !BootLoader.hasFallback(files.get())) {
                    add(name, partition, BootLoader.installed(files.get()), said);
                }
            }
        } catch (IOException | RuntimeException e) { // what is on a disk may be anything
            said.add(
                    "warning: whether the firmware needs a boot entry for "
                            + name
                            + " could not be found out ("
                            + e.getMessage()
                            + "): if this machine does not start from it, choose its boot loader in the"
                            + " firmware's settings");
        }
        return said;
    }

    private void add(
            String name, EfiSystemPartition partition, List<BootLoader> loaders, List<String> said)
            throws IOException {
        var variables = new BootVariables(root.resolve(FIRMWARE).resolve("efivars"));
        if (variables.know(partition)) {
            return;
        }
        for (var loader : loaders.reversed()) { // the last one added is tried first
            try {
                variables.add(partition, loader);
                said.add(
                        "the firmware of this machine was told to start "
                                + loader.path()
                                + " of "
                                + name
                                + ", by the boot entry '"
                                + loader.vendor()
                                + "'");
            } catch (IOException e) {
                said.add(
                        "warning: the firmware could not be told to start "
                                + loader.path()
                                + " of "
                                + name
                                + " ("
                                + e.getMessage()
                                + "): choose it in the firmware's settings, or run efibootmgr --create");
            }
        }
    }
}
