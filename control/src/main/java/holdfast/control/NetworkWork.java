package holdfast.control;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Recovers source networks: make or update on the host → have their servers recovered into it.
final class NetworkWork {
    private final NetworkRecoveries recoveries;
    private final NetworkStacks stacks;

    NetworkWork(NetworkRecoveries recoveries, NetworkStacks stacks) {
        this.recoveries = recoveries;
        this.stacks = stacks;
    }

    JobOutcome run(JobRun run, JobRequest.Networks request)
            throws IOException, InterruptedException {
        var failures =
                run.each(
                        request.targets(),
                        target ->
                                recover(run, request, target)
                                        .map(why -> target.network() + ": " + why));
        return failures.isEmpty()
                ? JobOutcome.succeeded("the networks are there")
                : JobOutcome.failed(String.join("; ", failures));
    }

    /// @return why it failed, if it did
    private Optional<String> recover(
            JobRun run, JobRequest.Networks request, JobRequest.NetworkTarget target)
            throws IOException, InterruptedException {
        JobRun.Failure failure = (tx, _) -> NetworkRecoveries.failed(tx, request, target);
        var associated = request.purpose() == JobRequest.NetworkPurpose.ASSOCIATE;
        var deployment = target.isNew() || associated ? "deploy network" : "update network";
        try {
            run.phase(
                    target.network(), deployment, () -> deploy(run, target, !associated), failure);
            // unless an earlier controller wrote that it failed, and died before it ended the job
            if (recoveries.lastResult(target.network()) == SourceNetwork.Result.IN_PROGRESS) {
                run.phase(
                        target.network(),
                        "bind network",
                        () ->
                                tx -> {
                                    NetworkRecoveries.bind(
                                            tx,
                                            target,
                                            associated
                                                    ? SourceNetwork.Result.ASSOCIATED
                                                    : SourceNetwork.Result.SUCCEEDED);
                                    return "recovery instances of its servers go to stack "
                                            + target.stack();
                                },
                        failure);
            }
        } catch (JobRun.StepFailedException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        return switch (recoveries.lastResult(target.network())) {
            case SUCCEEDED, ASSOCIATED -> Optional.empty();
            case IN_PROGRESS, FAILED, NOT_ASSOCIATED ->
                    Optional.of("it failed, see the job's phases");
        };
    }

    private Database.Work<String> deploy(
            JobRun run, JobRequest.NetworkTarget target, boolean captured)
            throws IOException, InterruptedException {
        if (captured) {
            run.<@Nullable Void>write(tx -> {
                recoveries.prepare(tx, target);
                return null;
            });
        }
        stacks.apply(target.stack(), target.network());
        return tx -> {
            var stack = NetworkStacks.require(tx, target.stack());
            return stack.network() + ", " + stack.description().subnet();
        };
    }
}
