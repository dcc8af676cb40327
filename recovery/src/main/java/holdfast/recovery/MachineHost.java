package holdfast.recovery;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A place that runs recovery instances. Machines outlive the process that launched them: a later
/// host on the same directory finds them again. Safe for any thread.
public interface MachineHost {
    /// Starts a machine; on return it runs and is found again after a crash of ours. Launching the
    /// same id twice returns the machine that runs.
    ///
    /// @throws holdfast.base.RefusalException if this host cannot (QEMU or firmware missing, too
    ///   little memory), with what to do about it
    Machine launch(MachineSpec spec) throws IOException, InterruptedException;

    /// A machine launched before, running or not, until it was terminated.
    Optional<Machine> find(String id) throws IOException;

    /// Ids of all machines that were launched and not terminated.
    List<String> machines() throws IOException;

    /// Waits for proof that the machine booted: a login prompt on the serial console, or an answer
    /// of the guest agent, whichever comes first; keeps the console log and a screenshot. Returns
    /// an unproven result, with what the console said last, if neither came in time or the machine
    /// ended.
    ///
    /// @param progress told in words what the console shows while waiting
    BootProof awaitBoot(String id, Duration timeout, Consumer<String> progress)
            throws IOException, InterruptedException;

    /// Has the machine shut down, and ends it if it does not in time; what is kept of it stays. On
    /// return nothing writes to its disks any more. Quiet if it does not run.
    ///
    /// @return whether it shut down by itself, or did not run
    boolean stop(String id, Duration timeout) throws IOException, InterruptedException;

    /// Runs a shell script in the machine as its root, through its guest agent, and waits for its
    /// end.
    ///
    /// @param script at most 64 KiB
    /// @param environment variables that the script finds, besides a usual PATH
    /// @throws holdfast.base.RefusalException if there is no such machine
    /// @throws IOException if its guest agent does not answer or time is up
    ScriptRun runScript(String id, byte[] script, Map<String, String> environment, Duration timeout)
            throws IOException, InterruptedException;

    /// Ends the machine and removes all that was kept of it but its evidence; quiet if it is gone.
    void terminate(String id) throws IOException, InterruptedException;
}
