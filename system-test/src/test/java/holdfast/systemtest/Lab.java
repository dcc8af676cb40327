package holdfast.systemtest;

import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.TimeSource;
import holdfast.demo.Commands;
import holdfast.demo.Installation;
import holdfast.demo.Program;
import holdfast.demo.RecoveredImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// An installation, protected disks and loads, all taken down together in the right order whatever
/// happened in between.
final class Lab implements AutoCloseable {
    /// The launcher: what users run, and in half a second where a plain Java takes twice that.
    static final Program HOLDFAST = new Program(CommandLine.holdfast());

    final Processes processes = Processes.system();
    final TimeSource time = TimeSource.system();
    final Commands commands = new Commands(processes);
    final Path directory;
    final Installation installation;
    private final List<AutoCloseable> opened = new ArrayList<>();

    private Lab(Path directory, Program holdfast, Program agent)
            throws IOException, InterruptedException {
        CommandLine.build(commands);
        this.directory = directory;
        this.installation =
                new Installation(holdfast, agent, processes, Network.system(), time, directory);
        opened.add(() -> commands.output("rm", "-rf", directory.toString()));
        opened.add(installation);
    }

    static Lab open(String name) throws IOException, InterruptedException {
        return open(name, HOLDFAST);
    }

    /// @param agent started in place of the real one
    static Lab open(String name, Program agent) throws IOException, InterruptedException {
        return new Lab(folder(name), HOLDFAST, agent);
    }

    /// A lab in a folder of that name.
    ///
    /// @param holdfast by the lab's folder, started for the server and the commands
    static Lab open(String name, HoldfastIn holdfast) throws IOException, InterruptedException {
        var directory = folder(name);
        return new Lab(directory, holdfast.program(directory), HOLDFAST);
    }

    /// How to start what the lab is about.
    @FunctionalInterface
    interface HoldfastIn {
        Program program(Path directory) throws IOException;
    }

    private static Path folder(String name) throws IOException {
        return Files.createTempDirectory("hf-" + name + "-"); // short: it has sockets
    }

    /// Closes it with the lab, before everything opened earlier.
    <T extends AutoCloseable> T keep(T resource) {
        opened.add(resource);
        return resource;
    }

    ProtectedDisk disk(String name, String fileSystem, int mebibytes)
            throws IOException, InterruptedException {
        return keep(
                ProtectedDisk.make(commands, directory, name, fileSystem, (long) mebibytes << 20));
    }

    /// A load that runs until it is closed.
    Load load(List<String> command) throws IOException {
        var log = directory.resolve(command.getFirst() + ".log").toFile();
        return new Load(
                processes.start(
                        new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(ProcessBuilder.Redirect.appendTo(log))));
    }

    /// Ends what an agent of a test's own, which has ended, left in the kernel.
    void uninstall(Path state) throws IOException, InterruptedException {
        commands.run(HOLDFAST.command(List.of("agent", "uninstall", "--state", state.toString())));
    }

    /// Copies a disk at a point, without a process of the command's for it.
    Path copy(Path disk, Installation.Point point, String name)
            throws IOException, InterruptedException {
        var image = directory.resolve(name);
        try (var served = installation.serve(disk, point)) {
            commands.output("qemu-img", "convert", "-O", "raw", served.uri(), image.toString());
        }
        return image;
    }

    /// Opens an exported image whose file system fills the whole disk.
    RecoveredImage recovered(Path image, String name) throws IOException, InterruptedException {
        return RecoveredImage.open(commands, image, 0, directory.resolve(name));
    }

    /// A program that makes work for a disk, with all its children.
    record Load(Process process) implements AutoCloseable {
        @Override
        public void close() {
            var children = process.descendants().toList();
            children.forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().onExit().join();
            // one that waits for a disk has files open until then
            children.forEach(child -> child.onExit().join());
        }
    }

    @Override
    public void close() throws IOException {
        var failure = new IOException("while taking the lab down");
        for (var resource : opened.reversed()) {
            try {
                resource.close();
            } catch (Exception e) {
                failure.addSuppressed(e);
            }
        }
        if (failure.getSuppressed().length > 0) {
            throw failure;
        }
    }
}
