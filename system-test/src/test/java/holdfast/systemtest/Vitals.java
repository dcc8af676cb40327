package holdfast.systemtest;

import holdfast.demo.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a Java process holds, sampled over a long time.
///
/// @param heapBytes live objects, after a full collection
/// @param residentBytes of the process, heap and all else
/// @param descriptors open
/// @param threads that the kernel sees
record Vitals(long heapBytes, long residentBytes, long descriptors, long threads) {
    /// Has the process collect its garbage first.
    static Vitals of(Process process, Commands commands) throws IOException, InterruptedException {
        var jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        var histogram = commands.output(jcmd, Long.toString(process.pid()), "GC.class_histogram");
        var total = histogram.strip().lines().toList().getLast().strip().split("\\s+");
        var proc = Path.of("/proc", Long.toString(process.pid()));
        try (var open = Files.list(proc.resolve("fd"))) {
            return new Vitals(
                    Long.parseLong(total[2]), // "Total <objects> <bytes>"
                    status(proc, "VmRSS") << 10,
                    open.count(),
                    status(proc, "Threads"));
        }
    }

    private static long status(Path proc, String field) throws IOException {
        for (var line : Files.readAllLines(proc.resolve("status"))) {
            if (line.startsWith(field + ":")) {
                return Long.parseLong(line.split("\\s+")[1]);
            }
        }
        throw new IOException(proc + "/status has no " + field);
    }

    /// What grew: of the last third of the samples against the third before, by the median of each.
    ///
    /// The first third is left out: caches fill, and code is compiled. Noise is what the samples of
    /// a third differ by among themselves, half of it at either side of its median.
    ///
    /// @return a sentence for each that grew by more than noise; empty if none
    static List<String> growth(List<Vitals> samples) {
        var third = samples.size() / 3;
        var middle = samples.subList(samples.size() - 2 * third, samples.size() - third);
        var last = samples.subList(samples.size() - third, samples.size());
        var grown = new ArrayList<String>();
        for (var quantity : Quantity.values()) {
            var before = quantity.sorted(middle);
            var after = quantity.sorted(last);
            var noise = Math.max(quartiles(before), quartiles(after));
            if (median(after) - median(before) > noise) {
                grown.add(
                        String.format(
                                Locale.ROOT,
                                "%s grew from %,d to %,d, noise %,d",
                                quantity,
                                median(before),
                                median(after),
                                noise));
            }
        }
        return grown;
    }

    private static long median(long[] sorted) {
        return sorted[sorted.length / 2];
    }

    /// From the lower quartile to the upper one.
    private static long quartiles(long[] sorted) {
        return sorted[sorted.length * 3 / 4] - sorted[sorted.length / 4];
    }

    private enum Quantity {
        HEAP,
        RESIDENT,
        DESCRIPTORS,
        THREADS;

        private long[] sorted(List<Vitals> samples) {
            return samples.stream().mapToLong(this::of).sorted().toArray();
        }

        private long of(Vitals vitals) {
            return switch (this) {
                case HEAP -> vitals.heapBytes;
                case RESIDENT -> vitals.residentBytes;
                case DESCRIPTORS -> vitals.descriptors;
                case THREADS -> vitals.threads;
            };
        }
    }
}
