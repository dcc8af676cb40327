package holdfast.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// What protection costs the source: random writes of 4 KiB as fast as they go, and at a steady
/// pace, with the agent keeping up and without any agent.
///
/// Agent, server and load share this machine; a source of its own has only the agent to bear.
final class ImpactBenchmark implements Benchmark {
    private static final String WITHOUT = "without an agent";
    private static final String PERCENTILE = "99.000000";
    private static final int PACED_PER_SECOND = 500;

    @Override
    public String name() {
        return "impact";
    }

    /// @param free writes a second, as fast as they go
    /// @param freeP99Millis the latency that 99 of 100 of those keep to
    /// @param pacedP99Millis the same at [#PACED_PER_SECOND]
    private record Figures(double free, double freeP99Millis, double pacedP99Millis) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%.0f writes/s, p99 %.2f ms; at %d/s p99 %.2f ms",
                    free,
                    freeP99Millis,
                    PACED_PER_SECOND,
                    pacedP99Millis);
        }

        static Samples all(List<Figures> figures, java.util.function.ToDoubleFunction<Figures> of) {
            return Samples.of(figures.stream().mapToDouble(of).toArray());
        }
    }

    @Override
    public List<Row> run(Workspace workspace, Scale scale)
            throws IOException, InterruptedException {
        var with = new ArrayList<Figures>();
        var without = new ArrayList<Figures>();
        try (var disk = WrittenDisk.make(workspace, "impact", scale.writtenMebibytes());
                var protection = Protection.start(workspace, "server")) {
            for (var i = 0; i < scale.writePairs(); i++) {
                // there and back again: a load that grows or wanes favours nobody
                for (var agent : i % 2 == 0 ? List.of(true, false) : List.of(false, true)) {
                    if (agent) {
                        protection.protect(disk.device());
                    }
                    var figures = measure(disk, scale);
                    if (agent) {
                        protection.unprotect();
                    }
                    (agent ? with : without).add(figures);
                    workspace.say("impact: " + (agent ? "with" : "without") + " " + figures);
                }
            }
        }
        return List.of(
                row("4 KiB writes/s", Row.Better.MORE, with, without, Figures::free),
                row("p99 ms of these", Row.Better.LESS, with, without, Figures::freeP99Millis),
                row(
                        "p99 ms at " + PACED_PER_SECOND + "/s",
                        Row.Better.LESS,
                        with,
                        without,
                        Figures::pacedP99Millis));
    }

    private Row row(
            String measure,
            Row.Better better,
            List<Figures> with,
            List<Figures> without,
            java.util.function.ToDoubleFunction<Figures> of) {
        return Row.compared(
                name(), measure, better, Figures.all(with, of), WITHOUT, Figures.all(without, of));
    }

    private static Figures measure(WrittenDisk disk, Scale scale)
            throws IOException, InterruptedException {
        var runtime = "--runtime=" + scale.writes().toMillis() + "ms";
        var paced =
                disk.fio(
                        "--rw=randwrite",
                        "--bs=4k",
                        "--iodepth=1",
                        "--rate_iops=" + PACED_PER_SECOND,
                        "--time_based",
                        runtime);
        var free = disk.fio("--rw=randwrite", "--bs=4k", "--iodepth=8", "--time_based", runtime);
        return new Figures(
                free.required("write").required("iops").asDouble(),
                p99Millis(free),
                p99Millis(paced));
    }

    private static double p99Millis(JsonNode job) {
        var latency = job.required("write").required("clat_ns").required("percentile");
        return latency.required(PERCENTILE).asDouble() / 1e6;
    }
}
