package holdfast.bench;

import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.TimeSource;
import holdfast.demo.Commands;
import holdfast.demo.Program;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// A folder for one run, and everything that began in it.
///
/// Closing ends every process whose command line names the folder, unmounts what is mounted below
/// it, detaches loop devices whose files lie in it, and removes it: whatever was started is found
/// again without anybody having kept a list, also after an interruption at any moment.
final class Workspace implements AutoCloseable {
    private static final Path PINS = Path.of("/sys/fs/bpf/holdfast");
    private static final Duration END_MAX = Duration.ofMinutes(2);

    final Processes processes = Processes.system();
    final Network network = Network.system();
    final TimeSource time = TimeSource.system();
    final Commands commands = new Commands(processes);
    final Program holdfast;
    private final Path directory;
    private final Consumer<String> progress;
    private final long begunNanos;
    private final Set<Path> pins = ConcurrentHashMap.newKeySet();
    private volatile boolean closing;

    private Workspace(Path directory, Program holdfast, Consumer<String> progress) {
        this.directory = directory;
        this.holdfast = holdfast;
        this.progress = progress;
        this.begunNanos = time.nanoTime();
    }

    /// @param parent exists
    /// @param progress told what is being done
    static Workspace in(Path parent, Program holdfast, Consumer<String> progress)
            throws IOException {
        // short: sockets of machines lie below it, and their paths have a limit
        var directory = Files.createTempDirectory(parent.toRealPath(), "hf-");
        return new Workspace(directory, holdfast, progress);
    }

    Path path(String name) {
        return directory.resolve(name);
    }

    Path folder(String name) throws IOException {
        return Files.createDirectories(path(name));
    }

    void remove(Path path) throws IOException, InterruptedException {
        commands.output("rm", "-rf", "--one-file-system", path.toString());
    }

    void say(String text) {
        var seconds = (time.nanoTime() - begunNanos) / 1e9;
        progress.accept(String.format(Locale.ROOT, "%7.1f s  %s", seconds, text));
    }

    /// Nothing of the file stays in memory: who reads it next reads the disk. Unlike `drop_caches`
    /// this leaves everybody else on the machine alone.
    void evict(Path file) throws IOException, InterruptedException {
        commands.output("sync", file.toString());
        commands.output("dd", "if=" + file, "iflag=nocache", "count=0", "status=none");
    }

    /// Notes the tracking state that this agent holds in the kernel, where it outlives the agent.
    void notePins(long agent) throws IOException {
        try (DirectoryStream<Path> open =
                Files.newDirectoryStream(Path.of("/proc/" + agent, "fd"))) {
            for (var descriptor : open) {
                var target = Files.readSymbolicLink(descriptor);
                if (target.startsWith(PINS) && !target.equals(PINS)) {
                    pins.add(target);
                }
            }
        }
    }

    /// What was noted and is not removed yet.
    Set<Path> pins() {
        return Set.copyOf(pins);
    }

    /// Takes all noted tracking state out of the kernel. The agents have ended.
    void removePins() throws IOException, InterruptedException {
        for (var pin : List.copyOf(pins)) {
            commands.output("rm", "-rf", pin.toString());
            pins.remove(pin);
        }
    }

    /// Whether it is being cleaned up; processes started now are part of that.
    boolean isClosing() {
        return closing;
    }

    @Override
    public void close() throws IOException {
        closing = true;
        var wasInterrupted = Thread.interrupted();
        try {
            endProcesses();
            unmount();
            detachLoops();
            removePins();
            remove(directory);
        } catch (InterruptedException e) {
            throw new IOException(directory + ": interrupted again while cleaning up", e);
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void endProcesses() throws IOException, InterruptedException {
        var deadline = time.nanoTime() + END_MAX.toNanos();
        var left = new HashSet<ProcessHandle>();
        while (true) {
            left.removeIf(Workspace::hasEnded);
            ProcessHandle.allProcesses().filter(this::belongsHere).forEach(left::add);
            if (left.isEmpty()) {
                return;
            }
            if (time.nanoTime() > deadline) {
                throw new IOException("processes that do not end: " + left);
            }
            for (var process : left) {
                try {
                    notePins(process.pid());
                } catch (IOException _) {
                    // it ended by itself meanwhile
                }
                process.destroyForcibly();
            }
            time.sleep(Duration.ofMillis(50));
        }
    }

    /// Files and devices are free then. A process that ends gives up its command line long before.
    private static boolean hasEnded(ProcessHandle process) {
        if (!process.isAlive()) {
            return true;
        }
        try {
            var stat = Files.readString(Path.of("/proc/" + process.pid(), "stat"));
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return fields[0].equals("Z") && fields[17].equals("1"); // no thread is left
        } catch (IOException _) {
            return true;
        }
    }

    private boolean belongsHere(ProcessHandle process) {
        try {
            var line = Files.readAllBytes(Path.of("/proc/" + process.pid(), "cmdline"));
            return process.pid() != ProcessHandle.current().pid()
                    && new String(line, StandardCharsets.ISO_8859_1).contains(directory.toString());
        } catch (IOException _) {
            return false; // it ended meanwhile
        }
    }

    private void unmount() throws IOException, InterruptedException {
        for (var line : Files.readAllLines(Path.of("/proc/self/mounts")).reversed()) {
            var mountPoint = line.split(" ", -1)[1];
            if (Path.of(mountPoint).startsWith(directory)) {
                commands.output("umount", "--lazy", mountPoint);
            }
        }
    }

    private void detachLoops() throws IOException, InterruptedException {
        var list = List.of("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE");
        for (var line : commands.run(list).orThrow().lines().toList()) {
            var fields = line.strip().split("\\s+", 2);
            if (fields.length == 2 && fields[1].startsWith(directory + "/")) {
                commands.run(List.of("losetup", "--detach", fields[0]));
            }
        }
    }
}
