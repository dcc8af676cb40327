package holdfast.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What every root file system in memory is made of: busybox, libraries, and whole trees. One
/// thread uses it, which begins and ends the archive itself.
///
/// @param trees packages of busybox and of all libraries
/// @param archive that is added to
/// @param scratch a directory for files on the way; the caller deletes it
public record MemoryRoot(Programs programs, PackageTrees trees, CpioArchive archive, Path scratch) {
    /// Adds busybox in `bin`, under the names of all that it can do.
    public void busybox() throws IOException, InterruptedException {
        var busybox = trees.find("bin/busybox", "usr/bin/busybox");
        archive.file("bin/busybox", Files.readAllBytes(busybox));
        for (var name : programs.run(scratch, busybox.toString(), "--list").lines().toList()) {
            if (!name.equals("busybox")) {
                archive.link("bin/" + name, "busybox");
            }
        }
    }

    /// Adds all that is in a folder.
    ///
    /// @param name of the folder in the archive, which has it
    public void tree(String name, Path folder) throws IOException {
        List<Path> entries;
        try (var walked = Files.walk(folder)) {
            entries = walked.filter(path -> !path.equals(folder)).sorted().toList();
        }
        for (var entry : entries) {
            var inside = name + "/" + folder.relativize(entry);
            if (Files.isSymbolicLink(entry)) {
                archive.link(inside, Files.readSymbolicLink(entry).toString());
            } else if (Files.isDirectory(entry)) {
                archive.directory(inside);
            } else {
                archive.file(inside, Files.readAllBytes(entry));
            }
        }
    }

    /// Adds what programs link to, and the loader.
    ///
    /// @param own a directory with libraries that need not be added
    public void libraries(List<Path> programs, Path own) throws IOException, InterruptedException {
        for (var library : trees.libraries(scratch, programs, own).entrySet()) {
            archive.file(
                    PackageTrees.LIBRARIES + "/" + library.getKey(),
                    Files.readAllBytes(library.getValue()));
        }
        archive.file(PackageTrees.LOADER, Files.readAllBytes(trees.loader()));
    }
}
