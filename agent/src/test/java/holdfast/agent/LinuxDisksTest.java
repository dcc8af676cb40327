package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Blocks;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real disks: image files, and loop devices where the test may make them.
class LinuxDisksTest {
    @TempDir Path directory;

    @Test
    void readsBlocksAsTheyAreAndZerosPastTheEnd() throws Exception {
        var data = new byte[300 * Blocks.BLOCK_BYTES + 512];
        new SplittableRandom(5).nextBytes(data);
        var image = Files.write(directory.resolve("disk.img"), data);
        var padded = Arrays.copyOf(data, 301 * Blocks.BLOCK_BYTES);
        try (var disk = DirectDisk.open(new TrackedDisk(image, false, 0, 0, data.length))) {
            assertThat(disk.sizeBytes()).isEqualTo(data.length);
            for (var range : List.of(List.of(0, 1), List.of(3, 150), List.of(100, 201))) {
                var target = new byte[range.get(1) * Blocks.BLOCK_BYTES];
                Arrays.fill(target, (byte) 9);
                disk.read(range.get(0), range.get(1), target);
                var from = range.get(0) * Blocks.BLOCK_BYTES;
                assertThat(target)
                        .isEqualTo(Arrays.copyOfRange(padded, from, from + target.length));
            }
        }
    }

    @Test
    void aClosedDiskIsNotRead() throws Exception {
        var image = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
        var disk = DirectDisk.open(new TrackedDisk(image, false, 0, 0, 1 << 20));
        disk.close();
        disk.close();
        assertThatThrownBy(() -> disk.read(0, 1, new byte[4096]))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aBlockDeviceIsReadPastTheCacheAndNamedAsItWasGiven() throws Exception {
        try (var loop = Loop.attach(directory)) {
            var given = Files.createSymbolicLink(directory.resolve("by-id"), Path.of(loop.device));
            var probed = new DiskProbe(SourceDisks.local()).probe(List.of(given)).getFirst();
            assertThat(probed.facts().name()).isEqualTo(given.toString());
            assertThat(probed.facts().sizeBytes()).isEqualTo(16 << 20);
            assertThat(probed.tracked().blockDevice()).isTrue();
            assertThat(probed.tracked().path()).isEqualTo(Path.of(loop.device));
            try (var disk = DirectDisk.open(probed.tracked())) {
                assertThat(disk.sizeBytes()).isEqualTo(16 << 20);
                disk.read(4090, 6, new byte[6 * Blocks.BLOCK_BYTES]);
            }
            Files.delete(given);
        }
    }

    @Test
    void aFileIsFoundOnTheDisksBelowItsFileSystem() throws Exception {
        var placement = DiskPlacement.local();
        try (var loop = Loop.attach(directory);
                var other = Loop.attach(directory)) {
            loop.run("mkfs.ext4 -q " + loop.device);
            var mount = Files.createDirectory(directory.resolve("mounted"));
            loop.run("mount " + loop.device + " " + mount);
            try {
                var staging = Files.createDirectory(mount.resolve("staging"));
                assertThat(placement.livesOn(staging, Path.of(loop.device))).isTrue();
                assertThat(placement.livesOn(staging, Path.of(other.device))).isFalse();
                assertThat(placement.livesOn(staging, loop.image)).isTrue();
                assertThat(placement.livesOn(staging, other.image)).isFalse();
            } finally {
                loop.run("umount " + mount);
            }
        }
    }

    private static final class Loop implements AutoCloseable {
        private final Path image;
        private final String device;

        private Loop(Path image, String device) {
            this.image = image;
            this.device = device;
        }

        static Loop attach(Path directory) throws IOException {
            assumeTrue(
                    Files.isWritable(Path.of("/dev/loop-control")),
                    "loop devices need root and /dev/loop-control");
            var image = Files.createTempFile(directory, "loop", ".img");
            Files.write(image, new byte[16 << 20]);
            return new Loop(image, output("losetup -f --show " + image));
        }

        void run(String command) throws IOException {
            output(command);
        }

        private static String output(String command) throws IOException {
            var process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
            var output = process.getInputStream().readAllBytes();
            var text = new String(output, StandardCharsets.UTF_8).strip();
            assertThat(process.onExit().join().exitValue()).as(command + ": " + text).isZero();
            return text;
        }

        @Override
        public void close() throws IOException {
            output("losetup -d " + device);
        }
    }
}
