package holdfast.control;

import holdfast.base.RefusalException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// One run of a recovery plan, of whose steps it has copies of its own.
///
/// ```
/// CREATED --> IN_PROGRESS --all steps ended--> COMPLETED
///             IN_PROGRESS --a step failed--> FAILED --retried or skipped--> IN_PROGRESS
/// CREATED, IN_PROGRESS --cancel--> CANCELLING --no job under way--> CANCELLED
/// ```
///
/// A value, and every transition a pure function: no clock, no I/O. Whoever calls one writes the
/// result, and the jobs that it asks for, in one transaction; so a crash loses neither.
///
/// @param id `exec-` and 17 hex digits
/// @param points that were pinned, by server; the newest one of the others
/// @param reason of the last change of state, if it is a failure
public record PlanExecution(
        String id,
        String plan,
        boolean drill,
        State state,
        Optional<String> reason,
        Map<String, String> points,
        List<ExecutionStep> steps,
        Optional<String> clientToken,
        Instant startedAt,
        Optional<Instant> completedAt) {
    /// Where it stands.
    public enum State {
        CREATED,
        IN_PROGRESS,
        COMPLETED,
        FAILED,
        CANCELLING,
        CANCELLED;

        public boolean ended() {
            return switch (this) {
                case CREATED, IN_PROGRESS, CANCELLING -> false;
                case COMPLETED, FAILED, CANCELLED -> true;
            };
        }
    }

    public PlanExecution {
        steps = List.copyOf(steps);
        points = Map.copyOf(points);
    }

    /// What the world has to say of a job.
    ///
    /// @param failure why it failed; empty if it succeeded
    record JobEnd(Optional<String> failure) {}

    private PlanExecution with(
            State newState,
            Optional<String> newReason,
            List<ExecutionStep> newSteps,
            Optional<Instant> newCompletedAt) {
        return new PlanExecution(
                id,
                plan,
                drill,
                newState,
                newReason,
                points,
                newSteps,
                clientToken,
                startedAt,
                newCompletedAt);
    }

    private PlanExecution with(ExecutionStep changed) {
        var all = new ArrayList<>(steps);
        all.replaceAll(step -> step.id().equals(changed.id()) ? changed : step);
        return with(state, reason, all, completedAt);
    }

    private PlanExecution ended(State end, Optional<String> why, Instant now) {
        return with(end, why, steps, Optional.of(now));
    }

    /// @throws RefusalException if there is none
    public ExecutionStep step(String step) {
        return steps.stream()
                .filter(known -> known.id().equals(step))
                .findFirst()
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-step", "execution " + id + " has no step " + step));
    }

    /// The step whose turn it is.
    Optional<ExecutionStep> current() {
        return steps.stream().filter(step -> !step.state().passed()).findFirst();
    }

    /// Goes as far as it can now. Servers that are to be recovered are left in the state PENDING of
    /// a step that is EXECUTING.
    ///
    /// @param jobs how a job ended; empty while it is under way
    PlanExecution advance(Instant now, Function<String, Optional<JobEnd>> jobs) {
        var reached = this;
        while (true) {
            var next = reached.oneStep(now, jobs);
            if (next.equals(reached)) {
                return reached;
            }
            reached = next;
        }
    }

    private PlanExecution oneStep(Instant now, Function<String, Optional<JobEnd>> jobs) {
        return switch (state) {
            case CREATED -> with(State.IN_PROGRESS, Optional.empty(), steps, Optional.empty());
            case IN_PROGRESS ->
                    current()
                            .map(step -> progress(step, now, jobs))
                            .orElseGet(() -> ended(State.COMPLETED, Optional.empty(), now));
            case CANCELLING -> cancelling(now, jobs);
            case COMPLETED, FAILED, CANCELLED -> this;
        };
    }

    private PlanExecution progress(
            ExecutionStep step, Instant now, Function<String, Optional<JobEnd>> jobs) {
        var next = step.advance(now, jobs);
        if (next.equals(step)) {
            return this;
        }
        var moved = with(next);
        return next.state() == ExecutionStep.State.FAILED
                ? moved.ended(
                        State.FAILED,
                        Optional.of("step " + next.name() + ": " + next.reason().orElse("failed")),
                        now)
                : moved;
    }

    /// What runs is let end; its machines stay.
    private PlanExecution cancelling(Instant now, Function<String, Optional<JobEnd>> jobs) {
        var running =
                steps.stream()
                        .filter(step -> step.state() == ExecutionStep.State.EXECUTING)
                        .findFirst();
        if (running.isEmpty()) {
            return ended(State.CANCELLED, Optional.empty(), now);
        }
        var next = running.get().withoutPending().advance(now, jobs);
        return next.equals(running.get()) ? this : with(next);
    }

    PlanExecution cancel(Instant now) {
        if (state.ended() || state == State.CANCELLING) {
            throw refused("only an execution that is under way can be cancelled");
        }
        var left =
                steps.stream()
                        .map(step ->
                                switch (step.state()) {
                                    case NOT_STARTED, WAITING -> step.skipped(now);
                                    case EXECUTING, COMPLETED, FAILED, SKIPPED -> step;
                                })
                        .toList();
        return with(State.CANCELLING, Optional.empty(), left, Optional.empty());
    }

    /// Recovers those servers of the failed step again that were not recovered.
    PlanExecution retry(String stepId, Instant now) {
        var step = step(stepId);
        if (state != State.FAILED || step.state() != ExecutionStep.State.FAILED) {
            throw refused("only the failed step of a failed execution can be tried again");
        }
        return with(step.retried(now)).resumed();
    }

    PlanExecution skip(String stepId, Instant now) {
        var step = step(stepId);
        requireOpen();
        return switch (step.state()) {
            case NOT_STARTED -> with(step.skipped(now));
            case FAILED -> with(step.skipped(now)).resumed();
            case EXECUTING, WAITING, COMPLETED, SKIPPED ->
                    throw refused(
                            "step "
                                    + step.name()
                                    + " is "
                                    + step.state()
                                    + " and cannot be skipped");
        };
    }

    /// Changes what a step is to do that has not begun.
    PlanExecution edit(String stepId, UnaryOperator<StepWork> change, Instant now) {
        var step = step(stepId);
        requireOpen();
        if (step.state() != ExecutionStep.State.NOT_STARTED) {
            throw refused("step " + step.name() + " has begun and cannot be changed any more");
        }
        var changed = change.apply(step.work());
        for (var other : steps) {
            for (var server : changed.servers()) {
                if (!other.id().equals(stepId) && other.work().servers().contains(server)) {
                    throw new RefusalException(
                            "malformed-step",
                            "server " + server + " is in the step " + other.name() + " already");
                }
            }
        }
        return with(step.with(changed, now));
    }

    private PlanExecution resumed() {
        return with(State.IN_PROGRESS, Optional.empty(), steps, Optional.empty());
    }

    private void requireOpen() {
        if (state == State.COMPLETED || state == State.CANCELLED || state == State.CANCELLING) {
            throw refused("its steps cannot be changed any more");
        }
    }

    private RefusalException refused(String why) {
        return new RefusalException(
                "execution-state",
                String.format(Locale.ROOT, "execution %s is %s: %s", id, state, why));
    }

    /// Servers whose recovery is to be begun now.
    List<String> pending() {
        return current().filter(step -> step.state() == ExecutionStep.State.EXECUTING).stream()
                .flatMap(step -> step.runs().entrySet().stream())
                .filter(run -> run.getValue().outcome() == ExecutionStep.Outcome.PENDING)
                .map(Map.Entry::getKey)
                .toList();
    }

    /// The recovery of a server has begun, or cannot.
    PlanExecution begun(String server, ExecutionStep.Run run, Instant now) {
        var step = current().orElseThrow();
        var runs = new LinkedHashMap<>(step.runs());
        runs.put(server, run);
        return with(step.with(runs, now));
    }
}
