package holdfast.control;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// A step of a [PlanExecution].
///
/// ```
/// NOT_STARTED --> EXECUTING --every server's job ended--> COMPLETED or FAILED
/// NOT_STARTED --> WAITING --the time is over--> COMPLETED
/// FAILED --retry--> EXECUTING
/// NOT_STARTED, FAILED, WAITING --skip, cancel--> SKIPPED
/// ```
///
/// @param id `step-` and 17 hex digits
/// @param attempt from 1 on
/// @param runs by server, in the order of the plan; of a step that waits none
/// @param begunAt of the last attempt
public record ExecutionStep(
        String id,
        String name,
        StepWork work,
        State state,
        Optional<String> reason,
        int attempt,
        Map<String, Run> runs,
        Instant createdAt,
        Instant updatedAt,
        Optional<Instant> begunAt) {
    /// Where it stands.
    public enum State {
        NOT_STARTED,
        EXECUTING,
        WAITING,
        COMPLETED,
        FAILED,
        SKIPPED;

        /// Whether the next step may follow.
        boolean passed() {
            return this == COMPLETED || this == SKIPPED;
        }
    }

    /// Where the recovery of one server stands.
    public enum Outcome {
        PENDING,
        RUNNING,
        LAUNCHED,
        FAILED
    }

    /// The recovery of one server.
    ///
    /// @param job that does it; empty before it is submitted, or if it could not be
    /// @param reason why it failed
    public record Run(Optional<String> job, Outcome outcome, String reason) {
        static final Run PENDING = new Run(Optional.empty(), Outcome.PENDING, "");

        static Run running(String job) {
            return new Run(Optional.of(job), Outcome.RUNNING, "");
        }

        static Run failed(Optional<String> job, String reason) {
            return new Run(job, Outcome.FAILED, reason);
        }

        boolean ended() {
            return outcome == Outcome.LAUNCHED || outcome == Outcome.FAILED;
        }
    }

    public ExecutionStep {
        runs = Collections.unmodifiableMap(new LinkedHashMap<>(runs));
    }

    private ExecutionStep with(
            State newState,
            Optional<String> newReason,
            Map<String, Run> newRuns,
            Instant now,
            Optional<Instant> newBegunAt) {
        return new ExecutionStep(
                id, name, work, newState, newReason, attempt, newRuns, createdAt, now, newBegunAt);
    }

    /// Goes as far as it can; itself if that is nowhere.
    ExecutionStep advance(Instant now, Function<String, Optional<PlanExecution.JobEnd>> jobs) {
        return switch (state) {
            case NOT_STARTED -> begin(now);
            case EXECUTING -> settle(now, jobs);
            case WAITING ->
                    work instanceof StepWork.Wait(var duration)
                                    && !now.isBefore(begunAt.orElseThrow().plus(duration))
                            ? with(State.COMPLETED, Optional.empty(), runs, now, begunAt)
                            : this;
            case COMPLETED, FAILED, SKIPPED -> this;
        };
    }

    private ExecutionStep begin(Instant now) {
        return switch (work) {
            case StepWork.Wait _ ->
                    with(State.WAITING, Optional.empty(), runs, now, Optional.of(now));
            case StepWork.Recover(var members) -> {
                var pending = new LinkedHashMap<String, Run>();
                members.forEach(member -> pending.put(member.server(), Run.PENDING));
                yield with(State.EXECUTING, Optional.empty(), pending, now, Optional.of(now));
            }
        };
    }

    /// One server that fails does not end the others: what becomes of the step is told when all
    /// have ended.
    private ExecutionStep settle(
            Instant now, Function<String, Optional<PlanExecution.JobEnd>> jobs) {
        var settled = new LinkedHashMap<String, Run>();
        runs.forEach((server, run) -> settled.put(server, settled(run, jobs)));
        if (!settled.values().stream().allMatch(Run::ended)) {
            return settled.equals(runs)
                    ? this
                    : with(State.EXECUTING, reason, settled, now, begunAt);
        }
        var failures = failures(settled);
        return failures.isEmpty()
                ? with(State.COMPLETED, Optional.empty(), settled, now, begunAt)
                : with(
                        State.FAILED,
                        Optional.of(String.join("; ", failures)),
                        settled,
                        now,
                        begunAt);
    }

    private static Run settled(Run run, Function<String, Optional<PlanExecution.JobEnd>> jobs) {
        if (run.outcome() != Outcome.RUNNING) {
            return run;
        }
        return jobs.apply(run.job().orElseThrow())
                .map(end ->
                        end.failure()
                                .map(why -> Run.failed(run.job(), why))
                                .orElse(new Run(run.job(), Outcome.LAUNCHED, "")))
                .orElse(run);
    }

    /// Of critical servers only.
    private List<String> failures(Map<String, Run> ended) {
        var failures = new ArrayList<String>();
        if (work instanceof StepWork.Recover(var members)) {
            for (var member : members) {
                var run = ended.get(member.server());
                if (member.critical() && run != null && run.outcome() == Outcome.FAILED) {
                    failures.add(member.server() + ": " + run.reason());
                }
            }
        }
        return failures;
    }

    ExecutionStep skipped(Instant now) {
        return with(State.SKIPPED, reason, runs, now, begunAt);
    }

    /// What was recovered stays so; the rest is pending again.
    ExecutionStep retried(Instant now) {
        var again = new LinkedHashMap<String, Run>();
        runs.forEach((server, run) ->
                again.put(server, run.outcome() == Outcome.FAILED ? Run.PENDING : run));
        return new ExecutionStep(
                id,
                name,
                work,
                State.EXECUTING,
                Optional.empty(),
                attempt + 1,
                again,
                createdAt,
                now,
                Optional.of(now));
    }

    /// Servers whose recovery has not begun are not begun with any more.
    ExecutionStep withoutPending() {
        var left = new LinkedHashMap<String, Run>();
        runs.forEach((server, run) ->
                left.put(
                        server,
                        run.outcome() == Outcome.PENDING
                                ? Run.failed(Optional.empty(), "cancelled")
                                : run));
        return with(state, reason, left, updatedAt, begunAt);
    }

    ExecutionStep with(StepWork newWork, Instant now) {
        return new ExecutionStep(
                id, name, newWork, state, reason, attempt, runs, createdAt, now, begunAt);
    }

    ExecutionStep with(Map<String, Run> newRuns, Instant now) {
        return with(state, reason, newRuns, now, begunAt);
    }
}
