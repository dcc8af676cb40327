package holdfast.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What something cost.
///
/// @param seconds from the start to the end
/// @param cpuSeconds of all processes that took part, user and system
record Timed(double seconds, double cpuSeconds) {
    private static final String SCRIPT =
            "TIMEFORMAT='%U %S'; target=$1; shift; time { \"$@\" && sync \"$target\"; }";

    /// Runs a program that writes a file, until the file is on stable storage.
    ///
    /// @throws IOException with its complaint if it fails
    static Timed run(Workspace workspace, Path target, List<String> command)
            throws IOException, InterruptedException {
        var all = new ArrayList<>(List.of("bash", "-c", SCRIPT, "bench", target.toString()));
        all.addAll(command);
        var begun = workspace.time.nanoTime();
        var result = workspace.commands.run(all);
        var seconds = (workspace.time.nanoTime() - begun) / 1e9;
        result.orThrow();
        // a locale may write a comma
        var said = result.error().strip().replace(',', '.').lines().toList().getLast();
        var cpu = 0.0;
        for (var part : said.split(" ", -1)) {
            cpu += Double.parseDouble(part);
        }
        return new Timed(seconds, cpu);
    }

    /// CPU time that a living process has used, in seconds.
    static double cpuSeconds(Process process) {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
    }

    Timed plusCpu(double more) {
        return new Timed(seconds, cpuSeconds + more);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.2f s, CPU %.2f s", seconds, cpuSeconds);
    }
}
