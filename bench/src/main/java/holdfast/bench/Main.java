package holdfast.bench;

import holdfast.base.TimeSource;
import holdfast.demo.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// The benchmark's program; `bench/run` starts it.
final class Main {
    private static final int FAILED = 1;
    private static final int WRONG_COMMAND_LINE = 2;
    private static final Duration CLEANED_UP_MAX = Duration.ofSeconds(60);

    /// @param crowd where the source servers are kept that many have, if they are
    static List<Benchmark> all(Optional<Path> crowd) {
        return List.of(
                new CopyBenchmark(),
                new ImpactBenchmark(),
                new LagBenchmark(),
                new RecoveryBenchmark(),
                new FailbackBenchmark(),
                new ApiBenchmark(crowd));
    }

    private Main() {}

    public static void main(String[] arguments) {
        if (List.of(arguments).contains("--help")) {
            System.out.print(Options.USAGE);
            return;
        }
        var known = all(Optional.empty()).stream().map(Benchmark::name).collect(Collectors.toSet());
        var folder = Path.of(System.getenv().getOrDefault("TMPDIR", "/var/tmp"));
        int status;
        try {
            status = run(Options.parse(List.of(arguments), known, folder));
        } catch (Options.UsageException e) {
            System.err.println("bench: " + e.getMessage() + "\n\n" + Options.USAGE);
            status = WRONG_COMMAND_LINE;
        }
        System.exit(status);
    }

    private static int run(Options options) {
        var finished = new CountDownLatch(1);
        try (var workspace =
                Workspace.in(
                        options.directory(),
                        Program.self("holdfast.cli.Main"),
                        line -> System.err.println(line))) {
            var hook = stopping(Thread.currentThread(), workspace, finished);
            Runtime.getRuntime().addShutdownHook(new Thread(hook, "bench-stop"));
            var report = Runner.run(workspace, options);
            if (options.json().isPresent()) {
                Files.writeString(options.json().get(), report.json() + "\n");
            }
            report.lines().forEach(System.out::println);
            return report.failures().isEmpty() ? 0 : FAILED;
        } catch (IOException e) {
            System.err.println("bench: " + e.getMessage());
            for (var more : e.getSuppressed()) {
                System.err.println("bench: and then " + more.getMessage());
            }
            return FAILED;
        } catch (InterruptedException _) {
            System.err.println("bench: interrupted");
            return FAILED;
        } finally {
            finished.countDown();
        }
    }

    /// Makes an interruption an ordinary end: what is running is ended, and whoever waits for it
    /// goes on to clean up.
    private static Runnable stopping(Thread main, Workspace workspace, CountDownLatch finished) {
        return () -> {
            var time = TimeSource.system();
            var deadline = time.nanoTime() + CLEANED_UP_MAX.toNanos();
            try {
                while (!finished.await(100, TimeUnit.MILLISECONDS) && time.nanoTime() < deadline) {
                    if (!workspace.isClosing()) {
                        ProcessHandle.current().descendants().forEach(ProcessHandle::destroy);
                        main.interrupt();
                    }
                }
            } catch (InterruptedException _) {
                // nobody interrupts this thread; if so, the end comes at once
            }
        };
    }
}
