package holdfast.demo;

import holdfast.base.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The machine that will be lost: a disk image attached as a block device, its root file system
/// mounted, and a writer on it. Closing takes everything down; [#lose] does so without warning.
public final class SourceMachine implements AutoCloseable {
    private static final int SECTOR_BYTES = 512;

    /// Where the writer writes, relative to the root file system.
    static final Path FILE_A = Path.of("a.records");

    static final Path FILE_B = Path.of("b.records");

    private final Path image;
    private final long rootOffsetBytes;
    private final LoopDevice disk;
    private Optional<Mount> root;
    private Optional<WriterProcess> writer = Optional.empty();

    private SourceMachine(Path image, long rootOffsetBytes, LoopDevice disk, Mount root) {
        this.image = image;
        this.rootOffsetBytes = rootOffsetBytes;
        this.disk = disk;
        this.root = Optional.of(root);
    }

    /// Attaches the image and mounts its largest partition.
    ///
    /// @param image with a partition table; changed by the writer
    /// @param mountPoint an absent directory
    public static SourceMachine start(Commands commands, Path image, Path mountPoint)
            throws IOException, InterruptedException {
        var partition = largestPartition(commands, image);
        var disk = LoopDevice.attach(commands, image);
        try {
            var device =
                    disk.addPartition(
                            partition.number(), partition.firstSector(), partition.sectorCount());
            var root = Mount.mount(commands, device, mountPoint, "noatime");
            var offset = partition.firstSector() * SECTOR_BYTES;
            return new SourceMachine(image, offset, disk, root);
        } catch (IOException | InterruptedException e) {
            disk.close();
            throw e;
        }
    }

    /// The protected disk.
    public Path device() {
        return disk.device();
    }

    /// Where in the disk the root file system begins.
    public long rootOffsetBytes() {
        return rootOffsetBytes;
    }

    /// Starts the writer.
    ///
    /// @param pause between two records
    public WriterProcess startWriter(Processes processes, Duration pause) throws IOException {
        var directory = root.orElseThrow().directory();
        var started =
                WriterProcess.start(
                        processes, directory.resolve(FILE_A), directory.resolve(FILE_B), pause);
        writer = Optional.of(started);
        return started;
    }

    /// The machine is gone: writer killed, disk torn away and destroyed, nothing flushed for the
    /// sake of the replica.
    public void lose() throws IOException {
        close();
        Files.deleteIfExists(image);
    }

    @Override
    public void close() throws IOException {
        writer.ifPresent(WriterProcess::close);
        writer = Optional.empty();
        if (root.isPresent()) {
            root.get().detach();
            root = Optional.empty();
            disk.close();
        }
    }

    private static Partition largestPartition(Commands commands, Path image)
            throws IOException, InterruptedException {
        var table =
                new JsonMapper().readTree(commands.output("sfdisk", "--json", image.toString()));
        var largest = new Partition(0, 0, 0);
        var number = 0;
        for (JsonNode entry : table.required("partitiontable").required("partitions")) {
            number++;
            var sectors = entry.required("size").asLong();
            if (sectors > largest.sectorCount()) {
                largest = new Partition(number, entry.required("start").asLong(), sectors);
            }
        }
        if (largest.sectorCount() == 0) {
            throw new IOException(image + ": the partition table holds no partition");
        }
        return largest;
    }

    private record Partition(int number, long firstSector, long sectorCount) {}
}
