package holdfast.bench;

import holdfast.demo.LoopDevice;
import holdfast.demo.Mount;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A disk with a mounted ext4 file system and one large file for loads to write to. Closing takes
/// it down, the loads have ended.
final class WrittenDisk implements AutoCloseable {
    private final Workspace workspace;
    private final Path image;
    private final LoopDevice loop;
    private final Mount mount;
    private final long fileBytes;

    private WrittenDisk(
            Workspace workspace, Path image, LoopDevice loop, Mount mount, long fileBytes) {
        this.workspace = workspace;
        this.image = image;
        this.loop = loop;
        this.mount = mount;
        this.fileBytes = fileBytes;
    }

    /// Makes the disk, a third larger than the file, and writes the file once.
    static WrittenDisk make(Workspace workspace, String name, int fileMebibytes)
            throws IOException, InterruptedException {
        var image = workspace.path(name + ".img");
        var fileBytes = (long) fileMebibytes << 20;
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(fileBytes / 3 * 4 + (32 << 20));
        }
        var loop = LoopDevice.attach(workspace.commands, image);
        try {
            var device = loop.device();
            // past the page cache: otherwise memory is written, and not a disk
            workspace.commands.output("losetup", "--direct-io=on", device.toString());
            workspace.commands.output("mkfs.ext4", "-q", "-F", device.toString());
            var mount = Mount.mount(workspace.commands, device, workspace.path(name), "noatime");
            var disk = new WrittenDisk(workspace, image, loop, mount, fileBytes);
            disk.fio("--rw=write", "--bs=1M", "--iodepth=4");
            return disk;
        } catch (IOException | InterruptedException e) {
            loop.close();
            throw e;
        }
    }

    Path image() {
        return image;
    }

    Path device() {
        return loop.device();
    }

    /// Runs a load to its end.
    ///
    /// @return what fio measured of its only job
    JsonNode fio(String... options) throws IOException, InterruptedException {
        var result = workspace.commands.run(fioCommand(List.of(options))).orThrow();
        return JsonMapper.shared().readTree(result).required("jobs").get(0);
    }

    /// Starts a load that goes on until it is ended.
    Process startFio(String... options) throws IOException {
        return workspace.processes.start(
                new ProcessBuilder(fioCommand(List.of(options)))
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.INHERIT));
    }

    private List<String> fioCommand(List<String> options) {
        var command =
                new ArrayList<>(
                        List.of(
                                "fio",
                                "--name=load",
                                "--filename=" + mount.directory().resolve("written"),
                                "--size=" + fileBytes,
                                "--ioengine=libaio",
                                "--thread", // one process, which ends as a whole
                                "--direct=1",
                                "--output-format=json"));
        command.addAll(options);
        return command;
    }

    @Override
    public void close() throws IOException {
        try {
            mount.close();
        } finally {
            loop.close();
        }
    }
}
