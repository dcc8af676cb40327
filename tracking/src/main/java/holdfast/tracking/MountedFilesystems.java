package holdfast.tracking;

import holdfast.tracking.device.BlockDevice;
import holdfast.tracking.device.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Finds the file systems whose blocks lie on given disks: directly, on partitions, on what md and
/// device-mapper make of them, and on loop devices over files on such file systems.
final class MountedFilesystems {
    /// A device, as `major:minor`.
    private record DeviceNumber(int major, int minor) {
        static DeviceNumber parse(String text) {
            var parts = text.split(":", -1);
            return new DeviceNumber(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
        }
    }

    /// @param device that `/proc/self/maps` and stat(2) name for files on it
    /// @param mountPoint one of those where it is mounted
    record Filesystem(String device, Path mountPoint, String type) {}

    /// A line of `/proc/self/mountinfo`.
    private record Mount(
            DeviceNumber number, Path mountPoint, String type, String source, boolean readOnly) {
        static Mount parse(String line) {
            var fields = line.split(" ", -1);
            var separator = List.of(fields).indexOf("-"); // after any number of optional fields
            return new Mount(
                    DeviceNumber.parse(fields[2]),
                    Path.of(unescape(fields[4])),
                    fields[separator + 1],
                    unescape(fields[separator + 2]),
                    List.of(fields[separator + 3].split(",", -1)).contains("ro"));
        }

        /// Blanks and backslashes stand as three octal digits.
        private static String unescape(String text) {
            var bytes = text.getBytes(StandardCharsets.UTF_8);
            var out = new byte[bytes.length];
            var length = 0;
            for (var i = 0; i < bytes.length; i++) {
                if (bytes[i] == '\\' && i + 3 < bytes.length) {
                    out[length++] =
                            (byte)
                                    Integer.parseInt(
                                            new String(bytes, i + 1, 3, StandardCharsets.US_ASCII),
                                            8);
                    i += 3;
                } else {
                    out[length++] = bytes[i];
                }
            }
            return new String(out, 0, length, StandardCharsets.UTF_8);
        }
    }

    private final Machine machine;
    private final List<Mount> mounts;

    private MountedFilesystems(Machine machine) throws TrackerException {
        this.machine = machine;
        try {
            mounts =
                    Files.readAllLines(machine.proc().resolve("self/mountinfo")).stream()
                            .map(Mount::parse)
                            .toList();
        } catch (IOException e) {
            throw new TrackerException("cannot read the mounts of this machine", e);
        }
    }

    /// Writable file systems on these disks, each once. Those that lie on others of them come
    /// first, so that in this order they can be brought to rest.
    static List<Filesystem> on(List<TrackedDisk> disks, Machine machine) throws TrackerException {
        return new MountedFilesystems(machine).find(disks);
    }

    private List<Filesystem> find(List<TrackedDisk> disks) throws TrackerException {
        Map<DeviceNumber, Filesystem> found = new LinkedHashMap<>();
        Set<DeviceNumber> seen = new HashSet<>();
        List<BlockDevice> level = new ArrayList<>();
        for (var disk : disks) {
            if (disk.blockDevice()) {
                level.add(BlockDevice.of(machine, disk.major(), disk.minor()));
            }
        }
        while (!level.isEmpty()) {
            var numbers = withDependents(level, seen);
            for (var mount : mounts) {
                if (!mount.readOnly && numbers.contains(device(mount))) {
                    found.putIfAbsent(
                            mount.number,
                            new Filesystem(
                                    mount.number.major + ":" + mount.number.minor,
                                    mount.mountPoint,
                                    mount.type));
                }
            }
            level = loopsOver(found, seen);
        }
        return new ArrayList<>(found.values()).reversed();
    }

    private static Set<DeviceNumber> withDependents(
            List<BlockDevice> devices, Set<DeviceNumber> seen) throws TrackerException {
        var numbers = new HashSet<DeviceNumber>();
        var queue = new ArrayDeque<>(devices);
        while (!queue.isEmpty()) {
            var device = queue.remove();
            var number = new DeviceNumber(device.major(), device.minor());
            if (seen.add(number)) {
                numbers.add(number);
                queue.addAll(device.dependents());
            }
        }
        return numbers;
    }

    /// The device under a mount; btrfs and others show a number of their own, but name a source.
    private static DeviceNumber device(Mount mount) throws TrackerException {
        var source = Path.of(mount.source);
        if (mount.number.major != 0 || !source.startsWith("/dev") || !Files.exists(source)) {
            return mount.number;
        }
        try {
            var number = (long) Files.getAttribute(source, "unix:rdev");
            return new DeviceNumber(Disks.major(number), Disks.minor(number));
        } catch (IOException e) {
            throw new TrackerException("cannot look at " + source, e);
        }
    }

    /// Loop devices not seen yet whose files lie on the file systems found.
    private List<BlockDevice> loopsOver(Map<DeviceNumber, Filesystem> found, Set<DeviceNumber> seen)
            throws TrackerException {
        var loops = new ArrayList<BlockDevice>();
        try (var directories = Files.newDirectoryStream(machine.sys().resolve("block"), "loop*")) {
            for (var directory : directories) {
                var loop = BlockDevice.at(directory);
                var file = loop.attribute("loop/backing_file").map(Path::of);
                if (file.isPresent()
                        && !seen.contains(new DeviceNumber(loop.major(), loop.minor()))
                        && mountOf(file.get())
                                .map(Mount::number)
                                .map(found::containsKey)
                                .orElse(false)) {
                    loops.add(loop);
                }
            }
        } catch (IOException e) {
            throw new TrackerException("cannot list the loop devices of this machine", e);
        }
        return loops;
    }

    private Optional<Mount> mountOf(Path file) {
        Optional<Mount> longest = Optional.empty();
        for (var mount : mounts) { // of two at one place, the later hides the former
            if (file.startsWith(mount.mountPoint)
                    && longest.map(found -> mount.mountPoint.startsWith(found.mountPoint))
                            .orElse(true)) {
                longest = Optional.of(mount);
            }
        }
        return longest;
    }
}
