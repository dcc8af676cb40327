package holdfast.control;

import holdfast.base.TimeSource;
import holdfast.recovery.MachineHost;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Optional;

/// Ends recovery instances, one after the other: end machine → delete branches, their keys with
/// them.
final class TerminateWork {
    private final Instances instances;
    private final ElsewhereInstances elsewhere;
    private final BranchRemoval branches;
    private final MachineHost host;
    private final TimeSource time;

    TerminateWork(
            Instances instances,
            ElsewhereInstances elsewhere,
            BranchRemoval branches,
            MachineHost host,
            TimeSource time) {
        this.instances = instances;
        this.elsewhere = elsewhere;
        this.branches = branches;
        this.host = host;
        this.time = time;
    }

    JobOutcome run(JobRun run, JobRequest.Terminate request)
            throws IOException, InterruptedException {
        var failures = new ArrayList<String>();
        var servers = new HashSet<String>();
        for (var ending : request.endings()) {
            // Phases are told apart by server and name, and a server may have several instances.
            var suffix = servers.add(ending.server()) ? "" : " " + ending.instance();
            end(run, ending, suffix).ifPresent(failures::add);
        }
        return failures.isEmpty()
                ? JobOutcome.succeeded("terminated")
                : JobOutcome.failed(String.join("; ", failures));
    }

    /// @param suffix of the phases' names
    /// @return why it failed, if it did
    Optional<String> end(JobRun run, JobRequest.Ending ending, String suffix)
            throws IOException, InterruptedException {
        var id = ending.instance();
        JobRun.Failure failure =
                (tx, why) ->
                        Instances.change(
                                tx,
                                Instances.require(tx, id),
                                InstanceState.Event.CLEAN_UP_FAILED,
                                why);
        if (instances.get(id).state() == InstanceState.TERMINATING) {
            var server = ending.server();
            try {
                run.phase(server, "end machine" + suffix, () -> endMachine(id), failure);
                run.phase(server, "delete branches" + suffix, () -> deleteBranches(id), failure);
            } catch (JobRun.StepFailedException e) {
                return Optional.of(id + ": " + e.getMessage());
            }
        }
        var instance = instances.get(id);
        return instance.state() == InstanceState.TERMINATED
                ? Optional.empty()
                : Optional.of(id + ": " + instance.reason());
    }

    private Database.Work<String> endMachine(String id) throws IOException, InterruptedException {
        host.terminate(id);
        return _ -> "ended";
    }

    private Database.Work<String> deleteBranches(String id)
            throws IOException, InterruptedException {
        elsewhere.end(id);
        var removed = branches.remove(id);
        return tx -> {
            Instances.change(
                    tx,
                    Instances.require(tx, id).endedAt(time.now()),
                    InstanceState.Event.CLEANED_UP,
                    "machine ended, branches deleted, their keys destroyed");
            return removed;
        };
    }
}
