package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.recovery.MachineHost;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Optional;

/// Ends recovery instances, one after the other: end machine → delete branches, their keys with
/// them.
final class TerminateWork {
    /// Whoever else reads a branch, such as a scrub, is done with it by then.
    private static final Duration READERS_END_WITHIN = Duration.ofSeconds(30);

    private static final Duration RETRY = Duration.ofMillis(100);

    private final Instances instances;
    private final VolumeStore store;
    private final PointExports exports;
    private final MachineHost host;
    private final TimeSource time;

    TerminateWork(
            Instances instances,
            VolumeStore store,
            PointExports exports,
            MachineHost host,
            TimeSource time) {
        this.instances = instances;
        this.store = store;
        this.exports = exports;
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
        var branches = RecoverWork.branches(store, id);
        for (var branch : branches) {
            exports.end(branch.id());
            delete(branch);
        }
        return tx -> {
            Instances.change(
                    tx,
                    Instances.require(tx, id).endedAt(time.now()),
                    InstanceState.Event.CLEANED_UP,
                    "machine ended, branches deleted, their keys destroyed");
            return branches.size() + (branches.size() == 1 ? " branch" : " branches");
        };
    }

    private void delete(Volume branch) throws IOException, InterruptedException {
        var start = time.nanoTime();
        while (true) {
            try {
                store.delete(branch.id());
                return;
            } catch (RefusalException e) {
                if (store.find(branch.id()).isEmpty()) {
                    return;
                }
                if (time.nanoTime() - start > READERS_END_WITHIN.toNanos()) {
                    throw e;
                }
                time.sleep(RETRY);
            }
        }
    }
}
