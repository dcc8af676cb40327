package holdfast.tracking;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import holdfast.base.linux.Errno;
import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.tracking.device.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// Brings the file systems on tracked disks to rest for a bounded time, so that a round under it
/// meets no writer: the last resort of an agent whose rounds find no consistency point, and only
/// where the user allowed it.
///
/// The caller's order: [#sync], a round to drain what that wrote, [#freeze], a round over the small
/// rest, [Frozen#close]. The proof of the round stays [Flip#isProven]: a freeze that ended early
/// costs the point and nothing else.
///
/// A frozen file system holds every process that writes to it, this one included. Hence:
///
/// - A watchdog, a process of its own, thaws when the budget is used up, and at once if this
///   process dies.
/// - A process with a file on the file system mapped for shared writing would stop at its next
///   store. The JVM has one unless it runs with `-XX:+PerfDisableSharedMem`. That is checked.
/// - Nothing may be logged to, or written to, the frozen file systems while they are: the caller's
///   care. Reading is harmless.
///
/// Used by one thread, a platform thread. The caller closes it.
public final class FreezeGuard implements AutoCloseable {
    /// Prints `ready`, then waits for the word that all is thawed, or for the time to be over, or
    /// for its standard input to end because the agent has died.
    private static final String WATCHDOG =
            """
            for program in timeout head fsfreeze; do
                command -v $program >/dev/null || { echo "$program is not installed"; exit 1; }
            done
            echo ready
            word=$(timeout "$1" head -n 1)
            shift
            [ "$word" = thawed ] || for mount; do fsfreeze --unfreeze "$mount" & done
            wait
            """;

    private static final Duration WATCHDOG_END_MAX = Duration.ofSeconds(5);

    private final List<LinuxFile> filesystems;
    private final Duration budget;
    private final Processes processes;
    private final TimeSource time;

    private FreezeGuard(
            List<LinuxFile> filesystems, Duration budget, Processes processes, TimeSource time) {
        this.filesystems = filesystems;
        this.budget = budget;
        this.processes = processes;
        this.time = time;
    }

    /// Finds the file systems on these disks and opens them.
    ///
    /// @param budget for the whole time from the first freeze to the last thaw
    /// @throws TrackerException if there is none, or if freezing would stop this process
    public static FreezeGuard open(
            List<TrackedDisk> disks, Duration budget, Processes processes, TimeSource time)
            throws TrackerException {
        var machine = Machine.local();
        var found = MountedFilesystems.on(disks, machine);
        if (found.isEmpty()) {
            throw new TrackerException("no mounted file system lies on the tracked disks");
        }
        refuseOwnMappings(found, machine);
        var open = new ArrayList<LinuxFile>();
        try {
            for (var filesystem : found) {
                open.add(LinuxFile.open(filesystem.mountPoint(), LinuxFile.Mode.DIRECTORY));
            }
        } catch (LinuxException e) {
            open.forEach(LinuxFile::close);
            throw new TrackerException(e);
        }
        return new FreezeGuard(List.copyOf(open), budget, processes, time);
    }

    /// Lines of `/proc/self/maps`: `address perms offset major:minor inode path`, numbers in hex.
    private static void refuseOwnMappings(
            List<MountedFilesystems.Filesystem> filesystems, Machine machine)
            throws TrackerException {
        try {
            for (var line : Files.readAllLines(machine.proc().resolve("self/maps"))) {
                var fields = line.split(" +", 6);
                if (fields.length < 6 || !fields[1].startsWith("rw") || !fields[1].endsWith("s")) {
                    continue;
                }
                var number = fields[3].split(":", -1);
                var device =
                        Integer.parseInt(number[0], 16) + ":" + Integer.parseInt(number[1], 16);
                for (var filesystem : filesystems) {
                    if (filesystem.device().equals(device)) {
                        throw new TrackerException(
                                String.format(
                                        Locale.ROOT,
                                        "cannot freeze %s: this process has %s mapped for writing and would stop itself; run Java with -XX:+PerfDisableSharedMem",
                                        filesystem.mountPoint(),
                                        fields[5]));
                    }
                }
            }
        } catch (TrackerException e) {
            throw e;
        } catch (IOException e) {
            throw new TrackerException("cannot read this process's mappings", e);
        }
    }

    /// Where the file systems are mounted, in the order of freezing.
    public List<String> mountPoints() {
        return filesystems.stream().map(LinuxFile::toString).toList();
    }

    /// Writes out what the file systems hold in memory, so that freezing has little left to do.
    public void sync() throws TrackerException {
        try {
            for (var filesystem : filesystems) {
                filesystem.syncFilesystem();
            }
        } catch (LinuxException e) {
            throw new TrackerException(e);
        }
    }

    /// Stops all writers. Close the result as soon as possible, in any case within the budget.
    ///
    /// @throws TrackerException if not all could be frozen in time; then none is
    public Frozen freeze() throws TrackerException {
        var began = time.nanoTime(); // before the watchdog's time: nothing may outlast that
        var frozen = new Frozen(startWatchdog(), began);
        try {
            for (var filesystem : filesystems) {
                frozen.add(filesystem);
                if (frozen.remaining().isNegative()) {
                    throw new TrackerException(
                            String.format(
                                    Locale.ROOT,
                                    "freezing %s took longer than the whole budget of %d ms",
                                    filesystem,
                                    budget.toMillis()));
                }
            }
            return frozen;
        } catch (TrackerException e) {
            frozen.close();
            throw e;
        }
    }

    private Process startWatchdog() throws TrackerException {
        var command = new ArrayList<>(List.of("/bin/sh", "-c", WATCHDOG, "holdfast-thaw"));
        command.add(String.format(Locale.ROOT, "%.3f", budget.toMillis() / 1000.0));
        // The lowest first: thawing writes, and so waits for frozen file systems below.
        command.addAll(mountPoints().reversed());
        var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        try {
            var watchdog = processes.start(builder);
            var answer = watchdog.inputReader(StandardCharsets.US_ASCII).readLine();
            if (!"ready".equals(answer)) {
                watchdog.destroyForcibly();
                throw new TrackerException("no freeze without its watchdog: " + answer);
            }
            return watchdog;
        } catch (TrackerException e) {
            throw e;
        } catch (IOException e) {
            throw new TrackerException("no freeze without its watchdog: " + e.getMessage(), e);
        }
    }

    /// Closes the descriptors.
    @Override
    public void close() {
        filesystems.forEach(LinuxFile::close);
    }

    /// File systems at rest. Closing it lets them go on.
    public final class Frozen implements AutoCloseable {
        private final Process watchdog;
        private final long startNanos;
        private final Deque<LinuxFile> held = new ArrayDeque<>();
        private boolean heldToTheEnd = true;

        private Frozen(Process watchdog, long startNanos) {
            this.watchdog = watchdog;
            this.startNanos = startNanos;
        }

        private void add(LinuxFile filesystem) throws TrackerException {
            try {
                filesystem.freezeFilesystem();
                held.push(filesystem);
            } catch (LinuxException e) {
                if (!e.is(Errno.EOPNOTSUPP) && !e.is(Errno.ENOTTY)) {
                    throw e.is(Errno.EBUSY)
                            ? new TrackerException(
                                    filesystem + " is frozen already, by another program", e)
                            : new TrackerException(e);
                }
                // A file system without freezing (FAT for one) may well be quiet; if not, the
                // round has a conflict.
            }
        }

        /// What is left of the budget; negative when it is used up.
        public Duration remaining() {
            return budget.minusNanos(time.nanoTime() - startNanos);
        }

        /// Once closed: whether everything stayed frozen until then, and not only until the
        /// watchdog put an end to it.
        public boolean heldToTheEnd() {
            return heldToTheEnd;
        }

        /// Thaws the lowest first, whatever happens in between, and ends the watchdog.
        @Override
        public void close() {
            while (!held.isEmpty()) {
                try {
                    held.pop().thawFilesystem();
                } catch (LinuxException e) {
                    heldToTheEnd = false; // thawed by the watchdog; if not, it will do so now
                }
            }
            try (var out = watchdog.outputWriter(StandardCharsets.US_ASCII)) {
                if (heldToTheEnd) {
                    out.write("thawed\n");
                }
            } catch (IOException _) {
                // it has ended already, having thawed
            }
            try {
                if (!watchdog.waitFor(WATCHDOG_END_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
                    watchdog.destroyForcibly();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
