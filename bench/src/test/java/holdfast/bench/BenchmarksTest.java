package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.Processes;
import holdfast.demo.Commands;
import holdfast.demo.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each benchmark on a tiny input: that it measures ours and its peers, and that nothing is left
/// afterwards. Not how fast anything is.
class BenchmarksTest {
    private static final Scale TINY =
            new Scale("tiny", 24, 1, 24, Duration.ofSeconds(1), 1, Duration.ofSeconds(2), 1, 1);
    private static final Program HOLDFAST = Program.self("holdfast.cli.Main");

    @TempDir private Path folder;

    /// All but the recovery, whose machine takes too long to boot for every run.
    static Stream<Benchmark> benchmarks() {
        return Main.ALL.stream().filter(benchmark -> !benchmark.name().equals("recovery"));
    }

    @ParameterizedTest
    @MethodSource("benchmarks")
    void measuresOursAndPeersAndLeavesNothing(Benchmark benchmark) throws Exception {
        assumeTrue(new Commands(Processes.system()).output("id", "-u").equals("0"), "needs root");
        String place;
        try (var workspace = Workspace.in(folder, HOLDFAST, line -> System.out.println(line))) {
            place = workspace.path("").toString();
            var rows = benchmark.run(workspace, TINY);
            assertThat(rows).isNotEmpty().allMatch(row -> row.benchmark().equals(benchmark.name()));
            assertThat(rows)
                    .filteredOn(row -> row.better() == Row.Better.LESS && row.peer().isPresent())
                    .isNotEmpty()
                    .allSatisfy(row -> {
                        assertThat(row.ours().min()).as(row.measure()).isPositive();
                        var peer = row.peer().orElseThrow().figures();
                        assertThat(peer.min()).as(row.measure()).isPositive();
                    });
        }
        assertNothingLeft(place);
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
        assertThat(load.isAlive()).isFalse();
        assertThat(agent.isAlive()).isFalse();
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
