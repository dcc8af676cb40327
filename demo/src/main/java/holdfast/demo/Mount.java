package holdfast.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A mounted file system. The opener closes it, after everything on it is closed.
public final class Mount implements AutoCloseable {
    private final Commands commands;
    private final Path directory;

    private Mount(Commands commands, Path directory) {
        this.commands = commands;
        this.directory = directory;
    }

    /// @param options as for `mount -o`, such as `noatime`
    public static Mount mount(Commands commands, Path device, Path directory, String options)
            throws IOException, InterruptedException {
        Files.createDirectories(directory);
        commands.output("mount", "-o", options, device.toString(), directory.toString());
        return new Mount(commands, directory);
    }

    public Path directory() {
        return directory;
    }

    /// Writes out what is cached, then unmounts.
    @Override
    public void close() throws IOException {
        unmount("--");
    }

    /// Unmounts even while programs that are being killed still hold files open.
    public void detach() throws IOException {
        unmount("--lazy");
    }

    private void unmount(String how) throws IOException {
        try {
            commands.output("umount", how, directory.toString());
            Files.deleteIfExists(directory);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(directory + ": interrupted while unmounting", e);
        }
    }
}
