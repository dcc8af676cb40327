package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.recovery.MachineHost;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Duration;

/// Ends a recovery instance: end machine → delete branches, their keys with them.
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
        var id = request.instance();
        JobRun.Failure failure =
                (tx, why) ->
                        Instances.change(
                                tx,
                                Instances.require(tx, id),
                                InstanceState.Event.CLEAN_UP_FAILED,
                                why);
        if (instances.get(id).state() == InstanceState.TERMINATING) {
            run.phase(request.server(), "end machine", () -> endMachine(id), failure);
            run.phase(request.server(), "delete branches", () -> deleteBranches(id), failure);
        }
        var instance = instances.get(id);
        return instance.state() == InstanceState.TERMINATED
                ? JobOutcome.succeeded("terminated")
                : JobOutcome.failed(instance.reason());
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
