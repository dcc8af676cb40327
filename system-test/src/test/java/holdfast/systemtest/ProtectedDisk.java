package holdfast.systemtest;

import holdfast.demo.Commands;
import holdfast.demo.LoopDevice;
import holdfast.demo.Mount;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/// A loop device with a mounted file system on it. Closing takes both down and keeps the image.
final class ProtectedDisk implements AutoCloseable {
    private final Commands commands;
    private final LoopDevice loop;
    private final Path mountPoint;
    private Mount mount;
    private boolean mounted = true;

    private ProtectedDisk(Commands commands, LoopDevice loop, Path mountPoint, Mount mount) {
        this.commands = commands;
        this.loop = loop;
        this.mountPoint = mountPoint;
        this.mount = mount;
    }

    /// @param fileSystem `ext4` or `xfs`
    static ProtectedDisk make(
            Commands commands, Path directory, String name, String fileSystem, long sizeBytes)
            throws IOException, InterruptedException {
        var image = directory.resolve(name + ".img");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        var loop = LoopDevice.attach(commands, image);
        try {
            var force = fileSystem.equals("xfs") ? "-f" : "-F";
            commands.output("mkfs." + fileSystem, "-q", force, loop.device().toString());
            var mountPoint = directory.resolve(name);
            var mount = Mount.mount(commands, loop.device(), mountPoint, "noatime");
            return new ProtectedDisk(commands, loop, mountPoint, mount);
        } catch (IOException | InterruptedException e) {
            loop.close();
            throw e;
        }
    }

    Path device() {
        return loop.device();
    }

    /// The root of the mounted file system.
    Path root() {
        return mount.directory();
    }

    /// Unmounts, so that nothing writes any more; the device stays.
    void quiesce() throws IOException {
        if (mounted) {
            mount.close();
            mounted = false;
        }
    }

    void mountAgain() throws IOException, InterruptedException {
        mount = Mount.mount(commands, loop.device(), mountPoint, "noatime");
        mounted = true;
    }

    @Override
    public void close() throws IOException {
        try {
            if (mounted) {
                mount.detach();
                mounted = false;
            }
        } finally {
            loop.close();
        }
    }
}
