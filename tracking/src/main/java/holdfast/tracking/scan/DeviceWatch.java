package holdfast.tracking.scan;

import holdfast.tracking.TrackedDisk;
import holdfast.tracking.TrackerException;
import holdfast.tracking.device.BlockDevice;
import holdfast.tracking.device.Machine;
import holdfast.tracking.device.StatisticsFile;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Watches a block device by the kernel's counters of finished writes and discards and of those on
/// their way.
///
/// The number in flight is read before the counters, at both moments. A change that began and ended
/// in between moved a counter; one that began and has not ended is in flight at the second moment;
/// one that was in flight at the first moment forbids the proof from the start. So: nothing in
/// flight at either, and equal counters, means that nothing was issued and nothing ended.
final class DeviceWatch implements QuietWatch {
    private final BlockDevice device;
    private final long sizeBytes;
    private final long mediumSequence;
    private final StatisticsFile statistics;

    /// The counters at the first moment; null if something was in flight then.
    private StatisticsFile.@Nullable Changes first;

    DeviceWatch(TrackedDisk disk, Machine machine) throws TrackerException {
        device = BlockDevice.of(machine, disk.major(), disk.minor());
        sizeBytes = disk.sizeBytes();
        mediumSequence = device.mediumSequence();
        statistics = device.openStatistics();
    }

    @Override
    public void begin() throws TrackerException {
        if (device.sizeBytes() != sizeBytes || device.mediumSequence() != mediumSequence) {
            throw new TrackerException(
                    String.format(
                            Locale.ROOT,
                            "%s was replaced or resized: start the agent anew",
                            device.name()));
        }
        first = counters();
    }

    @Override
    public boolean isUnchanged() throws TrackerException {
        return first != null && first.equals(counters());
    }

    private StatisticsFile.@Nullable Changes counters() throws TrackerException {
        var quiet = device.countsEverything() && device.changesInFlight() == 0;
        var counters = statistics.read();
        return quiet ? counters : null;
    }

    @Override
    public void close() {
        statistics.close();
    }
}
