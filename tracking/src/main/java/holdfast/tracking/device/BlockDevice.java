package holdfast.tracking.device;

import holdfast.base.Blocks;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A block device as sysfs shows it. Every call reads anew; safe for any thread.
public final class BlockDevice {
    private final Path directory;

    private BlockDevice(Path directory) {
        this.directory = directory;
    }

    /// The device of this number.
    public static BlockDevice of(Machine machine, int major, int minor) throws TrackerException {
        var link = machine.sys().resolve("dev/block/" + major + ":" + minor);
        try {
            return new BlockDevice(link.toRealPath());
        } catch (IOException e) {
            throw new TrackerException(
                    "there is no block device with number " + major + ":" + minor, e);
        }
    }

    /// The device whose sysfs directory this is.
    public static BlockDevice at(Path directory) {
        return new BlockDevice(directory);
    }

    /// Name in /dev.
    public String name() {
        return directory.getFileName().toString().replace('!', '/');
    }

    /// The whole disk that this device is a partition of, if it is one.
    public Optional<BlockDevice> wholeDisk() {
        return Files.exists(directory.resolve("partition"))
                ? Optional.ofNullable(directory.getParent()).map(BlockDevice::new)
                : Optional.empty();
    }

    public int major() throws TrackerException {
        return number(0);
    }

    public int minor() throws TrackerException {
        return number(1);
    }

    private int number(int part) throws TrackerException {
        return Integer.parseInt(line("dev").split(":", -1)[part]);
    }

    public long sizeBytes() throws TrackerException {
        return Long.parseLong(line("size")) * Blocks.SECTOR_BYTES;
    }

    /// Number that no other medium has had since the machine started, even in the same drive or
    /// under the same loop device; 0 on kernels before 5.15, which keep none.
    public long mediumSequence() throws TrackerException {
        return attribute("diskseq").map(Long::parseLong).orElse(0L);
    }

    /// What has changed it so far. The caller closes the file.
    public StatisticsFile openStatistics() throws TrackerException {
        return new StatisticsFile(directory.resolve("stat"));
    }

    /// Writes and discards that are on their way.
    public long changesInFlight() throws TrackerException {
        return Long.parseLong(line("inflight").split("\\s+", -1)[1]);
    }

    /// Whether the device takes requests of the block layer, at which the tracepoints are. Drivers
    /// that take bios themselves (md, most of device-mapper, zram, NVMe multipath) pass them by.
    public boolean takesRequests() {
        return Files.isDirectory(directory.resolve("mq"));
    }

    /// Whether it has zones that are reset as a whole.
    public boolean zoned() throws TrackerException {
        return attribute("queue/zoned").filter(zoned -> !"none".equals(zoned)).isPresent();
    }

    /// Whether [#openStatistics] and [#changesInFlight] count everything: the block layer does for
    /// requests, md and device-mapper do for themselves, other drivers need not.
    public boolean countsEverything() throws TrackerException {
        return (takesRequests() || isMadeOfOthers())
                && !attribute("queue/iostats").equals(Optional.of("0"));
    }

    /// Whether md or device-mapper makes it of other devices.
    public boolean isMadeOfOthers() {
        return Files.isDirectory(directory.resolve("md"))
                || Files.isDirectory(directory.resolve("dm"));
    }

    /// Whether it is one path to a disk that is shown as another device (NVMe multipath).
    public boolean isHidden() throws TrackerException {
        return attribute("hidden").equals(Optional.of("1"));
    }

    /// Serial number of a SCSI or SATA disk (vital product data, page 0x80: four bytes of header).
    public Optional<String> scsiSerial() throws TrackerException {
        var page = directory.resolve("device/vpd_pg80");
        try {
            var bytes = Files.isRegularFile(page) ? Files.readAllBytes(page) : new byte[0];
            return bytes.length <= 4
                    ? Optional.empty()
                    : Optional.of(
                            new String(bytes, 4, bytes.length - 4, StandardCharsets.US_ASCII)
                                    .strip());
        } catch (IOException e) {
            throw new TrackerException("cannot read " + page, e);
        }
    }

    /// Partitions of the disk, and the devices that md or device-mapper make with this one.
    public List<BlockDevice> dependents() throws TrackerException {
        var found = new ArrayList<BlockDevice>();
        try (var entries = Files.newDirectoryStream(directory)) {
            for (var entry : entries) {
                if (Files.exists(entry.resolve("partition"))) {
                    found.add(new BlockDevice(entry));
                }
            }
            try (var holders = Files.newDirectoryStream(directory.resolve("holders"))) {
                for (var holder : holders) {
                    found.add(new BlockDevice(holder.toRealPath()));
                }
            }
        } catch (IOException e) {
            throw new TrackerException("cannot list " + directory, e);
        }
        return found;
    }

    /// Whether one request may discard several ranges.
    public boolean discardsSeveralRanges() throws TrackerException {
        var discards = attribute("queue/discard_max_bytes").map(Long::parseUnsignedLong);
        return discards.orElse(0L) != 0
                && !attribute("queue/max_discard_segments").equals(Optional.of("1"));
    }

    /// What an attribute file says; empty if there is no such file or nothing in it.
    public Optional<String> attribute(String name) throws TrackerException {
        var file = directory.resolve(name);
        try {
            return Files.isRegularFile(file)
                    ? Optional.of(line(name)).filter(line -> !line.isEmpty())
                    : Optional.empty();
        } catch (TrackerException e) {
            if (Files.isRegularFile(file)) {
                throw e;
            }
            return Optional.empty(); // it went while we looked, as loop devices do
        }
    }

    private String line(String file) throws TrackerException {
        return Machine.line(directory.resolve(file));
    }
}
