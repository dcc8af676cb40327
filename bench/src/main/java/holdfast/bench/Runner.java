package holdfast.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Runs what was asked for, one after the other.
final class Runner {
    /// What must be there besides what the demonstration installs.
    private static final List<String> PROGRAMS =
            List.of("fio", "nbdkit", "nbdcopy", "qemu-img", "rsync", "mkfs.ext4", "losetup");

    private Runner() {}

    static Report run(Workspace workspace, Options options)
            throws IOException, InterruptedException {
        require(workspace);
        var scale = options.quick() ? Scale.QUICK : Scale.FULL;
        var startedAt = workspace.time.now();
        var wanted =
                Main.all(options.crowd()).stream()
                        .filter(benchmark -> options.wants(benchmark.name()))
                        .toList();
        return run(workspace, scale, startedAt, wanted);
    }

    /// Runs all of them; one that fails is told and does not take the others' figures away.
    static Report run(
            Workspace workspace, Scale scale, Instant startedAt, List<Benchmark> benchmarks)
            throws IOException, InterruptedException {
        var rows = new ArrayList<Row>();
        var failures = new ArrayList<String>();
        for (var benchmark : benchmarks) {
            try {
                rows.addAll(benchmark.run(workspace, scale));
            } catch (IOException | IllegalArgumentException e) { // also figures that are none
                if (Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                failures.add(benchmark.name() + ": " + e.getMessage());
                workspace.say("FAILED " + failures.getLast());
            }
        }
        return new Report(startedAt, facts(workspace, scale), rows, failures);
    }

    private static void require(Workspace workspace) throws IOException, InterruptedException {
        if (!workspace.commands.output("id", "-u").equals("0")) {
            throw new IOException("attaches loop devices and tracks changes: run it as root");
        }
        for (var program : PROGRAMS) {
            var found = List.of("bash", "-c", "command -v \"$1\"", "bench", program);
            if (workspace.commands.run(found).status() != 0) {
                throw new IOException(
                        program + ": not installed; scripts/packages names the packages");
            }
        }
    }

    private static Map<String, String> facts(Workspace workspace, Scale scale)
            throws IOException, InterruptedException {
        var facts = new LinkedHashMap<String, String>();
        facts.put("date", workspace.time.now().toString().substring(0, 10));
        facts.put("scale", scale.name());
        facts.put("commit", System.getProperty("holdfast.commit", "unknown"));
        facts.put("processor", processor() + ", " + workspace.commands.output("nproc") + " cores");
        facts.put("memory", firstLine(Path.of("/proc/meminfo")).replaceAll("\\s+", " "));
        facts.put("kernel", workspace.commands.output("uname", "-r"));
        facts.put("load at the end", firstLine(Path.of("/proc/loadavg")));
        return facts;
    }

    private static String processor() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        }
    }

    private static String firstLine(Path file) throws IOException {
        return Files.readAllLines(file).getFirst();
    }
}
