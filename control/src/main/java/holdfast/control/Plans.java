package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Recovery plans: which servers are recovered after which. Safe for any thread.
public final class Plans {
    static final int COUNT_MAX = 1000;
    static final int STEPS_MAX = 20;

    private static final int DESCRIPTION_LENGTH_MAX = 1024;
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9 _-]{0,255}");

    private final Database database;
    private final TimeSource time;
    private final RandomSource random;

    Plans(Database database, TimeSource time, RandomSource random) {
        this.database = database;
        this.time = time;
        this.random = random;
    }

    /// As rows keep it.
    private Instant now() {
        return time.now().truncatedTo(ChronoUnit.MILLIS);
    }

    /// Oldest first.
    public List<RecoveryPlan.View> list() throws IOException {
        return database.transact(tx -> {
            var views = new ArrayList<RecoveryPlan.View>();
            for (var plan : Tables.PLANS.select(tx, "order by created_at, id")) {
                views.add(view(tx, plan));
            }
            return views;
        });
    }

    /// @throws RefusalException if there is none
    public RecoveryPlan.View get(String id) throws IOException {
        return database.transact(tx -> view(tx, require(tx, id)));
    }

    static RecoveryPlan require(Transaction tx, String id) throws DatabaseException {
        return Tables.PLANS
                .find(tx, id)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-plan",
                                "no recovery plan "
                                        + id
                                        + ": `holdfast plans` shows those there are"));
    }

    private static RecoveryPlan.View view(Transaction tx, RecoveryPlan plan)
            throws DatabaseException {
        var missing = new ArrayList<String>();
        for (var server : plan.servers()) {
            if (!admitted(tx, server)) {
                missing.add(server);
            }
        }
        return new RecoveryPlan.View(plan, missing);
    }

    private static boolean admitted(Transaction tx, String server) throws DatabaseException {
        return Servers.find(tx, server)
                .filter(known -> !(known.state() instanceof ReplicationState.Disconnected))
                .isPresent();
    }

    /// Makes a plan without steps; the same plan for the same token.
    ///
    /// @throws RefusalException if the name is taken or malformed, the token was used for another
    ///   plan, or there are too many
    public RecoveryPlan.View create(
            String name, String description, Optional<String> clientToken, Map<String, String> tags)
            throws IOException {
        requireNamed(name, description);
        return database.transact(tx -> {
            var plans = Tables.PLANS.select(tx, "");
            for (var plan : plans) {
                if (clientToken.isPresent() && plan.clientToken().equals(clientToken)) {
                    requireSame(plan.name().equals(name) && plan.description().equals(description));
                    return view(tx, plan);
                }
            }
            requireFree(plans, name, "");
            if (plans.size() >= COUNT_MAX) {
                throw new RefusalException(
                        "too-many-plans",
                        "there are " + COUNT_MAX + " recovery plans: delete those not in use");
            }
            var now = now();
            var plan =
                    new RecoveryPlan(
                            random.nextId("plan"),
                            name,
                            description,
                            clientToken,
                            List.of(),
                            now,
                            now);
            Tables.PLANS.insert(tx, plan);
            Tags.put(tx, plan.id(), tags);
            return view(tx, plan);
        });
    }

    private static void requireNamed(String name, String description) {
        if (!NAME.matcher(name).matches() || description.length() > DESCRIPTION_LENGTH_MAX) {
            throw new RefusalException(
                    "malformed-plan",
                    "a name is of 1 to 256 letters, digits, blanks, _ and -, and begins with a letter or digit; a description of up to 1024 characters");
        }
    }

    private static void requireFree(List<RecoveryPlan> plans, String name, String id) {
        for (var plan : plans) {
            if (plan.name().equals(name) && !plan.id().equals(id)) {
                throw new RefusalException(
                        "plan-exists", "there is a recovery plan " + name + " already");
            }
        }
    }

    static void requireSame(boolean same) {
        if (!same) {
            throw new RefusalException(
                    "token-reused", "the client token was used for a different request before");
        }
    }

    /// @throws RefusalException if there is none, or the name is taken or malformed
    public RecoveryPlan.View rename(String id, Optional<String> name, Optional<String> description)
            throws IOException {
        return database.transact(tx -> {
            var plan = require(tx, id);
            var newName = name.orElse(plan.name());
            var newDescription = description.orElse(plan.description());
            requireNamed(newName, newDescription);
            requireFree(Tables.PLANS.select(tx, ""), newName, id);
            var changed = plan.named(newName, newDescription, now());
            Tables.PLANS.update(tx, changed);
            return view(tx, changed);
        });
    }

    /// Its executions stay.
    ///
    /// @throws RefusalException if there is none, or it is being executed
    public void delete(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var plan = require(tx, id);
            PlanExecutions.requireNone(tx, id);
            Tables.PLANS.delete(tx, plan);
            return null;
        });
    }

    /// A step that was added or changed, and the plan as it is now.
    public record Changed(RecoveryPlan plan, RecoveryPlan.Step step) {}

    /// Adds a step; the same step for the same token.
    ///
    /// @param position from 1 on; behind the others if it is empty
    /// @throws RefusalException if there is no such plan or server, a server is in the plan
    ///   already, or there are too many steps
    public Changed addStep(
            String id,
            String name,
            StepWork work,
            OptionalInt position,
            Optional<String> clientToken)
            throws IOException {
        requireNamed(name, "");
        return database.transact(tx -> {
            var plan = require(tx, id);
            for (var step : plan.steps()) {
                if (clientToken.isPresent() && step.clientToken().equals(clientToken)) {
                    requireSame(step.name().equals(name) && step.work().equals(work));
                    return new Changed(plan, step);
                }
            }
            if (plan.steps().size() >= STEPS_MAX) {
                throw new RefusalException(
                        "too-many-steps", "a recovery plan has at most " + STEPS_MAX + " steps");
            }
            var at = position.orElse(plan.steps().size() + 1);
            if (at < 1 || at > plan.steps().size() + 1) {
                throw new RefusalException(
                        "malformed-step",
                        String.format(
                                Locale.ROOT,
                                "the plan has %d steps: a new one's place is from 1 to %d, not %d",
                                plan.steps().size(),
                                plan.steps().size() + 1,
                                at));
            }
            var now = now();
            var step =
                    new RecoveryPlan.Step(random.nextId("st"), name, work, clientToken, now, now);
            var steps = new ArrayList<>(plan.steps());
            steps.add(at - 1, step);
            return new Changed(save(tx, plan, steps, work.servers()), step);
        });
    }

    /// @param servers that must be there
    private RecoveryPlan save(
            Transaction tx, RecoveryPlan plan, List<RecoveryPlan.Step> steps, List<String> servers)
            throws DatabaseException {
        for (var server : servers) {
            Servers.requireActive(tx, server);
        }
        var next = plan.with(steps, now());
        var seen = new HashSet<String>();
        for (var server : next.servers()) {
            if (!seen.add(server)) {
                throw new RefusalException(
                        "malformed-step",
                        "server " + server + " is in another step of the plan already");
            }
        }
        Tables.PLANS.update(tx, next);
        return next;
    }

    /// @throws RefusalException if there is no such plan, step or server, or a server is in another
    ///   step
    public Changed changeStep(
            String id, String stepId, Optional<String> name, Optional<StepWork> work)
            throws IOException {
        name.ifPresent(text -> requireNamed(text, ""));
        return database.transact(tx -> {
            var plan = require(tx, id);
            var step = requireStep(plan, stepId);
            if (work.isPresent() && !work.get().getClass().equals(step.work().getClass())) {
                throw new RefusalException(
                        "malformed-step",
                        "a step that waits does not become one that recovers, nor the other way: delete it and add another");
            }
            var changed =
                    new RecoveryPlan.Step(
                            stepId,
                            name.orElse(step.name()),
                            work.orElse(step.work()),
                            step.clientToken(),
                            step.createdAt(),
                            now());
            var steps = new ArrayList<>(plan.steps());
            steps.replaceAll(known -> known.id().equals(stepId) ? changed : known);
            return new Changed(
                    save(tx, plan, steps, work.map(StepWork::servers).orElse(List.of())), changed);
        });
    }

    private static RecoveryPlan.Step requireStep(RecoveryPlan plan, String step) {
        return plan.step(step)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-step",
                                "recovery plan " + plan.id() + " has no step " + step));
    }

    /// @throws RefusalException if there is no such plan or step
    public void deleteStep(String id, String stepId) throws IOException {
        change(
                id,
                plan -> {
                    requireStep(plan, stepId);
                    return plan.steps().stream().filter(s -> !s.id().equals(stepId)).toList();
                });
    }

    /// @param order ids of all steps
    /// @throws RefusalException if there is no such plan, or a step is missing, named twice or not
    ///   the plan's
    public RecoveryPlan reorder(String id, List<String> order) throws IOException {
        return change(
                id,
                plan -> {
                    var known = plan.steps().stream().map(RecoveryPlan.Step::id).toList();
                    if (order.size() != known.size()
                            || !new HashSet<>(order).equals(new HashSet<>(known))) {
                        throw new RefusalException(
                                "malformed-order",
                                "an order names each of the plan's "
                                        + known.size()
                                        + " steps once");
                    }
                    return order.stream().map(step -> requireStep(plan, step)).toList();
                });
    }

    private RecoveryPlan change(String id, Function<RecoveryPlan, List<RecoveryPlan.Step>> change)
            throws IOException {
        return database.transact(tx -> {
            var plan = require(tx, id);
            var next = plan.with(change.apply(plan), now());
            Tables.PLANS.update(tx, next);
            return next;
        });
    }
}
