package holdfast.systemtest;

import holdfast.demo.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// What a Java process holds, sampled over a long time.
///
/// @param liveBytes objects, after a full collection
/// @param roomBytes resident in the Java heap: what lives and the room around it, which the
///   collector gives and takes by how busy the machine is, within the limits of the launcher
/// @param outsideBytes resident elsewhere: code, classes, stacks, buffers, what native libraries
///   hold
/// @param descriptors open
/// @param threads that the kernel sees
record Vitals(long liveBytes, long roomBytes, long outsideBytes, long descriptors, long threads) {
    private static final Pattern ADDRESS = Pattern.compile("0x([0-9a-f]+)");
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) .*");

    /// Has the process collect its garbage first.
    static Vitals of(Process process, Commands commands) throws IOException, InterruptedException {
        var jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        var pid = Long.toString(process.pid());
        var histogram = commands.output(jcmd, pid, "GC.class_histogram");
        var total = histogram.strip().lines().toList().getLast().strip().split("\\s+");
        var heap =
                ADDRESS.matcher(commands.output(jcmd, pid, "GC.heap_info"))
                        .results()
                        .mapToLong(address -> Long.parseUnsignedLong(address.group(1), 16))
                        .summaryStatistics();
        var proc = Path.of("/proc", pid);
        var roomBytes = resident(proc, heap.getMin(), heap.getMax());
        try (var open = Files.list(proc.resolve("fd"))) {
            return new Vitals(
                    Long.parseLong(total[2]), // "Total <objects> <bytes>"
                    roomBytes,
                    (status(proc, "VmRSS") << 10) - roomBytes,
                    open.count(),
                    status(proc, "Threads"));
        }
    }

    /// Bytes of the mappings between two addresses that are in memory.
    private static long resident(Path proc, long from, long to) throws IOException {
        var bytes = 0L;
        var within = false;
        for (var line : Files.readAllLines(proc.resolve("smaps"))) {
            var mapping = MAPPING.matcher(line);
            if (mapping.matches()) {
                within =
                        Long.parseUnsignedLong(mapping.group(1), 16) >= from
                                && Long.parseUnsignedLong(mapping.group(2), 16) <= to;
            } else if (within && line.startsWith("Rss:")) {
                bytes += Long.parseLong(line.split("\\s+")[1]) << 10;
            }
        }
        if (bytes == 0) {
            throw new IOException(
                    String.format("%s/smaps has nothing of the heap %#x..%#x", proc, from, to));
        }
        return bytes;
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
    /// a third differ by among themselves, half of it at either side of its median. The heap's room
    /// is not judged: it follows the load, and what lives in it is.
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
        LIVE,
        OUTSIDE,
        DESCRIPTORS,
        THREADS;

        private long[] sorted(List<Vitals> samples) {
            return samples.stream().mapToLong(this::of).sorted().toArray();
        }

        private long of(Vitals vitals) {
            return switch (this) {
                case LIVE -> vitals.liveBytes;
                case OUTSIDE -> vitals.outsideBytes;
                case DESCRIPTORS -> vitals.descriptors;
                case THREADS -> vitals.threads;
            };
        }
    }
}
