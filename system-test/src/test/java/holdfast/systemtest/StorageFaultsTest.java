package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The kernel refuses what a running server asks of its disk, as a failing or a full one does; when
/// it no longer does, everything goes on by itself, nothing is lost and no disk is compared.
@Tag("long")
class StorageFaultsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int REFUSALS_MIN = 20;

    /// As strace has it: which calls, what they answer, and which of them do.
    private static final List<String> FAULTS =
            List.of(
                    "fdatasync,fsync:error=EIO:when=1+3",
                    "pwrite64,pwritev:error=ENOSPC:when=2+5",
                    "pwrite64,pwritev:error=EIO:when=3+4");

    @Test
    void aServerOutlivesAFailingDisk() throws Exception {
        try (var lab = Lab.open("faults")) {
            var disks = TwoDisks.make(lab);
            var installation = lab.installation;
            var server = installation.startServer();
            var agent = installation.startAgent(disks.options());
            installation.awaitState("CONTINUOUS", agent, PATIENCE);
            try (var loaded = disks.load("1m")) {
                for (var fault : FAULTS) {
                    var before = installation.awaitPointAfter(lab.time.now(), agent, PATIENCE);
                    refuse(lab, server, fault);
                    var after = installation.awaitPointAfter(lab.time.now(), agent, PATIENCE);
                    for (var point : List.of(before, after)) {
                        assertThat(loaded.faults(point)).as("%s, %s", fault, point).isEmpty();
                    }
                }
                assertThat(loaded.isLoaded()).isTrue();
            }
            assertThat(Files.readAllLines(lab.directory.resolve("agent.log")))
                    .noneMatch(line -> line.contains("-> COMPARE"));
        }
    }

    /// Has calls of the server refused until some were.
    private static void refuse(Lab lab, Process server, String fault) throws Exception {
        var refusals = lab.directory.resolve("strace.log");
        var strace =
                List.of(
                        "strace",
                        "-f",
                        "-qq",
                        "-o",
                        refusals.toString(),
                        "-p",
                        Long.toString(server.pid()),
                        "-e",
                        "trace=" + fault.substring(0, fault.indexOf(':')),
                        "-e",
                        "inject=" + fault);
        try (var _ = lab.load(strace)) {
            lab.installation.await(fault, server, PATIENCE, () -> count(refusals) >= REFUSALS_MIN);
        }
        Files.delete(refusals);
    }

    private static long count(Path refusals) throws IOException {
        if (!Files.exists(refusals)) {
            return 0;
        }
        try (var lines = Files.lines(refusals)) {
            return lines.filter(line -> line.contains("(INJECTED)")).count();
        }
    }
}
