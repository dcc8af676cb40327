package holdfast.systemtest;

import holdfast.demo.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Processes that share so much memory and no more, as a container's do (cgroup version 1 or 2).
/// Where it runs out, the kernel kills the one that it was told to prefer. Closed when all have
/// ended.
///
/// @param folder in the cgroup file system
record MemoryGroup(Path folder) implements AutoCloseable {
    private static final Path ONE = Path.of("/sys/fs/cgroup/memory");
    private static final Path TWO = Path.of("/sys/fs/cgroup");

    /// @param name begins with `hf-`, so that what a run left behind can be told
    static MemoryGroup make(String name, long bytes) throws IOException {
        var first = Files.isDirectory(ONE);
        var folder = Files.createDirectory((first ? ONE : TWO).resolve(name));
        var limit = first ? "memory.limit_in_bytes" : "memory.max";
        Files.writeString(folder.resolve(limit), Long.toString(bytes));
        return new MemoryGroup(folder);
    }

    /// The program, to be started in the group.
    ///
    /// @param preferred from -1000, never killed for lack of memory, to 1000, before all others
    ///   (proc(5), `oom_score_adj`)
    Program within(Program program, int preferred) {
        return new Program(command(program.prefix(), preferred));
    }

    /// A command in the group.
    List<String> command(List<String> command, int preferred) {
        var script =
                "echo $$ > %s/cgroup.procs && echo %d > /proc/self/oom_score_adj && exec \"$@\""
                        .formatted(folder, preferred);
        var within = new ArrayList<>(List.of("sh", "-c", script, "sh"));
        within.addAll(command);
        return within;
    }

    /// How many the kernel has killed.
    int killed() throws IOException {
        var events = folder.resolve("memory.events");
        var file = Files.exists(events) ? events : folder.resolve("memory.oom_control");
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith("oom_kill "))
                .mapToInt(line -> Integer.parseInt(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    @Override
    public void close() throws IOException {
        Files.delete(folder);
    }
}
