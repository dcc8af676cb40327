package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Runs of recovery plans. What a run's next step is and the jobs for it are written in one
/// transaction, so that any controller can go on with it after a crash and no server is recovered
/// twice. Safe for any thread.
public final class PlanExecutions {
    private static final System.Logger LOG = System.getLogger("holdfast.plans");

    private final Database database;
    private final Jobs jobs;
    private final Points points;
    private final TimeSource time;
    private final RandomSource random;

    PlanExecutions(
            Database database, Jobs jobs, Points points, TimeSource time, RandomSource random) {
        this.database = database;
        this.jobs = jobs;
        this.points = points;
        this.time = time;
        this.random = random;
    }

    /// As rows keep it.
    private Instant now() {
        return time.now().truncatedTo(ChronoUnit.MILLIS);
    }

    /// Newest first.
    public List<PlanExecution> list() throws IOException {
        return database.transact(
                tx -> Tables.EXECUTIONS.select(tx, "order by started_at desc, id"));
    }

    /// @throws RefusalException if there is none
    public PlanExecution get(String id) throws IOException {
        return database.transact(tx -> require(tx, id));
    }

    private static PlanExecution require(Transaction tx, String id) throws DatabaseException {
        return Tables.EXECUTIONS
                .find(tx, id)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-execution",
                                "no execution "
                                        + id
                                        + " of a recovery plan: ended ones are kept for 30 days"));
    }

    private static List<PlanExecution> underWay(Transaction tx) throws DatabaseException {
        return Tables.EXECUTIONS.select(
                tx,
                "where state in ('CREATED', 'IN_PROGRESS', 'CANCELLING') order by started_at, id");
    }

    /// @throws RefusalException if the plan is being executed
    static void requireNone(Transaction tx, String plan) throws DatabaseException {
        for (var execution : underWay(tx)) {
            if (execution.plan().equals(plan)) {
                throw new RefusalException(
                        "plan-executing",
                        "execution "
                                + execution.id()
                                + " of the plan is under way: cancel it, or wait for its end");
            }
        }
    }

    /// Begins to run a plan; the same execution for the same token.
    ///
    /// @param pinned points by server; of others the newest one when their turn comes
    /// @throws RefusalException if there is no such plan, server or point, the plan has no steps,
    ///   or it is being executed
    public PlanExecution start(
            String planId,
            boolean drill,
            Map<String, String> pinned,
            Optional<String> clientToken,
            Map<String, String> tags)
            throws IOException {
        for (var pin : pinned.entrySet()) {
            database.transact(tx -> Servers.requireActive(tx, pin.getKey()));
            points.choose(pin.getKey(), new PointChoice.ById(pin.getValue()));
        }
        return database.transact(tx -> {
            var plan = Plans.require(tx, planId);
            if (clientToken.isPresent()) {
                for (var known :
                        Tables.EXECUTIONS.select(tx, "where client_token = ?", clientToken.get())) {
                    Plans.requireSame(
                            known.plan().equals(planId)
                                    && known.drill() == drill
                                    && known.points().equals(pinned));
                    return known;
                }
            }
            requireNone(tx, planId);
            requireRunnable(tx, plan, pinned);
            var now = now();
            var steps = new ArrayList<ExecutionStep>();
            for (var step : plan.steps()) {
                steps.add(
                        new ExecutionStep(
                                random.nextId("step"),
                                step.name(),
                                step.work(),
                                ExecutionStep.State.NOT_STARTED,
                                Optional.empty(),
                                1,
                                Map.of(),
                                now,
                                now,
                                Optional.empty()));
            }
            var execution =
                    new PlanExecution(
                            random.nextId("exec"),
                            planId,
                            drill,
                            PlanExecution.State.CREATED,
                            Optional.empty(),
                            pinned,
                            steps,
                            clientToken,
                            now,
                            Optional.empty());
            Tables.EXECUTIONS.insert(tx, execution);
            Tags.put(tx, execution.id(), tags);
            return execution;
        });
    }

    private static void requireRunnable(
            Transaction tx, RecoveryPlan plan, Map<String, String> pinned)
            throws DatabaseException {
        if (plan.steps().isEmpty()) {
            throw new RefusalException(
                    "plan-empty", "recovery plan " + plan.name() + " has no steps yet: add some");
        }
        for (var server : plan.servers()) {
            Servers.requireActive(tx, server);
        }
        for (var server : pinned.keySet()) {
            if (!plan.servers().contains(server)) {
                throw new RefusalException(
                        "malformed-pin", "server " + server + " is not in the plan");
            }
        }
    }

    /// Begins no further step; what is under way ends, and its machines stay.
    ///
    /// @throws RefusalException if there is none, or it is not under way
    public PlanExecution cancel(String id) throws IOException {
        return change(id, false, execution -> execution.cancel(now()));
    }

    /// Recovers those servers of a failed step again that were not recovered, and goes on.
    ///
    /// @throws RefusalException if it is not the failed step of a failed execution
    public PlanExecution retry(String id, String step) throws IOException {
        return change(id, true, execution -> execution.retry(step, now()));
    }

    /// Passes over a step that has not begun, or failed; in the latter case the execution goes on.
    ///
    /// @throws RefusalException if it is in another state
    public PlanExecution skip(String id, String step) throws IOException {
        return change(id, true, execution -> execution.skip(step, now()));
    }

    /// Changes what a step is to do that has not begun.
    ///
    /// @throws RefusalException if it has, or a server is unknown or in another step
    public PlanExecution edit(String id, String step, StepWork work) throws IOException {
        return database.transact(tx -> {
            for (var server : work.servers()) {
                Servers.requireActive(tx, server);
            }
            var execution = require(tx, id);
            var next =
                    execution.edit(
                            step,
                            before -> {
                                if (!before.getClass().equals(work.getClass())) {
                                    throw new RefusalException(
                                            "malformed-step",
                                            "a step that waits does not become one that recovers, nor the other way");
                                }
                                return work;
                            },
                            now());
            save(tx, execution, next);
            return next;
        });
    }

    private PlanExecution change(
            String id, boolean mayResume, UnaryOperator<PlanExecution> transition)
            throws IOException {
        return database.transact(tx -> {
            var execution = require(tx, id);
            var next = transition.apply(execution);
            if (mayResume && execution.state().ended() && !next.state().ended()) {
                requireNone(tx, execution.plan());
            }
            save(tx, execution, next);
            return next;
        });
    }

    /// @throws RefusalException if there is none, or it is under way
    public void delete(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var execution = require(tx, id);
            if (!execution.state().ended()) {
                throw new RefusalException(
                        "execution-state",
                        "execution "
                                + id
                                + " is "
                                + execution.state()
                                + ": cancel it, or wait for its end");
            }
            Tables.EXECUTIONS.delete(tx, execution);
            return null;
        });
    }

    /// Takes every execution as far as it can go now.
    void advance() throws IOException {
        for (var execution : database.transact(PlanExecutions::underWay)) {
            database.<@Nullable Void>transact(tx -> {
                // again, since it may have been changed meanwhile, or taken further by another
                var current = Tables.EXECUTIONS.find(tx, execution.id());
                if (current.isPresent()) {
                    advance(tx, current.get());
                }
                return null;
            });
        }
    }

    private void advance(Transaction tx, PlanExecution execution) throws IOException {
        var now = now();
        var ends = ends(tx, execution);
        var next = execution;
        List<String> pending;
        do {
            // jobs that are submitted below are not among the ends, and so under way
            next = next.advance(now, job -> Optional.ofNullable(ends.get(job)));
            pending = next.pending();
            for (var server : pending) {
                next = next.begun(server, begin(tx, next, server), now);
            }
        } while (!pending.isEmpty()); // where none could be begun, the step has ended
        if (!next.equals(execution)) {
            save(tx, execution, next);
        }
    }

    /// Of the jobs that have ended.
    private static Map<String, PlanExecution.JobEnd> ends(Transaction tx, PlanExecution execution)
            throws DatabaseException {
        var ends = new HashMap<String, PlanExecution.JobEnd>();
        for (var step : execution.steps()) {
            for (var run : step.runs().values()) {
                if (run.outcome() == ExecutionStep.Outcome.RUNNING) {
                    var id = run.job().orElseThrow();
                    end(Tables.JOBS.find(tx, id)).ifPresent(end -> ends.put(id, end));
                }
            }
        }
        return ends;
    }

    private static Optional<PlanExecution.JobEnd> end(Optional<Job> job) {
        if (job.isEmpty()) {
            return Optional.of(new PlanExecution.JobEnd(Optional.of("its job is forgotten")));
        }
        return switch (job.get().state()) {
            case JobState.Completed() -> Optional.of(new PlanExecution.JobEnd(Optional.empty()));
            case JobState.Failed() ->
                    Optional.of(new PlanExecution.JobEnd(Optional.of(job.get().reason())));
            case JobState.Pending(), JobState.Started(_, _) -> Optional.empty();
        };
    }

    private ExecutionStep.Run begin(Transaction tx, PlanExecution execution, String server)
            throws DatabaseException {
        try {
            Servers.requireActive(tx, server);
        } catch (RefusalException e) {
            return ExecutionStep.Run.failed(Optional.empty(), String.valueOf(e.getMessage()));
        }
        for (var job : jobs.active(tx)) {
            if (job.request() instanceof JobRequest.Recover
                    && job.request().servers().contains(server)) {
                return ExecutionStep.Run.failed(
                        Optional.empty(), "job " + job.id() + " recovers it already");
            }
        }
        var pin = Optional.ofNullable(execution.points().get(server));
        var target =
                new RecoveryTarget(
                        server,
                        pin.<PointChoice>map(PointChoice.ById::new)
                                .orElseGet(PointChoice.Newest::new));
        var job = jobs.submit(tx, new JobRequest.Recover(List.of(target), execution.drill(), true));
        return ExecutionStep.Run.running(job.id());
    }

    private static void save(Transaction tx, PlanExecution before, PlanExecution after)
            throws DatabaseException {
        Tables.EXECUTIONS.update(tx, after);
        if (before.state() != after.state()) {
            tx.afterCommit(() ->
                    LOG.log(
                            System.Logger.Level.INFO,
                            "execution={0} plan={1} state={2} -> {3} ({4})",
                            after.id(),
                            after.plan(),
                            before.state(),
                            after.state(),
                            after.reason().orElse("")));
        }
    }

    /// Forgets executions that ended before that time, and whose jobs are forgotten as well.
    void prune(Instant before) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            for (var old :
                    Tables.EXECUTIONS.select(tx, "where completed_at < ?", before.toEpochMilli())) {
                if (old.state().ended()) {
                    Tables.EXECUTIONS.delete(tx, old);
                }
            }
            return null;
        });
    }
}
