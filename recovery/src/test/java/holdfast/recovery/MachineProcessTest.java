package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Filesystem;
import holdfast.base.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineProcessTest {
    @TempDir private Path root;
    private Path proc;
    private MachineDirectory directory;
    private final List<Long> soughtToKill = new ArrayList<>();
    private MachineProcess process;

    @BeforeEach
    void makeHost() throws IOException {
        proc = Files.createDirectories(root.resolve("proc"));
        Files.createFile(proc.resolve("meminfo"));
        directory = MachineDirectory.of(root.resolve("host"), "ri-1");
        Files.createDirectories(directory.work());
        process =
                new MachineProcess(
                        Filesystem.local(),
                        new Processes() {
                            @Override
                            public Process start(ProcessBuilder builder) {
                                throw new AssertionError("starts nothing");
                            }

                            @Override
                            public Optional<ProcessHandle> find(long pid) {
                                soughtToKill.add(pid);
                                return Optional.empty();
                            }
                        },
                        proc);
    }

    @Test
    void theProcessInThePidFileIsFound() throws IOException {
        run(4711, "qemu", "-pidfile", directory.pidFile().toString(), "-m", "1G");
        Files.writeString(directory.pidFile(), "4711\n");

        assertThat(process.find(directory)).hasValue(4711);
    }

    @Test
    void anotherProgramWithTheNumberOfThePidFileIsNotTakenForTheMachine() throws IOException {
        var other = MachineDirectory.of(root.resolve("host"), "ri-2");
        run(4711, "qemu", "-pidfile", other.pidFile().toString());
        Files.writeString(directory.pidFile(), "4711\n");

        assertThat(process.find(directory)).isEmpty();
        process.kill(4711, directory);
        assertThat(soughtToKill).isEmpty();
        assertThat(process.ended(4711, directory)).isTrue();
    }

    @Test
    void aMachineIsFoundThoughItsPidFileIsStaleOrMissing() throws IOException {
        run(4711, "bash");
        run(4712, "qemu", "-pidfile", directory.pidFile().toString());

        assertThat(process.find(directory)).hasValue(4712);
        Files.writeString(directory.pidFile(), "4711\n");
        assertThat(process.find(directory)).hasValue(4712);
        Files.writeString(directory.pidFile(), "../../etc/passwd\n");
        assertThat(process.find(directory)).hasValue(4712);
        process.kill(4712, directory);
        assertThat(soughtToKill).containsExactly(4712L);
    }

    @Test
    void aMachineHasEndedOnlyWhenItsFilesAreClosed() throws IOException {
        run(4711, "qemu", "-pidfile", directory.pidFile().toString());
        assertThat(process.ended(4711, directory)).isFalse();

        Files.writeString(proc.resolve("4711/cmdline"), ""); // as of a process that is ending
        Files.writeString(proc.resolve("4711/stat"), "4711 (qemu) Z) S 1 4711");
        assertThat(process.ended(4711, directory)).isFalse();
        Files.writeString(proc.resolve("4711/stat"), "4711 (qemu) S) Z 1 4711");
        assertThat(process.ended(4711, directory)).isTrue();
        assertThat(process.ended(4712, directory)).isTrue();
    }

    private void run(long pid, String... command) throws IOException {
        var entry = Files.createDirectories(proc.resolve(Long.toString(pid)));
        Files.writeString(entry.resolve("cmdline"), String.join("\0", command) + '\0');
    }
}
