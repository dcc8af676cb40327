package holdfast.recovery;

import holdfast.base.Filesystem;
import holdfast.base.Processes;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Finds out by trying what this host's QEMU can do, and remembers it while this process lives: a
/// host changes under a running process seldom, under files kept on disk often. That a trial took
/// too long is remembered when it did so again: a busy host is no sign of what it can do.
///
/// Whether `/dev/kvm` exists says little: some hosts offer it for paravirtual guests only, and an
/// ordinary kernel hangs on it. So a machine without disks is started with KVM; where its BIOS gets
/// as far as finding no disk, real mode, protected mode and devices work. Safe for any thread.
final class QemuTrials {
    /// System calls that a machine never needs once it runs.
    static final List<String> SANDBOX =
            List.of(
                    "-sandbox",
                    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");

    private static final Path KVM = Path.of("/dev/kvm");
    private static final String BIOS_IS_THROUGH = "No bootable device";
    private static final Duration BIOS_TIMEOUT = Duration.ofSeconds(5); // with KVM it takes one
    private static final Duration SANDBOX_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(20);
    private static final int STUCK_MAX = 2;
    private static final int OUTPUT_BYTES_MAX = 1 << 20;
    private static final int REASON_CHARS_MAX = 200;

    private final Filesystem filesystem;
    private final Processes processes;
    private final TimeSource time;
    private final SmallFiles files;
    private final Path directory;
    private final ReentrantLock lock = new ReentrantLock();
    private final Memory<Accelerator> accelerator = new Memory<>();
    private final Memory<Boolean> sandbox = new Memory<>();

    /// How a trial ended.
    ///
    /// @param stuck it took too long
    /// @param why it failed; empty if it did not
    record Trial(boolean stuck, Optional<String> why) {}

    private static final class Memory<T> {
        private @Nullable T verdict;
        private int stuck;

        /// @return the verdict
        T keep(Trial trial, T of) {
            stuck += trial.stuck() ? 1 : 0;
            if (!trial.stuck() || stuck >= STUCK_MAX) {
                verdict = of;
            }
            return of;
        }
    }

    /// @param directory an existing one for the trials' output
    QemuTrials(Filesystem filesystem, Processes processes, TimeSource time, Path directory) {
        this.filesystem = filesystem;
        this.processes = processes;
        this.time = time;
        this.files = new SmallFiles(filesystem);
        this.directory = directory;
    }

    Accelerator accelerator(Path program, HostCapacity capacity) throws IOException {
        lock.lock();
        try {
            var known = accelerator.verdict;
            return known == null ? decide(program, capacity) : known;
        } finally {
            lock.unlock();
        }
    }

    private Accelerator decide(Path program, HostCapacity capacity) throws IOException {
        if (!filesystem.exists(KVM)) {
            return without("no " + KVM);
        }
        if (!capacity.virtualization()) {
            return without("neither vmx nor svm among the flags of /proc/cpuinfo");
        }
        var trial = bootsBios(program, Accelerator.Kind.KVM);
        return accelerator.keep(
                trial,
                trial.why()
                        .map(why -> new Accelerator(Accelerator.Kind.TCG, "trial with kvm: " + why))
                        .orElse(
                                new Accelerator(
                                        Accelerator.Kind.KVM, "trial with kvm: the BIOS ran")));
    }

    private Accelerator without(String why) {
        return accelerator.keep(
                new Trial(false, Optional.of(why)), new Accelerator(Accelerator.Kind.TCG, why));
    }

    /// Runs a machine until its BIOS found that there is no disk.
    Trial bootsBios(Path program, Accelerator.Kind kind) throws IOException {
        var command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none"));
        command.addAll(List.of("-machine", "q35", "-m", "64M", "-nic", "none"));
        command.addAll(kind.arguments());
        command.addAll(List.of("-chardev", "stdio,id=firmware,signal=off"));
        command.addAll(List.of("-device", "isa-debugcon,iobase=0x402,chardev=firmware"));
        var output = directory.resolve("trial-" + kind.word() + ".log");
        var process = start(command, Path.of("/dev/null"), output);
        try {
            var deadline = time.nanoTime() + BIOS_TIMEOUT.toNanos();
            while (true) {
                var ended = !process.isAlive(); // asked before reading, so that nothing is missed
                var said = read(output);
                if (said.contains(BIOS_IS_THROUGH)) {
                    return new Trial(false, Optional.empty());
                }
                if (ended || time.nanoTime() - deadline > 0) {
                    var how = ended ? "ended" : "stuck for " + BIOS_TIMEOUT.toSeconds() + " s";
                    return new Trial(!ended, Optional.of(how + "; " + lastLine(said)));
                }
                pause();
            }
        } finally {
            process.destroyForcibly();
        }
    }

    /// Whether this QEMU can give up system calls; some are built without.
    boolean sandbox(Path program) throws IOException {
        lock.lock();
        try {
            var known = sandbox.verdict;
            if (known != null) {
                return known;
            }
            var trial = startsSandboxed(program);
            return sandbox.keep(trial, trial.why().isEmpty());
        } finally {
            lock.unlock();
        }
    }

    private Trial startsSandboxed(Path program) throws IOException {
        var command = new ArrayList<>(List.of(program.toString()));
        command.addAll(SANDBOX);
        command.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none"));
        command.addAll(List.of("-machine", "none", "-monitor", "stdio"));
        var input = directory.resolve("trial-sandbox.input");
        files.write(input, "quit\n".getBytes(StandardCharsets.US_ASCII));
        var process = start(command, input, directory.resolve("trial-sandbox.log"));
        try {
            var deadline = time.nanoTime() + SANDBOX_TIMEOUT.toNanos();
            while (process.isAlive() && time.nanoTime() - deadline < 0) {
                pause();
            }
            if (process.isAlive()) {
                return new Trial(true, Optional.of("stuck"));
            }
            var status = process.exitValue();
            return new Trial(
                    false, status == 0 ? Optional.empty() : Optional.of("status " + status));
        } finally {
            process.destroyForcibly();
            files.deleteIfPresent(input);
        }
    }

    private Process start(List<String> command, Path input, Path output) throws IOException {
        return processes.start(
                new ProcessBuilder(command)
                        .redirectInput(input.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile()));
    }

    private String read(Path output) throws IOException {
        return files.readIfPresent(output, OUTPUT_BYTES_MAX).orElse("");
    }

    private void pause() throws InterruptedIOException {
        Pause.uninterrupted(time, PAUSE);
    }

    private static String lastLine(String text) {
        var line = text.strip().lines().reduce("it said nothing", (_, last) -> last);
        return line.substring(0, Math.min(line.length(), REASON_CHARS_MAX));
    }
}
