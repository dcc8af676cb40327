package holdfast.tracking.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.TimeSource;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.Tracker;
import holdfast.tracking.device.LoopDevice;
import holdfast.tracking.device.Machine;
import holdfast.tracking.device.RawWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScanTrackerTest {
    private static final int IMAGE_BYTES = 10 * 4096 + 100;

    @TempDir Path directory;

    @Test
    void everyFlipMakesEveryBlockPending() throws IOException {
        try (var tracker = image(TimeSource.system())) {
            assertThat(tracker.distrust(0)).isPresent();
            assertThat(tracker.pending(0).isEmpty()).isTrue();
            tracker.trust(0);
            assertThat(tracker.distrust(0)).isEmpty();
            for (var round = 0; round < 2; round++) {
                tracker.flip();
                assertThat(tracker.pending(0).size()).isEqualTo(11);
                tracker.pending(0).remove(0, 11);
            }
        }
    }

    @Test
    void aFileThatStaysAsItIsHasNoConflicts() throws IOException {
        try (var tracker = image(TimeSource.system())) {
            var flip = tracker.flip();
            assertThat(flip.isProven(0)).isTrue();
            tracker.flip();
            assertThatThrownBy(() -> flip.isProven(0)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void anyChangeOfTheFileMakesEverythingReadAConflict() throws IOException {
        var path = directory.resolve("disk.img");
        try (var tracker = image(TimeSource.system())) {
            var flip = tracker.flip();
            overwrite(path);
            assertThat(flip.isProven(0)).isFalse();

            // its content and length as before, and even its mtime set back
            flip = tracker.flip();
            var modified = Files.getLastModifiedTime(path);
            overwrite(path);
            Files.setLastModifiedTime(path, modified);
            assertThat(flip.isProven(0)).isFalse();

            // replaced by another of the same name
            flip = tracker.flip();
            var other = Files.copy(path, directory.resolve("other"));
            Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
            assertThat(flip.isProven(0)).isFalse();
        }
    }

    @Test
    void aStampTooFreshToTellIsWaitedFor() throws IOException {
        var changed = new Instant[1];
        var clock =
                new TimeSource() {
                    private Duration slept = Duration.ZERO;

                    @Override
                    public Instant now() {
                        return changed[0].plusMillis(1).plus(slept);
                    }

                    @Override
                    public long nanoTime() {
                        return slept.toNanos();
                    }

                    @Override
                    public void sleep(Duration duration) {
                        slept = slept.plus(duration);
                    }
                };
        try (var tracker = image(clock)) {
            var time = (FileTime) Files.getAttribute(directory.resolve("disk.img"), "unix:ctime");
            changed[0] = time.toInstant();
            var flip = tracker.flip();
            assertThat(clock.slept).isEqualTo(Duration.ofMillis(19));
            assertThat(flip.instant()).isAfterOrEqualTo(changed[0].plusMillis(20));
            assertThat(flip.isProven(0)).isTrue();

            changed[0] = time.toInstant().minusSeconds(60); // a stamp from the future
            clock.slept = Duration.ZERO;
            flip = tracker.flip();
            assertThat(flip.isProven(0)).isFalse();
        }
    }

    @Test
    void aFileOfAnotherLengthStopsTheTracker() throws IOException {
        try (var tracker = image(TimeSource.system())) {
            Files.write(directory.resolve("disk.img"), new byte[1], StandardOpenOption.APPEND);
            assertThatThrownBy(tracker::flip).hasMessageContaining("start the agent anew");
        }
    }

    @Test
    void aQuietBlockDeviceHasNoConflictsAndAnyChangeMakesThem() throws IOException {
        try (var loop = LoopDevice.attach(16 << 20);
                var tracker = open(loop.disk(), TimeSource.system());
                var arena = Arena.ofConfined()) {
            var flip = tracker.flip();
            assertThat(flip.isProven(0)).isTrue();
            LoopDevice.run("dd", "if=" + loop.path(), "of=/dev/null", "iflag=direct", "bs=64k");
            assertThat(flip.isProven(0)).as("reading changes nothing").isTrue();
            try (var writer = new RawWriter(loop.path(), true)) {
                writer.write(arena.allocate(4096, 4096), 0);
            }
            assertThat(flip.isProven(0)).isFalse();
            flip = tracker.flip();
            LoopDevice.run("blkdiscard", "-o", "0", "-l", "4096", loop.path().toString());
            assertThat(flip.isProven(0)).isFalse();
        }
    }

    @Test
    void aDeviceThatDoesNotCountProvesNothing() throws IOException {
        try (var loop = LoopDevice.attach(16 << 20);
                var tracker = open(loop.disk(), TimeSource.system())) {
            loop.keepStatistics(false);
            var flip = tracker.flip();
            assertThat(flip.isProven(0)).isFalse();
        }
    }

    private Tracker image(TimeSource time) throws IOException {
        var path = Files.write(directory.resolve("disk.img"), new byte[IMAGE_BYTES]);
        return open(new TrackedDisk(path, false, 0, 0, IMAGE_BYTES), time);
    }

    private static Tracker open(TrackedDisk disk, TimeSource time) throws IOException {
        return ScanTracker.open("scan: test", List.of(disk), Machine.local(), time);
    }

    private static void overwrite(Path path) throws IOException {
        Files.write(path, new byte[10], StandardOpenOption.WRITE);
    }
}
