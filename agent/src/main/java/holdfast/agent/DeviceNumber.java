package holdfast.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Number of a device, as `dev_t` of Linux packs it (`bits/sysmacros.h` of the C library), and what
/// kind of file a path is (`inode(7)`).
record DeviceNumber(int major, int minor) {
    private static final int KIND_MASK = 0170000;
    private static final int KIND_BLOCK_DEVICE = 0060000;

    static boolean isBlockDevice(Path path) throws IOException {
        var mode = (int) Files.getAttribute(path, "unix:mode");
        return (mode & KIND_MASK) == KIND_BLOCK_DEVICE;
    }

    /// Of the block device that the path is.
    static DeviceNumber ofDevice(Path path) throws IOException {
        return unpack((long) Files.getAttribute(path, "unix:rdev"));
    }

    /// Of the file system that the path lies on.
    static DeviceNumber ofFilesystem(Path path) throws IOException {
        return unpack((long) Files.getAttribute(path, "unix:dev"));
    }

    static DeviceNumber unpack(long packed) {
        var major = (packed >>> 8 & 0xfffL) | (packed >>> 32 & 0xfffff000L);
        var minor = (packed & 0xffL) | (packed >>> 12 & 0xffffff00L);
        return new DeviceNumber((int) major, (int) minor);
    }
}
