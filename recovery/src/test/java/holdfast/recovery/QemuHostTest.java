package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a host refuses, and what it leaves behind when a start goes wrong.
class QemuHostTest {
    @TempDir private Path root;
    private Path proc;
    private Path qemu;

    @BeforeEach
    void makeHost() throws IOException {
        proc = Files.createDirectories(root.resolve("proc"));
        Files.writeString(proc.resolve("cpuinfo"), "processor : 0\nflags : fpu\n");
        Files.writeString(proc.resolve("meminfo"), "MemAvailable: 8388608 kB\n");
        qemu = Files.createFile(root.resolve("qemu"));
    }

    @Test
    void withoutQemuItSaysWhatToInstall() throws IOException {
        var host = host(new QemuInstallation(List.of(Path.of("/none/qemu")), List.of()));

        refuses(host, spec(false, "/n/d.sock"), "qemu-missing", "apt-get install qemu-system-x86");
    }

    @Test
    void withoutUefiFirmwareItSaysWhatToInstall() throws IOException {
        var host = host(installed());

        refuses(host, spec(true, "/n/d.sock"), "uefi-firmware-missing", "apt-get install ovmf");
    }

    @Test
    void withoutMemoryItSaysHowMuchIsMissing() throws IOException {
        Files.writeString(proc.resolve("meminfo"), "MemAvailable: 524288 kB\n");

        refuses(host(installed()), spec(false, "/n/d.sock"), "not-enough-memory", "512 MiB");
    }

    @Test
    void aSocketPathThatLinuxCannotHoldIsRefused() throws IOException {
        var longest = "/" + "d".repeat(106);

        refuses(
                host(installed()),
                spec(false, longest + "d"),
                "socket-path-too-long",
                "108 bytes, a Unix socket's path has at most 107");
        MachineDirectory.requireSocketPath(Path.of(longest));
        var deep =
                new QemuHost(
                        root.resolve("x".repeat(100)),
                        Filesystem.local(),
                        Network.system(),
                        new NoProcesses(),
                        new FakeTime(),
                        installed(),
                        proc);
        refuses(deep, spec(false, "/n/d.sock"), "socket-path-too-long", "shorter path");
    }

    @Test
    void anIdThatIsNoFileNameIsRefused() throws IOException {
        var host = host(installed());
        for (var id : List.of("", "..", ".hidden", "a/b", "a\nb", "x".repeat(65))) {
            assertThatThrownBy(() -> host.find(id)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /// A crash between the start and any later step would otherwise leave a machine that nobody
    /// knows of.
    @Test
    void theRecordIsThereBeforeTheProcess() throws IOException {
        var record = MachineDirectory.of(root.resolve("host"), "ri-1").record();
        var recorded = new ArrayList<Boolean>();
        var processes =
                new NoMachines() {
                    @Override
                    Process startMachine() throws IOException {
                        recorded.add(Files.exists(record));
                        return super.startMachine();
                    }
                };
        var host = host(installed(), processes);

        assertThatThrownBy(() -> host.launch(spec(false, "/n/d.sock")))
                .hasMessage("no processes here");
        assertThat(recorded).containsExactly(true);
        assertThat(host.machines()).isEmpty();
    }

    /// A host that is killed right after the start takes the disks' server with it, and where the
    /// next is not there soon, QEMU ends: what was found in the meantime was no machine.
    @Test
    void aMachineThatEndsAtItsStartIsStartedAgainByTheNextHost() throws IOException {
        var spec = spec(false, "/n/d.sock");
        var killed =
                host(
                        installed(),
                        new NoMachines() {
                            @Override
                            Process startMachine() {
                                throw new AssertionError("killed");
                            }
                        });
        assertThatThrownBy(() -> killed.launch(spec)).hasMessage("killed");
        var starting = Files.createDirectories(proc.resolve("4711"));
        var pidFile = MachineDirectory.of(root.resolve("host"), "ri-1").pidFile();
        Files.writeString(starting.resolve("cmdline"), "qemu\0-pidfile\0" + pidFile + "\0");
        var ending =
                new FakeTime() {
                    @Override
                    public void sleep(Duration duration) {
                        super.sleep(duration);
                        try {
                            Files.deleteIfExists(starting.resolve("cmdline"));
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    }
                };

        assertThatThrownBy(() -> host(installed(), new NoMachines(), ending).launch(spec))
                .hasMessage("no processes here"); // which it tried to start
    }

    @Test
    void aMachineThatIsNotThereIsTerminatedQuietlyAndNotAwaited() throws Exception {
        var host = host(installed());

        host.terminate("ri-1");
        assertThat(host.find("ri-1")).isEmpty();
        assertThatThrownBy(() -> host.awaitBoot("ri-1", Duration.ofSeconds(1), _ -> {}))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo("unknown-machine"));
    }

    private static void refuses(QemuHost host, MachineSpec spec, String code, String words)
            throws IOException {
        assertThatThrownBy(() -> host.launch(spec))
                .isInstanceOfSatisfying(
                        RefusalException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(code))
                .hasMessageContaining(words);
        assertThat(host.machines()).isEmpty();
    }

    private QemuInstallation installed() {
        return new QemuInstallation(List.of(qemu), List.of());
    }

    private QemuHost host(QemuInstallation installation) throws IOException {
        return host(installation, new NoProcesses());
    }

    private QemuHost host(QemuInstallation installation, Processes processes) throws IOException {
        return host(installation, processes, new FakeTime());
    }

    private QemuHost host(QemuInstallation installation, Processes processes, TimeSource time)
            throws IOException {
        return new QemuHost(
                root.resolve("host"),
                Filesystem.local(),
                Network.system(),
                processes,
                time,
                installation,
                proc);
    }

    private static MachineSpec spec(boolean uefi, String socket) {
        return new MachineSpec(
                "ri-1",
                "web1",
                1,
                256 << 20,
                uefi,
                List.of(new MachineSpec.Disk(Path.of(socket), "vol", "s")));
    }

    private static class NoProcesses implements Processes {
        @Override
        public Process start(ProcessBuilder builder) throws IOException {
            throw new IOException("no processes here");
        }

        @Override
        public Optional<ProcessHandle> find(long pid) {
            return Optional.empty();
        }
    }

    /// Lets QEMU be tried, and then not be started.
    private static class NoMachines extends NoProcesses {
        @Override
        public Process start(ProcessBuilder builder) throws IOException {
            return builder.command().getFirst().equals("setsid")
                    ? startMachine()
                    : new ProcessBuilder("true").start();
        }

        Process startMachine() throws IOException {
            throw new IOException("no processes here");
        }
    }
}
