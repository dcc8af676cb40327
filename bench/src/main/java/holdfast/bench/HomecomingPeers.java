package holdfast.bench;

import holdfast.bench.Homecoming.Moved;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/// Common programs that make a disk what an image on another machine is: over TCP on the loopback
/// device, without TLS; but restic, which reads its repository from a folder.
final class HomecomingPeers {
    private static final Pattern TOTAL = Pattern.compile("Total bytes (?:sent|received): ([0-9]+)");
    private static final Duration READY_MAX = Duration.ofSeconds(30);

    /// Runs a program with its output in a file, which is given first.
    private static final String INTO_FILE = "out=$1; shift; exec \"$@\" > \"$out\"";

    /// Fields of `/proc/<pid>/stat` behind the name: of the times of a process and of its children.
    private static final int TIMES_FROM = 11;

    private static final int TIMES_TO = 15;

    /// `USER_HZ`, on x86 and ARM.
    private static final double TICKS_PER_SECOND = 100;

    private HomecomingPeers() {}

    /// A server of what there is to be copied, ended when it is closed.
    private record Source(Workspace workspace, Process process) implements AutoCloseable {
        /// @param probe succeeds once it serves
        static Source start(Workspace workspace, List<String> command, List<String> probe)
                throws IOException, InterruptedException {
            var process = workspace.processes.start(new ProcessBuilder(command).inheritIO());
            var deadline = workspace.time.nanoTime() + READY_MAX.toNanos();
            while (workspace.commands.run(probe).status() != 0) {
                if (!process.isAlive() || workspace.time.nanoTime() > deadline) {
                    process.destroyForcibly();
                    throw new IOException(String.join(" ", command) + ": does not serve");
                }
                workspace.time.sleep(Duration.ofMillis(20));
            }
            return new Source(workspace, process);
        }

        /// So far, of the process and of the children that it had.
        double cpuSeconds() throws IOException {
            var line = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
            var fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
            var ticks = 0L;
            for (var i = TIMES_FROM; i < TIMES_TO; i++) {
                ticks += Long.parseLong(fields[i]);
            }
            return ticks / TICKS_PER_SECOND;
        }

        @Override
        public void close() {
            process.destroy();
            process.onExit().join();
        }
    }

    /// Reads both whole disks, finds by rolling checksums what differs, and writes that.
    static Moved rsync(Workspace workspace, Homecoming what, Path device)
            throws IOException, InterruptedException {
        var port = freePort(workspace);
        var settings =
                Files.writeString(
                        workspace.path("rsyncd.conf"),
                        "use chroot = no\nuid = root\ngid = root\n[images]\nread only = yes\npath = "
                                + what.changed().getParent()
                                + "\n");
        var module = "rsync://127.0.0.1:" + port + "/images/";
        try (var daemon =
                Source.start(
                        workspace,
                        List.of(
                                "rsync",
                                "--daemon",
                                "--no-detach",
                                "--address=127.0.0.1",
                                "--port=" + port,
                                "--config=" + settings),
                        List.of("rsync", "--list-only", module))) {
            var before = daemon.cpuSeconds();
            var said = workspace.path("rsync.out");
            var timed =
                    Timed.run(
                            workspace,
                            device,
                            into(
                                    said,
                                    "rsync",
                                    "--inplace",
                                    "--no-whole-file",
                                    "--ignore-times",
                                    "--write-devices",
                                    "--stats",
                                    "--no-human-readable",
                                    module + what.changed().getFileName(),
                                    device.toString()));
            var moved =
                    TOTAL.matcher(Files.readString(said).replace(",", ""))
                            .results()
                            .mapToLong(found -> Long.parseLong(found.group(1)))
                            .sum();
            return new Moved(timed.plusCpu(daemon.cpuSeconds() - before), moved);
        }
    }

    /// Copies all that the image holds. What moves is what of it was ever written, which nbdkit
    /// tells.
    static Moved nbdcopy(Workspace workspace, Homecoming what, Path device)
            throws IOException, InterruptedException {
        var port = freePort(workspace);
        var uri = "nbd://127.0.0.1:" + port;
        try (var server =
                Source.start(
                        workspace,
                        List.of(
                                "nbdkit",
                                "--foreground",
                                "--ipaddr=127.0.0.1",
                                "--port=" + port,
                                "--readonly",
                                "file",
                                what.changed().toString()),
                        List.of("nbdinfo", "--size", uri))) {
            var moved = 0L;
            var map = workspace.commands.output("nbdinfo", "--map", "--json", uri);
            for (var extent : JsonMapper.shared().readTree(map)) {
                if ((extent.required("type").asInt() & 1) == 0) { // no hole
                    moved += extent.required("length").asLong();
                }
            }
            var before = server.cpuSeconds();
            var timed = Timed.run(workspace, device, List.of("nbdcopy", uri, device.toString()));
            return new Moved(timed.plusCpu(server.cpuSeconds() - before), moved);
        }
    }

    /// Writes a backup's image to the disk; to make the backup is not counted. What moves is what
    /// of it the repository holds.
    static Moved restic(Workspace workspace, Homecoming what, Path device)
            throws IOException, InterruptedException {
        var repository = workspace.path("restic");
        var image = what.changed().toString();
        if (!Files.exists(repository)) {
            workspace.commands.run(restic(repository, "init")).orThrow();
        }
        workspace.commands.run(restic(repository, "backup", image)).orThrow();
        var stats = restic(repository, "stats", "--json", "--mode", "raw-data", "latest");
        var said = workspace.commands.run(stats).orThrow();
        var moved = JsonMapper.shared().readTree(said).required("total_size").asLong();
        var dump = restic(repository, "dump", "latest", image);
        return new Moved(
                Timed.run(workspace, device, into(device, dump.toArray(String[]::new))), moved);
    }

    private static List<String> restic(Path repository, String... arguments) {
        var command =
                new ArrayList<>(
                        List.of(
                                "env",
                                "RESTIC_PASSWORD=bench",
                                "restic",
                                "--quiet",
                                "--no-cache",
                                "--repo",
                                repository.toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    private static List<String> into(Path file, String... command) {
        var whole = new ArrayList<>(List.of("sh", "-c", INTO_FILE, "sh", file.toString()));
        whole.addAll(List.of(command));
        return whole;
    }

    private static int freePort(Workspace workspace) throws IOException {
        try (var listener =
                workspace.network.listen(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            return ((InetSocketAddress) listener.address()).getPort();
        }
    }
}
