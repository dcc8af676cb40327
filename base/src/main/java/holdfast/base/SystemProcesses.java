package holdfast.base;

import java.io.IOException;
import java.util.Optional;

/// The machine's own processes.
enum SystemProcesses implements Processes {
    INSTANCE;

    @Override
    public Process start(ProcessBuilder builder) throws IOException {
        return builder.start();
    }

    @Override
    public Optional<ProcessHandle> find(long pid) {
        return ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
    }
}
