package holdfast.base;

import java.io.IOException;
import java.util.Optional;

/// Starting and finding other programs. Safe for any thread.
public interface Processes {
    /// Starts what the builder says; the caller owns the process and ends it.
    ///
    /// @throws IOException if the program is missing or may not be run
    Process start(ProcessBuilder builder) throws IOException;

    /// A running process by its number, for adopting one that an earlier self started. Numbers are
    /// reused: compare the command line before believing it.
    Optional<ProcessHandle> find(long pid);

    /// The machine's own processes.
    static Processes system() {
        return SystemProcesses.INSTANCE;
    }
}
