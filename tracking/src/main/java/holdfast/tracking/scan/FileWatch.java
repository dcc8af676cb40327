package holdfast.tracking.scan;

import holdfast.base.TimeSource;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Watches an image file by its inode, size, and times of change (mtime, ctime, in nanoseconds).
///
/// The kernel stamps a file before it changes its content, but with a clock that stands still
/// between two timer ticks, at most [#TICK_MAX] apart. A second change within the tick of the first
/// leaves the same stamp. So [#begin] waits until the stamp it saw is older than that: then every
/// later change gets another. A stamp from the future (a clock that was set back) cannot be waited
/// for and proves nothing.
///
/// Writes through a shared mapping of the file are stamped once per writeback and not once per
/// write: a program that writes that way (none that uses image files as disks does) escapes this
/// watch. So may writers on other machines of a network file system.
final class FileWatch implements QuietWatch {
    /// Kernels tick 100 to 1000 times a second; with a margin for the clock's own granularity.
    private static final Duration TICK_MAX = Duration.ofMillis(20);

    private final Path path;
    private final long sizeBytes;
    private final TimeSource time;
    private @Nullable Stamp first;

    private record Stamp(Object inode, long sizeBytes, FileTime modified, FileTime changed) {
        static Stamp of(Path path) throws TrackerException {
            try {
                var basic = Files.readAttributes(path, BasicFileAttributes.class);
                return new Stamp(
                        Files.getAttribute(path, "unix:ino"),
                        basic.size(),
                        basic.lastModifiedTime(),
                        (FileTime) Files.getAttribute(path, "unix:ctime"));
            } catch (IOException e) {
                throw new TrackerException("cannot look at " + path + ": " + e, e);
            }
        }
    }

    FileWatch(TrackedDisk disk, TimeSource time) {
        this.path = disk.path();
        this.sizeBytes = disk.sizeBytes();
        this.time = time;
    }

    @Override
    public void begin() throws TrackerException {
        first = null;
        var stamp = Stamp.of(path);
        if (stamp.sizeBytes != sizeBytes) {
            throw new TrackerException(
                    String.format(
                            Locale.ROOT,
                            "%s has %d bytes now, had %d: start the agent anew",
                            path,
                            stamp.sizeBytes,
                            sizeBytes));
        }
        var age = Duration.between(stamp.changed.toInstant(), time.now());
        if (age.isNegative()) {
            return;
        }
        try {
            time.sleep(TICK_MAX.minus(age));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TrackerException("interrupted while waiting for the clock", e);
        }
        if (stamp.equals(Stamp.of(path))) {
            first = stamp;
        }
    }

    @Override
    public boolean isUnchanged() throws TrackerException {
        return first != null && first.equals(Stamp.of(path));
    }

    @Override
    public void close() {
        // holds nothing open: a file that is replaced under the same name must be noticed
    }
}
