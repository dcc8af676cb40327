package holdfast.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.TimeSource;
import holdfast.tracking.device.LoopDevice;
import holdfast.tracking.device.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrackersTest {
    @TempDir Path directory;

    private final String name = "test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();

    @Test
    void blockDevicesAreTrackedByEbpf() throws IOException {
        try (var loop = LoopDevice.attach(16 << 20);
                var tracker = open(Optional.empty(), loop.disk())) {
            assertThat(tracker.kind()).isEqualTo(Tracker.Kind.EBPF);
            assertThat(tracker.explanation()).isEqualTo("ebpf (tp_btf, 1 disk)");
            tracker.discard();
        }
    }

    @Test
    void anImageFileMakesAllDisksScannedAndSaysWhy() throws IOException {
        var image = image();
        try (var loop = LoopDevice.attach(16 << 20);
                var tracker = open(Optional.empty(), loop.disk(), image)) {
            assertThat(tracker.kind()).isEqualTo(Tracker.Kind.SCAN);
            assertThat(tracker.explanation())
                    .isEqualTo("scan: %s is a file and not a block device", image.path());
        }
    }

    @Test
    void aForcedChoiceThatCannotWorkIsRefusedSayingWhyAndWhatWould() throws IOException {
        var image = image();
        assertThatThrownBy(() -> open(Optional.of(Tracker.Kind.EBPF), image))
                .isInstanceOf(TrackerException.class)
                .hasMessage(
                        "the ebpf tracker cannot be used: %s is a file and not a block device;"
                                + " --tracker scan can",
                        image.path());
    }

    @Test
    void aKernelWithoutTypeInformationIsScanned() throws IOException {
        try (var loop = LoopDevice.attach(16 << 20)) {
            // this machine's disks, but nothing else of its sysfs
            Files.createSymbolicLink(directory.resolve("dev"), Path.of("/sys/dev"));
            Files.createDirectories(directory.resolve("devices/system/cpu"));
            Files.writeString(directory.resolve("devices/system/cpu/possible"), "0-1\n");
            var local = Machine.local();
            var machine = new Machine(directory, local.proc(), local.bpf());
            try (var tracker =
                    Trackers.open(
                            name,
                            List.of(loop.disk()),
                            Optional.empty(),
                            machine,
                            TimeSource.system())) {
                assertThat(tracker.explanation())
                        .isEqualTo(
                                "scan: the kernel offers no type information at %s"
                                        + " (CONFIG_DEBUG_INFO_BTF)",
                                directory.resolve("kernel/btf/vmlinux"));
            }
            assertThat(local.bpf().resolve("holdfast").resolve(name)).doesNotExist();
        }
    }

    @Test
    void choosingToScanEndsWhatTheKernelKept() throws IOException {
        try (var loop = LoopDevice.attach(16 << 20)) {
            open(Optional.empty(), loop.disk()).close();
            var pins = Machine.local().bpf().resolve("holdfast").resolve(name);
            assertThat(pins).isDirectory();
            try (var tracker = open(Optional.of(Tracker.Kind.SCAN), loop.disk())) {
                assertThat(tracker.explanation()).isEqualTo("scan: as chosen");
                assertThat(pins).doesNotExist();
            }
        }
    }

    @Test
    void aNameInUseIsRefusedAndNotScanned() throws IOException {
        try (var loop = LoopDevice.attach(16 << 20);
                var first = open(Optional.empty(), loop.disk())) {
            for (var choice : Tracker.Kind.values()) {
                assertThatThrownBy(() -> open(Optional.of(choice), loop.disk()))
                        .isInstanceOf(TrackerInUseException.class);
            }
            assertThatThrownBy(() -> open(Optional.empty(), loop.disk()))
                    .isInstanceOf(TrackerInUseException.class);
            first.discard();
        }
    }

    private TrackedDisk image() throws IOException {
        return Disks.local().resolve(Files.write(directory.resolve("disk.img"), new byte[8192]));
    }

    private Tracker open(Optional<Tracker.Kind> choice, TrackedDisk... disks)
            throws TrackerException {
        return Trackers.open(name, List.of(disks), choice, TimeSource.system());
    }
}
