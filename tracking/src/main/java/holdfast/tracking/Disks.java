package holdfast.tracking;

import holdfast.tracking.device.BlockDevice;
import holdfast.tracking.device.Machine;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// Finds disks: the one that a user names, or all of this machine. Stateless but for the machine.
public final class Disks {
    private static final int MODE_TYPE = 0170000;
    private static final int MODE_BLOCK_DEVICE = 0060000;
    private static final int MODE_REGULAR_FILE = 0100000;

    /// Block devices that are no disks of their own: memory, optical drives, floppies, network
    /// block devices.
    private static final Pattern NO_DISK = Pattern.compile("(ram|zram|sr|fd|nbd)[0-9]+");

    private final Machine machine;

    private Disks(Machine machine) {
        this.machine = machine;
    }

    /// Those of this machine.
    public static Disks local() {
        return new Disks(Machine.local());
    }

    static Disks of(Machine machine) {
        return new Disks(machine);
    }

    /// The disk or image file of this path, links followed.
    ///
    /// @throws TrackerException if there is none, or if it is something else, such as a partition:
    ///   then the message names the whole disk
    public TrackedDisk resolve(Path path) throws TrackerException {
        try {
            var real = path.toRealPath();
            var type = (int) Files.getAttribute(real, "unix:mode") & MODE_TYPE;
            return switch (type) {
                case MODE_BLOCK_DEVICE -> device(real);
                case MODE_REGULAR_FILE -> file(real);
                default ->
                        throw new TrackerException(
                                path + " is neither a block device nor an image file");
            };
        } catch (NoSuchFileException e) {
            throw new TrackerException("there is no disk " + path, e);
        } catch (AccessDeniedException e) {
            throw new TrackerException(
                    "may not look at "
                            + path
                            + " (permission denied): the agent must run as root to read disks",
                    e);
        } catch (TrackerException e) {
            throw e;
        } catch (IOException e) {
            throw new TrackerException("cannot look at " + path + ": " + e.getMessage(), e);
        }
    }

    private TrackedDisk device(Path path) throws IOException {
        var number = (long) Files.getAttribute(path, "unix:rdev");
        var major = major(number);
        var minor = minor(number);
        var device = BlockDevice.of(machine, major, minor);
        var whole = device.wholeDisk();
        if (whole.isPresent()) {
            throw new TrackerException(
                    String.format(
                            Locale.ROOT,
                            "%s is a partition; name the whole disk, /dev/%s",
                            path,
                            whole.get().name()));
        }
        return new TrackedDisk(path, true, major, minor, notEmpty(path, device.sizeBytes()));
    }

    /// Of the C library's `dev_t` (`gnu_dev_major`).
    static int major(long number) {
        return (int) (((number >>> 8) & 0xfff) | ((number >>> 32) & 0xfffff000L));
    }

    /// Of the C library's `dev_t` (`gnu_dev_minor`).
    static int minor(long number) {
        return (int) ((number & 0xff) | ((number >>> 12) & 0xffffff00L));
    }

    private static TrackedDisk file(Path path) throws IOException {
        return new TrackedDisk(path, false, 0, 0, notEmpty(path, Files.size(path)));
    }

    private static long notEmpty(Path path, long sizeBytes) throws TrackerException {
        if (sizeBytes == 0) {
            throw new TrackerException(path + " is empty: no medium, or no file behind it");
        }
        return sizeBytes;
    }

    /// All whole disks with a medium, by name. Left out are partitions, memory disks, optical
    /// drives, loop devices without a file, and what md and device-mapper make of other disks.
    public List<DiskDescription> list() throws TrackerException {
        var found = new ArrayList<DiskDescription>();
        try (var directories = Files.newDirectoryStream(machine.sys().resolve("block"))) {
            for (var directory : directories) {
                var device = BlockDevice.at(directory);
                try {
                    if (isDisk(device)) {
                        found.add(describe(device));
                    }
                } catch (TrackerException e) {
                    // one that was taken away while it was looked at is no disk of this machine
                    if (Files.exists(directory) && device.sizeBytes() > 0) {
                        throw e;
                    }
                }
            }
        } catch (IOException e) {
            throw new TrackerException("cannot list the disks of this machine: " + e, e);
        }
        found.sort((one, other) -> one.disk().path().compareTo(other.disk().path()));
        return List.copyOf(found);
    }

    private static boolean isDisk(BlockDevice device) throws TrackerException {
        return !NO_DISK.matcher(device.name()).matches()
                && !device.isMadeOfOthers()
                && !device.isHidden()
                && device.sizeBytes() > 0;
    }

    private static DiskDescription describe(BlockDevice device) throws TrackerException {
        var disk =
                new TrackedDisk(
                        Path.of("/dev", device.name()),
                        true,
                        device.major(),
                        device.minor(),
                        device.sizeBytes());
        var model = firstOf(device, "device/model", "loop/backing_file");
        // NVMe, virtio, SCSI
        var serial = firstOf(device, "device/serial", "serial");
        return new DiskDescription(
                disk, model, serial.isEmpty() ? device.scsiSerial().orElse("") : serial);
    }

    private static String firstOf(BlockDevice device, String... names) throws TrackerException {
        for (var name : names) {
            var value = device.attribute(name);
            if (value.isPresent()) {
                return value.get();
            }
        }
        return "";
    }
}
