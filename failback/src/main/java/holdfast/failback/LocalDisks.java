package holdfast.failback;

import holdfast.agent.DiskPlacement;
import holdfast.tracking.Disks;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The disks of this machine, and what they are used for.
///
/// @param disks those there are
/// @param placement which disk a file lives on
/// @param dev where devices are, `/dev`
/// @param mounts `/proc/self/mountinfo`
/// @param own files that the client needs: it must not write over what it runs from
record LocalDisks(Disks disks, DiskPlacement placement, Path dev, Path mounts, List<Path> own) {
    private static final int MOUNT_POINT = 4;

    /// Of this machine.
    ///
    /// @param state the client's own folder
    static LocalDisks local(Path state) {
        var own =
                new ArrayList<Path>(
                        List.of(Path.of("/"), Path.of(System.getProperty("java.home"))));
        var folder = state.toAbsolutePath();
        while (folder != null && !Files.exists(folder)) {
            folder = folder.getParent();
        }
        if (folder != null) {
            own.add(folder);
        }
        return new LocalDisks(
                Disks.local(),
                DiskPlacement.local(),
                Path.of("/dev"),
                Path.of("/proc/self/mountinfo"),
                own);
    }

    List<LocalDisk> list() throws IOException {
        return disks.list().stream()
                .map(one -> new LocalDisk(one.disk(), one.model(), one.serial()))
                .toList();
    }

    /// Those that could be written to.
    List<LocalDisk> free() throws IOException {
        var free = new ArrayList<LocalDisk>();
        for (var disk : list()) {
            if (inUse(disk).isEmpty()) {
                free.add(disk);
            }
        }
        return free;
    }

    /// The disk that a path names.
    ///
    /// @throws TrackerException if it names none, or a part of one; the message names the whole
    LocalDisk disk(Path path) throws IOException {
        var resolved = disks.resolve(path);
        return list().stream()
                .filter(one -> resolved.blockDevice() && one.path().equals(resolved.path()))
                .findFirst()
                .orElse(new LocalDisk(resolved, "", ""));
    }

    /// Why the disk must not be written to, and what to do about it; empty if it may be.
    Optional<String> inUse(LocalDisk disk) throws IOException {
        for (var file : own) {
            if (Files.exists(file) && placement.livesOn(file, disk.path())) {
                return Optional.of(
                        disk.path()
                                + " is the disk that this client runs from ("
                                + file
                                + " is on it): boot the machine from something else, such as a live system");
            }
        }
        for (var line : Files.readAllLines(mounts)) {
            var point = Path.of(unescaped(line.split(" ", -1)[MOUNT_POINT]));
            if (Files.exists(point) && livesOn(point, disk)) {
                return Optional.of(
                        disk.path()
                                + " is mounted at "
                                + point
                                + ": unmount it, or choose another disk");
            }
        }
        return Optional.empty();
    }

    /// What cannot be looked at is not a file system on a disk of ours.
    private boolean livesOn(Path point, LocalDisk disk) {
        try {
            return placement.livesOn(point, disk.path());
        } catch (IOException _) {
            return false;
        }
    }

    /// As `proc(5)` escapes: space, tab, newline, backslash.
    private static String unescaped(String text) {
        return text.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
