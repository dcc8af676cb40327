package holdfast.recovery;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Runs recovery instances in QEMU on this host.
///
/// Each machine is a QEMU process in a session of its own: it outlives this process, and a later
/// host on the same directory finds it again. Machines have no network but those that their cards
/// name. What is in the directory, and how the accelerator is chosen:
/// `docs/operations/recovery.md`.
///
/// One host at a time works on a directory. Owns no threads and holds nothing open between calls.
public final class QemuHost implements MachineHost {
    private static final System.Logger LOG = System.getLogger(QemuHost.class.getName());

    private static final Path PROC = Path.of("/proc");
    private static final Duration START_TIMEOUT = Duration.ofSeconds(30); // disks open within 10
    private static final Duration QUIT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(20);
    private static final int LOCKS = 64;

    private final Path host;
    private final Filesystem filesystem;
    private final Network network;
    private final TimeSource time;
    private final Processes processes;
    private final QemuInstallation installation;
    private final Path proc;
    private final SmallFiles smallFiles;
    private final MachineFiles files;
    private final MachineProcess process;
    private final MachineControl control;
    private final QemuTrials trials;
    private final Taps taps;

    /// One machine's launch, end and control sessions exclude each other. Machines share locks by
    /// the hash of their ids, so that there is a fixed number of them.
    private final List<ReentrantLock> locks =
            Stream.generate(ReentrantLock::new).limit(LOCKS).toList();

    /// @param directory for machines and their evidence; made if there is none. Its path should be
    ///   short, because it is part of socket addresses
    public QemuHost(
            Path directory,
            Filesystem filesystem,
            Network network,
            Processes processes,
            TimeSource time)
            throws IOException {
        this(directory, filesystem, network, processes, time, QemuInstallation.USUAL, PROC);
    }

    QemuHost(
            Path directory,
            Filesystem filesystem,
            Network network,
            Processes processes,
            TimeSource time,
            QemuInstallation installation,
            Path proc)
            throws IOException {
        this.host = directory.toAbsolutePath().normalize();
        this.filesystem = filesystem;
        this.network = network;
        this.processes = processes;
        this.time = time;
        this.installation = installation;
        this.proc = proc;
        this.smallFiles = new SmallFiles(filesystem);
        this.files = new MachineFiles(filesystem, smallFiles, host);
        this.process = new MachineProcess(filesystem, processes, proc);
        this.control = new MachineControl(network, time, smallFiles);
        this.trials = new QemuTrials(filesystem, processes, time, host);
        this.taps = new Taps(processes, smallFiles, filesystem);
        filesystem.createDirectories(MachineDirectory.all(host));
    }

    @Override
    public Machine launch(MachineSpec spec) throws IOException, InterruptedException {
        var directory = MachineDirectory.of(host, spec.id());
        var lock = lockOf(directory);
        lock.lockInterruptibly();
        try {
            var record = files.record(directory);
            var pid = record.isPresent() ? process.find(directory) : OptionalLong.empty();
            if (record.isPresent() && pid.isPresent() && started(pid.getAsLong(), directory)) {
                control.resume(directory);
                taps.attach(record.get().spec(), directory);
                return machine(record.get(), pid);
            }
            return start(spec, directory, record.isEmpty());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<Machine> find(String id) throws IOException {
        var directory = MachineDirectory.of(host, id);
        var record = files.record(directory);
        if (record.isEmpty()) {
            return Optional.empty();
        }
        files.boundLogs(directory);
        return Optional.of(machine(record.get(), process.find(directory)));
    }

    @Override
    public List<String> machines() throws IOException {
        return files.recorded();
    }

    @Override
    public BootProof awaitBoot(String id, Duration timeout, Consumer<String> progress)
            throws IOException, InterruptedException {
        var directory = MachineDirectory.of(host, id);
        var launchedAt = requireRecord(directory).launchedAt();
        var kept = ProofRecord.read(smallFiles, directory, launchedAt);
        if (kept.isPresent() && kept.get().proven()) {
            return kept.get();
        }
        var subject = new Watched(directory);
        try (var watch = new BootWatch(filesystem, network, time, directory, subject, progress)) {
            return keep(directory, launchedAt, watch.await(timeout));
        }
    }

    @Override
    public boolean stop(String id, Duration timeout) throws IOException, InterruptedException {
        var directory = MachineDirectory.of(host, id);
        var pid = process.find(directory);
        if (pid.isEmpty()) {
            return true;
        }
        locked(
                directory,
                () -> {
                    control.powerDown(directory);
                    return true;
                });
        var orderly = gone(pid.getAsLong(), directory, timeout);
        var lock = lockOf(directory);
        lock.lockInterruptibly();
        try {
            if (!orderly && process.find(directory).isPresent()) {
                end(pid.getAsLong(), directory);
            }
        } finally {
            lock.unlock();
        }
        LOG.log(
                Level.INFO,
                "machine={0} running -> stopped ({1})",
                id,
                orderly ? "shut down" : "ended, since it did not shut down in time");
        return orderly;
    }

    @Override
    public ScriptRun runScript(
            String id, byte[] script, Map<String, String> environment, Duration timeout)
            throws IOException, InterruptedException {
        var directory = MachineDirectory.of(host, id);
        requireRecord(directory);
        try (var guest = new GuestScript(network, time, directory.guestAgent())) {
            return guest.run(script, environment, timeout);
        }
    }

    private LaunchRecord requireRecord(MachineDirectory directory) throws IOException {
        return files.record(directory)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-machine",
                                "machine "
                                        + directory.id()
                                        + ": not launched here, or terminated"));
    }

    @Override
    public void terminate(String id) throws IOException, InterruptedException {
        var directory = MachineDirectory.of(host, id);
        var lock = lockOf(directory);
        lock.lockInterruptibly();
        try {
            var pid = process.find(directory);
            if (pid.isPresent()) {
                end(pid.getAsLong(), directory);
                LOG.log(Level.INFO, "machine={0} running -> ended (terminated)", id);
            }
            files.remove(directory);
        } finally {
            lock.unlock();
        }
    }

    private Machine start(MachineSpec spec, MachineDirectory directory, boolean isNew)
            throws IOException, InterruptedException {
        var program = installation.program(filesystem);
        var uefi =
                spec.uefi()
                        ? Optional.of(installation.uefiFirmware(filesystem))
                        : Optional.<QemuInstallation.UefiFirmware>empty();
        MachineDirectory.requireSocketPath(directory.console());
        spec.disks().forEach(disk -> MachineDirectory.requireSocketPath(disk.socket()));
        var capacity = HostCapacity.of(smallFiles, proc);
        var grant = capacity.grant(spec);
        var accelerator = trials.accelerator(program, capacity);
        var record = new LaunchRecord(spec, accelerator, grant, time.now());
        var uefiCode = uefi.map(QemuInstallation.UefiFirmware::code);
        var command =
                new QemuCommand(program, uefiCode, trials.sandbox(program)).of(record, directory);

        files.prepare(record, directory, uefi.map(QemuInstallation.UefiFirmware::variables));
        try {
            var pid = run(command, directory);
            try {
                taps.attach(spec, directory);
            } catch (IOException | InterruptedException e) {
                end(pid, directory); // it would wait for a network that it never gets
                throw e;
            }
            LOG.log(
                    Level.INFO,
                    "machine={0} launched pid={1} accelerator={2} reason=\"{3}\" note=\"{4}\"",
                    spec.id(),
                    pid,
                    accelerator.kind().word(),
                    accelerator.reason(),
                    grant.note());
            return machine(record, OptionalLong.of(pid));
        } catch (IOException e) {
            if (isNew) { // nothing runs, and nothing was there before: leave nothing
                files.remove(directory);
            }
            throw e;
        }
    }

    /// Whether the process that was found has come through its start: it may have been started by a
    /// host that was killed before its disks could be opened, and then it ends.
    private boolean started(long pid, MachineDirectory directory) throws InterruptedException {
        var deadline = time.nanoTime() + START_TIMEOUT.toNanos();
        while (!process.ended(pid, directory)) {
            if (control.answers(directory) || time.nanoTime() - deadline >= 0) {
                return true;
            }
            time.sleep(PAUSE);
        }
        return false;
    }

    /// Returns the process's number once QEMU answers, which it does when all disks are open.
    private long run(List<String> command, MachineDirectory directory) throws IOException {
        var started =
                processes.start(
                        new ProcessBuilder(command)
                                .directory(directory.work().toFile())
                                .redirectInput(Path.of("/dev/null").toFile())
                                .redirectErrorStream(true)
                                .redirectOutput(directory.qemuLog().toFile()));
        var deadline = time.nanoTime() + START_TIMEOUT.toNanos();
        while (true) {
            var ended = !started.isAlive(); // asked first: if it ends now, the next turn sees it
            var left = Duration.ofNanos(deadline - time.nanoTime());
            try (var _ = QmpClient.connect(network, time, directory.control(), left)) {
                return process.find(directory)
                        .orElseThrow(() -> new IOException("qemu answered, and is gone"));
            } catch (InterruptedIOException e) {
                kill(started);
                throw e;
            } catch (IOException e) {
                if (ended) {
                    throw new IOException(
                            String.format(
                                    Locale.ROOT,
                                    "machine %s: qemu ended at its start with status %d: %s",
                                    directory.id(),
                                    started.exitValue(),
                                    files.messages(directory)));
                }
                if (left.isNegative()) {
                    kill(started);
                    throw new IOException(
                            String.format(
                                    Locale.ROOT,
                                    "machine %s: qemu did not start within %d s (%s): %s",
                                    directory.id(),
                                    START_TIMEOUT.toSeconds(),
                                    e.getMessage(),
                                    files.messages(directory)));
                }
            }
            Pause.uninterrupted(time, PAUSE);
        }
    }

    /// Returns when it is gone, so that what is said and done next is true.
    private static void kill(Process started) {
        started.destroyForcibly()
                .onExit()
                .completeOnTimeout(started, KILL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private BootProof keep(
            MachineDirectory directory, Instant launchedAt, BootWatch.Outcome outcome)
            throws IOException {
        // In whole milliseconds, as it is kept.
        var took = Duration.ofMillis(Duration.between(launchedAt, time.now()).toMillis());
        var screenshot = locked(directory, () -> control.takeScreenshot(directory));
        var proof =
                new BootProof(
                        outcome.proven(),
                        outcome.evidence(),
                        took.isNegative() ? Duration.ZERO : took, // the clock was set back
                        directory.consoleLog(),
                        screenshot);
        ProofRecord.write(smallFiles, directory, launchedAt, proof);
        LOG.log(
                Level.INFO,
                "machine={0} proven={1} tookMillis={2} evidence={3}",
                directory.id(),
                proof.proven(),
                proof.took().toMillis(),
                proof.evidence());
        return proof;
    }

    private void end(long pid, MachineDirectory directory)
            throws IOException, InterruptedException {
        control.quit(directory);
        if (gone(pid, directory, QUIT_TIMEOUT)) {
            return;
        }
        // QEMU waits for its disks' server if that is away; nothing acknowledged is lost by this.
        process.kill(pid, directory);
        if (!gone(pid, directory, KILL_TIMEOUT)) {
            throw new IOException(
                    String.format(
                            Locale.ROOT,
                            "machine %s: its process %d does not end, though killed; look at its disks' servers, then terminate it again",
                            directory.id(),
                            pid));
        }
    }

    private boolean gone(long pid, MachineDirectory directory, Duration timeout)
            throws InterruptedException {
        var deadline = time.nanoTime() + timeout.toNanos();
        while (!process.ended(pid, directory)) {
            if (time.nanoTime() - deadline >= 0) {
                return false;
            }
            time.sleep(PAUSE);
        }
        return true;
    }

    private static Machine machine(LaunchRecord record, OptionalLong pid) {
        return new Machine(
                record.spec().id(),
                pid.isPresent(),
                pid.orElse(0),
                record.accelerator().kind().word(),
                record.launchedAt(),
                record.grant().note());
    }

    private ReentrantLock lockOf(MachineDirectory directory) {
        return locks.get(Math.floorMod(directory.id().hashCode(), LOCKS));
    }

    private <T> T locked(MachineDirectory directory, Supplier<T> action) {
        var lock = lockOf(directory);
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    /// A machine as its watch sees it.
    private final class Watched implements BootWatch.Subject {
        private final MachineDirectory directory;

        private Watched(MachineDirectory directory) {
            this.directory = directory;
        }

        @Override
        public boolean running() throws IOException {
            files.boundLogs(directory);
            return process.find(directory).isPresent();
        }

        @Override
        public boolean resume() {
            return locked(directory, () -> control.resume(directory));
        }
    }
}
