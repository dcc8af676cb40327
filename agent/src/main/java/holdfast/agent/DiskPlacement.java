package holdfast.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// Finds out which disks a file lives on, through partitions, device-mapper, md and loop devices: a
/// disk must not be replicated into a staging area that lives on it, or each round would cause the
/// next.
///
/// @param sys where sysfs is mounted
/// @param proc where procfs is mounted
public record DiskPlacement(Path sys, Path proc) {
    private static final int MOUNT_POINT = 4;
    private static final int MOUNT_SOURCE_AFTER_DASH = 1;

    /// On this machine.
    public static DiskPlacement local() {
        return new DiskPlacement(Path.of("/sys"), Path.of("/proc"));
    }

    /// Whether writing to `file` writes to `disk`.
    ///
    /// @param file exists
    /// @param disk a block device, or an image file
    public boolean livesOn(Path file, Path disk) throws IOException {
        var real = disk.toRealPath();
        if (DeviceNumber.isBlockDevice(real)) {
            return devicesUnder(file).contains(directory(DeviceNumber.ofDevice(real)));
        }
        return file.toRealPath().equals(real) || devicesUnder(file).contains(real);
    }

    /// Every device that holds a part of the file, as its directory in sysfs, and every image file
    /// behind one.
    private Set<Path> devicesUnder(Path file) throws IOException {
        var found = new HashSet<Path>();
        var number = filesystemDevice(file.toRealPath());
        if (number.isPresent()) {
            addWithParents(directory(number.get()), found);
        }
        return found;
    }

    private Path directory(DeviceNumber number) throws IOException {
        return sys.resolve("dev/block/" + number.major() + ":" + number.minor()).toRealPath();
    }

    private void addWithParents(Path device, Set<Path> found) throws IOException {
        if (!found.add(device)) {
            return;
        }
        if (Files.exists(device.resolve("partition"))) {
            addWithParents(device.resolveSibling("").normalize(), found);
        }
        var slaves = device.resolve("slaves");
        if (Files.isDirectory(slaves)) {
            try (var entries = Files.list(slaves)) {
                for (var slave : entries.toList()) {
                    addWithParents(slave.toRealPath(), found);
                }
            }
        }
        var backing = device.resolve("loop/backing_file");
        if (Files.exists(backing)) {
            var image = Path.of(Files.readString(backing).strip());
            if (Files.exists(image)) {
                found.add(image.toRealPath());
                found.addAll(devicesUnder(image));
            }
        }
    }

    /// Btrfs and others give each file system a number that no device has; then the mount table
    /// names the device. Empty for file systems without one, such as NFS.
    private Optional<DeviceNumber> filesystemDevice(Path file) throws IOException {
        var number = DeviceNumber.ofFilesystem(file);
        if (number.major() != 0) {
            return Optional.of(number);
        }
        var best = Path.of("/");
        var source = Optional.<Path>empty();
        for (var line : Files.readAllLines(proc.resolve("self/mountinfo"))) {
            var fields = line.split(" ", -1);
            var point = Path.of(unescaped(fields[MOUNT_POINT]));
            if (file.startsWith(point) && point.getNameCount() >= best.getNameCount()) {
                var after = line.substring(line.indexOf(" - ") + 3).split(" ", -1);
                best = point;
                source = Optional.of(Path.of(unescaped(after[MOUNT_SOURCE_AFTER_DASH])));
            }
        }
        if (source.isPresent()
                && Files.exists(source.get())
                && DeviceNumber.isBlockDevice(source.get())) {
            return Optional.of(DeviceNumber.ofDevice(source.get()));
        }
        return Optional.empty();
    }

    /// As `proc(5)` escapes: space, tab, newline, backslash.
    private static String unescaped(String text) {
        return text.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
