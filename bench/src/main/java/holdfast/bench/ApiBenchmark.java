package holdfast.bench;

import holdfast.base.Network;
import holdfast.demo.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;

/// How long a client waits for a page of source servers where there are many, all of whose agents
/// report: pages are asked for at a fixed pace, whether or not the last ones have come, and waiting
/// counts from when one was due. There is no peer.
final class ApiBenchmark implements Benchmark {
    private static final int PAGE = 200;
    private static final int PAGES_A_SECOND = 50;
    private static final Duration WARM_UP_MAX = Duration.ofSeconds(20);
    private static final Duration STARTED_WITHIN = Duration.ofMinutes(30);

    /// Requests under way; with more the server is hopelessly behind.
    private static final int WAITING_MAX = 500;

    /// Of so many pages one is read and compared in full; prime to the number of pages.
    private static final int READ_WHOLE_EVERY = 47;

    private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final Pattern HEAP = Pattern.compile("used (\\d+)K");

    private final Optional<Path> crowd;

    /// @param crowd the server's data directory, if it is to be kept
    ApiBenchmark(Optional<Path> crowd) {
        this.crowd = crowd;
    }

    @Override
    public String name() {
        return "api";
    }

    @Override
    public List<Row> run(Workspace workspace, Scale scale)
            throws IOException, InterruptedException {
        var folder = workspace.folder("api");
        var data = crowd.orElse(folder.resolve("data"));
        var address = freeAddress(workspace.network);
        var log = folder.resolve("server.log");
        var server = start(workspace, data, address, scale.crowd(), log);
        try {
            var begun = workspace.time.nanoTime();
            awaitReady(workspace, server, log);
            workspace.say(
                    String.format(
                            Locale.ROOT,
                            "api: %d servers are there after %.0f s",
                            scale.crowd(),
                            (workspace.time.nanoTime() - begun) / 1e9));
            try (var pages = new SignedPages(workspace.time, address, data)) {
                pages.initialize();
                return measure(workspace, scale, server, pages);
            }
        } finally {
            server.destroyForcibly().waitFor();
            workspace.remove(folder);
        }
    }

    private static Process start(
            Workspace workspace, Path data, String address, int count, Path log)
            throws IOException {
        var command = new ArrayList<>(Program.java(CrowdedServer.class.getName()).prefix());
        // the options that the launcher gives a server
        command.removeIf(option -> option.startsWith("-XX") || option.startsWith("-Xshare"));
        command.addAll(
                1,
                List.of(
                        "-Xms64m",
                        "-XX:MaxRAMPercentage=40",
                        "-XX:+UseG1GC",
                        "-XX:+ExitOnOutOfMemoryError"));
        command.addAll(
                List.of(
                        data.toString(),
                        address,
                        freeAddress(workspace.network),
                        Integer.toString(count)));
        return workspace.processes.start(
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()));
    }

    private static String freeAddress(Network network) throws IOException {
        var any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (var listener = network.listen(any)) {
            return "127.0.0.1:" + ((InetSocketAddress) listener.address()).getPort();
        }
    }

    private static void awaitReady(Workspace workspace, Process server, Path log)
            throws IOException, InterruptedException {
        var deadline = workspace.time.nanoTime() + STARTED_WITHIN.toNanos();
        while (!Files.readString(log).contains(CrowdedServer.READY)) {
            if (!server.isAlive() || workspace.time.nanoTime() > deadline) {
                throw new IOException("the crowd did not enrol: " + tail(log));
            }
            workspace.time.sleep(Duration.ofMillis(200));
        }
    }

    private static String tail(Path log) throws IOException {
        var lines = Files.readAllLines(log);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }

    private List<Row> measure(Workspace workspace, Scale scale, Process server, SignedPages pages)
            throws IOException, InterruptedException {
        var load = new Load(workspace, pages, pages(pages, scale.crowd()));
        var watch = scale.crowdWatch();
        load.run(watch.compareTo(WARM_UP_MAX) < 0 ? watch : WARM_UP_MAX);
        var heap = new ArrayList<Double>(List.of(heapMebibytes(workspace, server)));
        var resident = new ArrayList<Double>();
        var all = new ArrayList<Double>();
        var worst = new ArrayList<Double>();
        var end = workspace.time.nanoTime() + watch.toNanos();
        while (workspace.time.nanoTime() < end) {
            var part = new Samples(load.run(watch.dividedBy(10)));
            all.addAll(part.values());
            worst.add(part.quantile(0.99));
            resident.add(residentMebibytes(server));
            workspace.say(
                    String.format(
                            Locale.ROOT,
                            "api: p50 %.1f ms, p99 %.1f ms, slowest %.1f ms, %.0f MiB resident",
                            part.median(),
                            part.quantile(0.99),
                            part.max(),
                            resident.getLast()));
        }
        heap.add(heapMebibytes(workspace, server));
        var waits = new Samples(all);
        return List.of(
                Row.alone(name(), "page p50 ms", Row.Better.LESS, Samples.of(waits.median())),
                Row.alone(name(), "page p99 ms", Row.Better.LESS, Samples.of(waits.quantile(0.99))),
                Row.alone(name(), "p99 ms of tenths", Row.Better.LESS, new Samples(worst)),
                Row.alone(name(), "slowest page ms", Row.Better.LESS, Samples.of(waits.max())),
                Row.alone(name(), "MiB resident", Row.Better.LESS, new Samples(resident)),
                Row.alone(name(), "MiB heap, begin and end", Row.Better.LESS, new Samples(heap)));
    }

    /// A page as it must be each time, since no server comes or goes.
    private record Expected(Optional<String> token, SignedPages.Page page) {
        /// Without reading all of it, which would take time from the server.
        boolean looksLike(String body) {
            var end = page.next().map(next -> "\"nextToken\":\"" + next + "\"}").orElse("]}");
            return body.startsWith("{\"items\":[{") && body.endsWith(end);
        }
    }

    /// All pages; and checks that they are all the servers, each once.
    private static List<Expected> pages(SignedPages pages, int count)
            throws IOException, InterruptedException {
        var all = new ArrayList<Expected>();
        var seen = new HashSet<String>();
        var next = Optional.<String>empty();
        do {
            var page = pages.page(PAGE, next);
            all.add(new Expected(next, page));
            if (page.servers().size() != PAGE && page.next().isPresent()) {
                throw new IOException("a page of " + page.servers().size() + " servers");
            }
            for (var server : page.servers()) {
                if (!seen.add(server)) {
                    throw new IOException("server " + server + " came twice");
                }
            }
            next = page.next();
        } while (next.isPresent());
        if (seen.size() != count) {
            throw new IOException(seen.size() + " of " + count + " servers came");
        }
        return all;
    }

    /// A fixed pace of requests, over all pages in turn.
    private record Load(Workspace workspace, SignedPages pages, List<Expected> all) {
        /// @return how long each was waited for, in ms
        List<Double> run(Duration time) throws IOException, InterruptedException {
            var count = (int) (time.toMillis() * PAGES_A_SECOND / 1000);
            var waits = new ConcurrentLinkedQueue<Double>();
            var failures = new ConcurrentLinkedQueue<String>();
            var waiting = new Semaphore(WAITING_MAX);
            var begun = workspace.time.nanoTime();
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (var i = 0; i < count && failures.isEmpty(); i++) {
                    var due = begun + i * 1_000_000_000L / PAGES_A_SECOND;
                    var early = due - workspace.time.nanoTime();
                    if (early > 0) {
                        workspace.time.sleep(Duration.ofNanos(early));
                    }
                    if (!waiting.tryAcquire()) {
                        failures.add(WAITING_MAX + " pages are waited for");
                        break;
                    }
                    var expected = all.get(i % all.size());
                    var whole = i % READ_WHOLE_EVERY == 0;
                    threads.execute(() -> {
                        try {
                            var body = pages.fetch(PAGE, expected.token());
                            waits.add((workspace.time.nanoTime() - due) / 1e6);
                            if (!expected.looksLike(body)
                                    || (whole && !SignedPages.page(body).equals(expected.page()))) {
                                failures.add("a page is not what it was before");
                            }
                        } catch (IOException e) {
                            failures.add(String.valueOf(e.getMessage()));
                        } catch (InterruptedException _) {
                            failures.add("interrupted");
                        } finally {
                            waiting.release();
                        }
                    });
                }
            }
            if (!failures.isEmpty()) {
                throw new IOException(failures.peek());
            }
            return List.copyOf(waits);
        }
    }

    private static double residentMebibytes(Process server) throws IOException {
        var status = Files.readString(Path.of("/proc/" + server.pid() + "/status"));
        return number(RSS, status) / 1024;
    }

    /// After everything that can be collected was.
    private static double heapMebibytes(Workspace workspace, Process server)
            throws IOException, InterruptedException {
        var jcmd = System.getProperty("java.home") + "/bin/jcmd";
        var pid = Long.toString(server.pid());
        workspace.commands.output(jcmd, pid, "GC.run");
        return number(HEAP, workspace.commands.output(jcmd, pid, "GC.heap_info")) / 1024;
    }

    private static double number(Pattern pattern, String text) throws IOException {
        var found = pattern.matcher(text);
        if (!found.find()) {
            throw new IOException("no " + pattern + " in " + text);
        }
        return Double.parseDouble(found.group(1));
    }
}
