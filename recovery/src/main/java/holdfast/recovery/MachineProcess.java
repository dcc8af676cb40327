package holdfast.recovery;

import holdfast.base.Filesystem;
import holdfast.base.Processes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/// Finds the process of a machine, whoever started it.
///
/// A number alone proves nothing, for it may be another program's by now: only a process whose
/// command line names the machine's own pid file is believed. Where the pid file does not lead to
/// one, all processes are looked at, because QEMU writes the file a moment after its start, and we
/// may have been killed in between. Safe for any thread.
record MachineProcess(Filesystem filesystem, Processes processes, Path proc) {
    private static final Pattern NUMBER = Pattern.compile("[1-9]\\d{0,17}");

    /// In `/proc/<pid>/stat`: behind the program's name, which may hold anything, in parentheses.
    private static final Pattern STATE = Pattern.compile("(?s)^.*\\) (\\S)");

    /// Zombie, and dead.
    private static final Set<String> DEAD = Set.of("Z", "X");

    private static final int STAT_BYTES_MAX = 64 << 10;
    private static final int PID_FILE_BYTES_MAX = 64 << 10;
    private static final int COMMAND_LINE_BYTES_MAX = 1 << 20;

    /// The machine's process; empty if it does not run.
    OptionalLong find(MachineDirectory directory) throws IOException {
        var noted =
                files().readIfPresent(directory.pidFile(), PID_FILE_BYTES_MAX).orElse("").strip();
        if (isMachine(noted, directory)) {
            return OptionalLong.of(Long.parseLong(noted));
        }
        return filesystem.list(proc).stream()
                .filter(entry -> isMachine(entry, directory))
                .mapToLong(Long::parseLong)
                .findFirst();
    }

    /// Ends the process at once, if it is still the machine's.
    void kill(long pid, MachineDirectory directory) {
        if (isMachine(Long.toString(pid), directory)) {
            processes.find(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    /// Whether nothing of the machine is left: its files and sockets are closed.
    boolean ended(long pid, MachineDirectory directory) {
        var entry = proc.resolve(Long.toString(pid));
        try {
            var commandLine = commandLine(entry);
            if (!commandLine.isEmpty()) {
                return !names(commandLine, directory); // else the number is another's by now
            }
            // It gave up its memory, and with it its command line, before its files.
            var state = STATE.matcher(files().read(entry.resolve("stat"), STAT_BYTES_MAX));
            return state.find() && DEAD.contains(state.group(1));
        } catch (IOException _) {
            return true; // no such process
        }
    }

    private boolean isMachine(String pid, MachineDirectory directory) {
        try {
            return NUMBER.matcher(pid).matches()
                    && names(commandLine(proc.resolve(pid)), directory);
        } catch (IOException _) {
            return false; // it ended while we looked
        }
    }

    private String commandLine(Path entry) throws IOException {
        return files().read(entry.resolve("cmdline"), COMMAND_LINE_BYTES_MAX);
    }

    private static boolean names(String commandLine, MachineDirectory directory) {
        var arguments = Arrays.asList(commandLine.split("\0", -1));
        var option = arguments.indexOf(QemuCommand.PID_FILE);
        return option >= 0
                && option + 1 < arguments.size()
                && arguments.get(option + 1).equals(directory.pidFile().toString());
    }

    private SmallFiles files() {
        return new SmallFiles(filesystem);
    }
}
