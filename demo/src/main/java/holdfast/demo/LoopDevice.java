package holdfast.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file attached as a block device. The opener closes it, after unmounting what lies on it.
public final class LoopDevice implements AutoCloseable {
    private final Commands commands;
    private final Path device;

    private LoopDevice(Commands commands, Path device) {
        this.commands = commands;
        this.device = device;
    }

    /// Attaches the whole file.
    public static LoopDevice attach(Commands commands, Path file)
            throws IOException, InterruptedException {
        return attach(commands, file, 0);
    }

    /// Attaches the file from an offset on: a way to a partition that needs no partition table
    /// support in the kernel.
    public static LoopDevice attach(Commands commands, Path file, long offsetBytes)
            throws IOException, InterruptedException {
        var device =
                commands.output(
                        "losetup",
                        "--find",
                        "--show",
                        "--offset",
                        Long.toString(offsetBytes),
                        file.toString());
        return new LoopDevice(commands, Path.of(device));
    }

    public Path device() {
        return device;
    }

    /// Tells the kernel of a partition (some kernels are built without a parser for partition
    /// tables).
    ///
    /// @return the partition's own device
    public Path addPartition(int number, long firstSector, long sectorCount)
            throws IOException, InterruptedException {
        var partition = Path.of(device + "p" + number);
        if (!Files.exists(partition)) {
            commands.output(
                    "addpart",
                    device.toString(),
                    Integer.toString(number),
                    Long.toString(firstSector),
                    Long.toString(sectorCount));
        }
        for (var i = 0; i < 100 && !Files.exists(partition); i++) {
            commands.output("sleep", "0.05"); // the node is made by another process
        }
        return partition;
    }

    @Override
    public void close() throws IOException {
        try {
            commands.output("losetup", "--detach", device.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(device + ": interrupted while detaching", e);
        }
    }
}
