package holdfast.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.ToDoubleFunction;

/// How far behind the replica is under a steady load of random writes: now minus the instant that
/// could be recovered, against rsync in a loop, whose copy is that of the start of its last pass.
final class LagBenchmark implements Benchmark {
    private static final String PEER = "rsync in a loop";
    private static final Duration INTERVAL = Duration.ofMillis(250);

    @Override
    public String name() {
        return "lag";
    }

    /// @param lagMillis sampled every [#INTERVAL]
    /// @param pointsAMinute states that could be recovered
    /// @param comparisons how often all had to be compared
    private record Watch(Samples lagMillis, double pointsAMinute, double comparisons) {}

    @FunctionalInterface
    private interface Lag {
        OptionalLong millis() throws IOException, InterruptedException;
    }

    @Override
    public List<Row> run(Workspace workspace, Scale scale)
            throws IOException, InterruptedException {
        var ours = new ArrayList<Watch>();
        var theirs = new ArrayList<Watch>();
        try (var disk = WrittenDisk.make(workspace, "lag", scale.writtenMebibytes())) {
            for (var i = 0; i < scale.lagPairs(); i++) {
                ours.add(holdfast(workspace, disk, scale));
                theirs.add(rsync(workspace, disk, scale));
            }
        }
        return List.of(
                row("lag p50 ms", Row.Better.LESS, ours, theirs, w -> w.lagMillis().median()),
                row("lag p99 ms", Row.Better.LESS, ours, theirs, w -> w.lagMillis().quantile(0.99)),
                row("points a minute", Row.Better.MORE, ours, theirs, Watch::pointsAMinute),
                Row.alone(
                        name(),
                        "full comparisons",
                        Row.Better.LESS,
                        figures(ours, Watch::comparisons)));
    }

    private Row row(
            String measure,
            Row.Better better,
            List<Watch> ours,
            List<Watch> theirs,
            ToDoubleFunction<Watch> of) {
        return Row.compared(name(), measure, better, figures(ours, of), PEER, figures(theirs, of));
    }

    private static Samples figures(List<Watch> watches, ToDoubleFunction<Watch> of) {
        return Samples.of(watches.stream().mapToDouble(of).toArray());
    }

    /// Starts the load and samples the lag for the scale's time.
    private static Samples watch(Workspace workspace, WrittenDisk disk, Scale scale, Lag lag)
            throws IOException, InterruptedException {
        var load =
                disk.startFio(
                        "--rw=randwrite",
                        "--bsrange=4k-64k",
                        "--iodepth=4",
                        "--rate=20m",
                        "--time_based",
                        "--runtime=1h");
        try {
            var samples = new ArrayList<Double>();
            var end = workspace.time.nanoTime() + scale.lagWatch().toNanos();
            while (workspace.time.nanoTime() < end) {
                lag.millis().ifPresent(millis -> samples.add((double) millis));
                if (!load.isAlive()) {
                    throw new IOException("fio ended with " + load.exitValue());
                }
                workspace.time.sleep(INTERVAL);
            }
            return new Samples(samples);
        } finally {
            load.destroyForcibly().waitFor();
        }
    }

    private static Watch holdfast(Workspace workspace, WrittenDisk disk, Scale scale)
            throws IOException, InterruptedException {
        try (var protection = Protection.start(workspace, "server")) {
            protection.protect(disk.device());
            var comparisons = protection.comparisons();
            var server = protection.sourceServer().orElseThrow().required("id").asString();
            var from = workspace.time.now();
            var lag =
                    watch(
                            workspace,
                            disk,
                            scale,
                            () -> {
                                var found = protection.sourceServer().orElseThrow();
                                var millis = found.get("lagMillis");
                                return millis == null
                                        ? OptionalLong.empty()
                                        : OptionalLong.of(millis.asLong());
                            });
            var to = workspace.time.now();
            var points = protection.points(server, "from=" + from + "&to=" + to).size();
            var watch =
                    new Watch(
                            lag,
                            perMinute(points, from, to),
                            protection.comparisons() - comparisons);
            workspace.say("lag: holdfast " + text(watch));
            return watch;
        }
    }

    private static Watch rsync(Workspace workspace, WrittenDisk disk, Scale scale)
            throws IOException, InterruptedException {
        var copy = workspace.path("lag-copy.raw");
        var passes = new Passes(workspace, disk.image(), copy);
        passes.one();
        var from = workspace.time.now();
        var thread = Thread.ofPlatform().name("rsync-loop").start(passes);
        Samples lag;
        try {
            lag = watch(workspace, disk, scale, passes::lagMillis);
            while (passes.since(from) == 0 && thread.isAlive()) {
                workspace.time.sleep(INTERVAL); // a slow disk: it counts for the longer time
            }
        } finally {
            thread.interrupt();
            thread.join();
        }
        var to = workspace.time.now();
        var watch = new Watch(lag, perMinute(passes.since(from), from, to), 0);
        workspace.say("lag: rsync " + text(watch));
        Files.delete(copy);
        return watch;
    }

    private static double perMinute(long count, Instant from, Instant to) {
        return count * 60e3 / Duration.between(from, to).toMillis();
    }

    private static String text(Watch watch) {
        return "p50 "
                + ResultTable.figure(watch.lagMillis().median())
                + " ms, p99 "
                + ResultTable.figure(watch.lagMillis().quantile(0.99))
                + " ms, "
                + ResultTable.figure(watch.pointsAMinute())
                + " points a minute";
    }

    /// Copies over and over what changed. The newest state that could be recovered from the copy is
    /// no younger than the start of the last pass that is on stable storage.
    private static final class Passes implements Runnable {
        private final Workspace workspace;
        private final Path image;
        private final Path copy;
        private final List<Instant> starts = new ArrayList<>();

        Passes(Workspace workspace, Path image, Path copy) {
            this.workspace = workspace;
            this.image = image;
            this.copy = copy;
        }

        void one() throws IOException, InterruptedException {
            var start = workspace.time.now();
            Timed.run(
                    workspace,
                    copy,
                    List.of(
                            "rsync",
                            "--inplace",
                            "--no-whole-file",
                            "--ignore-times",
                            image.toString(),
                            copy.toString()));
            synchronized (starts) {
                starts.add(start);
            }
        }

        @Override
        public void run() {
            try {
                while (!Thread.currentThread().isInterrupted()) {
                    one();
                }
            } catch (IOException e) {
                workspace.say("lag: rsync gave up: " + e.getMessage());
            } catch (InterruptedException _) {
                // the end
            }
        }

        OptionalLong lagMillis() {
            synchronized (starts) {
                var newest = starts.getLast();
                return OptionalLong.of(Duration.between(newest, workspace.time.now()).toMillis());
            }
        }

        long since(Instant from) {
            synchronized (starts) {
                return starts.stream().filter(start -> !start.isBefore(from)).count();
            }
        }
    }
}
