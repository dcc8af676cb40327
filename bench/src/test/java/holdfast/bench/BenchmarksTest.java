package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Processes;
import holdfast.demo.Commands;
import holdfast.demo.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Each benchmark on a tiny input: that it measures ours and its peers, and that nothing is left
/// afterwards. Not how fast anything is.
class BenchmarksTest {
    private static final Scale TINY =
            new Scale(
                    "tiny",
                    24,
                    1,
                    24,
                    Duration.ofSeconds(1),
                    1,
                    Duration.ofSeconds(2),
                    1,
                    1,
                    300,
                    Duration.ofSeconds(2));
    private static final Program HOLDFAST = Program.self("holdfast.cli.Main");

    /// Not one of JUnit's: their names are long, and paths of sockets have a limit.
    private final Path folder = Path.of(System.getProperty("java.io.tmpdir"));

    /// In one workspace, one after the other, as a run does it. All but the recovery, whose machine
    /// takes too long to boot for every run.
    @Test
    void measureOursAndPeersAndLeaveNothing() throws Exception {
        assumeTrue(new Commands(Processes.system()).output("id", "-u").equals("0"), "needs root");
        var benchmarks =
                Main.all(Optional.empty()).stream()
                        .filter(b -> !(b instanceof RecoveryBenchmark))
                        .toList();
        String place;
        try (var workspace = Workspace.in(folder, HOLDFAST, line -> System.out.println(line))) {
            place = workspace.path("").toString();
            var report = Runner.run(workspace, TINY, workspace.time.now(), benchmarks);
            assertThat(report.failures()).isEmpty();
            assertThat(report.rows().stream().map(Row::benchmark).distinct())
                    .containsExactly("copy", "impact", "lag", "failback", "api");
            assertThat(report.rows())
                    .filteredOn(row -> row.better() == Row.Better.LESS && row.peer().isPresent())
                    .hasSizeGreaterThan(benchmarks.size())
                    .allSatisfy(row -> {
                        assertThat(row.ours().min()).as(row.measure()).isPositive();
                        var peer = row.peer().orElseThrow().figures();
                        assertThat(peer.min()).as(row.measure()).isPositive();
                    });
        }
        assertNothingLeft(place);
    }

    @Test
    void oneThatFailsIsToldAndTheOthersGoOn() throws Exception {
        var row = Row.alone("second", "ms", Row.Better.LESS, Samples.of(1));
        var benchmarks =
                List.of(
                        benchmark("first", Optional.empty()),
                        benchmark("second", Optional.of(row)));
        try (var workspace = Workspace.in(folder, HOLDFAST, _ -> {})) {
            var report = Runner.run(workspace, TINY, workspace.time.now(), benchmarks);
            assertThat(report.rows()).containsExactly(row);
            assertThat(report.failures()).containsExactly("first: no figures");
        }
    }

    private static Benchmark benchmark(String name, Optional<Row> row) {
        return new Benchmark() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public List<Row> run(Workspace workspace, Scale scale) throws IOException {
                return List.of(row.orElseThrow(() -> new IOException("no figures")));
            }
        };
    }

    /// As after an interruption at the worst moment: everything is up, and nobody takes it down.
    @Test
    void aWorkspaceTakesDownWhatNobodyElseDid() throws Exception {
        assumeTrue(new Commands(Processes.system()).output("id", "-u").equals("0"), "needs root");
        String place;
        Process load;
        Process agent;
        Set<Path> pins;
        try (var workspace = Workspace.in(folder, HOLDFAST, line -> System.out.println(line))) {
            place = workspace.path("").toString();
            var disk = WrittenDisk.make(workspace, "left", 24);
            var protection = Protection.start(workspace, "server");
            protection.startAgent(protection.agentOptions(disk.device()));
            protection.firstPoint();
            agent = protection.agent();
            workspace.notePins(agent.pid());
            pins = workspace.pins();
            load = disk.startFio("--rw=randwrite", "--bs=4k", "--time_based", "--runtime=1h");
            Thread.currentThread().interrupt();
        }
        assertThat(Thread.interrupted()).isTrue();
        assertThat(load.waitFor(1, TimeUnit.MINUTES)).isTrue(); // ended, and waits to be seen
        assertThat(agent.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(pins).allSatisfy(pin -> assertThat(pin).doesNotExist());
        assertNothingLeft(place);
    }

    private static void assertNothingLeft(String place) throws Exception {
        var commands = new Commands(Processes.system());
        assertThat(Path.of(place)).doesNotExist();
        assertThat(Files.readString(Path.of("/proc/mounts"))).doesNotContain(place);
        assertThat(commands.output("losetup", "--list")).doesNotContain(place);
        assertThat(ProcessHandle.allProcesses().flatMap(p -> p.info().commandLine().stream()))
                .noneMatch(line -> line.contains(place));
    }
}
