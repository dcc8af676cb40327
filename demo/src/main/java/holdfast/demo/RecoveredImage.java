package holdfast.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A file system on an exported point of a protected disk, mounted for a look. The opener closes
/// it.
///
/// Mounting replays the file system's journal, as a boot would, and so changes the image: hand over
/// one that nobody needs afterwards.
public final class RecoveredImage implements AutoCloseable {
    private final Commands commands;
    private final LoopDevice loop;
    private final String fileSystem;
    private Optional<Mount> mount;

    private RecoveredImage(Commands commands, LoopDevice loop, String fileSystem, Mount mount) {
        this.commands = commands;
        this.loop = loop;
        this.fileSystem = fileSystem;
        this.mount = Optional.of(mount);
    }

    /// @param image raw image of a whole disk
    /// @param offsetBytes where in it the file system begins
    /// @param scratch an absent directory to mount on
    /// @throws IOException if it cannot be mounted, which for a consistency point is a fault too
    public static RecoveredImage open(Commands commands, Path image, long offsetBytes, Path scratch)
            throws IOException, InterruptedException {
        var loop = LoopDevice.attach(commands, image, offsetBytes);
        try {
            var device = loop.device();
            var type =
                    commands.output("blkid", "-p", "-s", "TYPE", "-o", "value", device.toString());
            var mount = Mount.mount(commands, device, scratch, mountOptions(type));
            return new RecoveredImage(commands, loop, type, mount);
        } catch (IOException | InterruptedException e) {
            loop.close();
            throw e;
        }
    }

    /// The root of the mounted file system.
    public Path root() {
        return mount.orElseThrow().directory();
    }

    /// Its type, such as `ext4`.
    public String fileSystem() {
        return fileSystem;
    }

    /// Unmounts and runs the file system's own checker.
    ///
    /// @return what the checker complained about; empty if it is clean
    public Optional<String> unmountAndCheck() throws IOException, InterruptedException {
        mount.orElseThrow().close();
        mount = Optional.empty();
        var checker = commands.run(checker(fileSystem, loop.device().toString()));
        return checker.status() == 0
                ? Optional.empty()
                : Optional.of(checker.command().getFirst() + ": " + checker.output().strip());
    }

    private static String mountOptions(String type) {
        // XFS refuses two file systems of one identity, and the source may still be mounted
        return type.equals("xfs") ? "noatime,nouuid" : "noatime";
    }

    private static List<String> checker(String type, String device) {
        return switch (type) {
            case "ext2", "ext3", "ext4" -> List.of("e2fsck", "-f", "-n", device);
            case "xfs" -> List.of("xfs_repair", "-n", device);
            case "btrfs" -> List.of("btrfs", "check", "--readonly", device);
            default ->
                    throw new IllegalArgumentException(
                            "no way to check a file system of type \"" + type + "\"");
        };
    }

    @Override
    public void close() throws IOException {
        try {
            if (mount.isPresent()) {
                mount.get().close();
            }
        } finally {
            loop.close();
        }
    }
}
