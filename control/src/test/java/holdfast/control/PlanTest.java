package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Recovery plans recover what they name, in the order they say, whatever happens on the way.
class PlanTest {
    private static final StepWork WAIT = new StepWork.Wait(Duration.ofMinutes(5));

    @TempDir Path directory;

    private Installation installation;
    private Controller controller;

    @BeforeEach
    void open() throws IOException {
        open(directory.resolve("first"));
    }

    private void open(Path folder) throws IOException {
        installation = new Installation(Files.createDirectories(folder));
        controller = installation.controller();
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    private String server(int number) throws IOException {
        controller.enrolments().admit("token" + number);
        var id =
                controller
                        .enrolments()
                        .enrol("token" + number, "web" + number, x -> x)
                        .server()
                        .id();
        controller.servers().begin(id, Installation.MACHINE, Installation.DISKS);
        return id;
    }

    private String recoverable(int number) throws IOException {
        var id = server(number);
        installation.store.addPoint(id, 7, FakeTime.START, 5);
        return id;
    }

    private static StepWork critical(String... servers) {
        return new StepWork.Recover(
                List.of(servers).stream().map(id -> new StepWork.Member(id, true)).toList());
    }

    private String plan(StepWork... steps) throws IOException {
        var id = controller.plans().create("plan", "", Optional.empty(), Map.of()).plan().id();
        for (var i = 0; i < steps.length; i++) {
            add(id, "step " + i, steps[i]);
        }
        return id;
    }

    private RecoveryPlan.Step add(String plan, String name, StepWork work) throws IOException {
        return controller
                .plans()
                .addStep(plan, name, work, OptionalInt.empty(), Optional.empty())
                .step();
    }

    private String start(String plan) throws IOException {
        return controller.executions().start(plan, true, Map.of(), Optional.empty(), Map.of()).id();
    }

    private PlanExecution advance(String execution) throws IOException {
        controller.executions().advance();
        installation.work();
        controller.executions().advance();
        return controller.executions().get(execution);
    }

    private static List<ExecutionStep.State> states(PlanExecution execution) {
        return execution.steps().stream().map(ExecutionStep::state).toList();
    }

    private static void assertRefused(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void serversAreRecoveredInOrderWithTheWaitBetween() throws IOException {
        var first = recoverable(1);
        var second = recoverable(2);
        var execution = start(plan(critical(first), WAIT, critical(second)));
        assertThat(controller.executions().get(execution).state())
                .isEqualTo(PlanExecution.State.CREATED);
        var waiting = advance(execution);
        assertThat(states(waiting))
                .containsExactly(
                        ExecutionStep.State.COMPLETED,
                        ExecutionStep.State.WAITING,
                        ExecutionStep.State.NOT_STARTED);
        assertThat(installation.host.launches).isEqualTo(1);
        installation.time.advance(Duration.ofMinutes(4));
        assertThat(advance(execution).state()).isEqualTo(PlanExecution.State.IN_PROGRESS);
        assertThat(installation.host.launches).isEqualTo(1);
        installation.time.advance(Duration.ofMinutes(1));
        var ended = advance(execution);
        assertThat(ended.state()).isEqualTo(PlanExecution.State.COMPLETED);
        assertThat(ended.completedAt()).isPresent();
        assertThat(controller.instances().list())
                .extracting(RecoveryInstance::server)
                .containsExactlyInAnyOrder(first, second);
        assertThat(controller.instances().list()).allMatch(RecoveryInstance::drill);
    }

    @Test
    void aSickServerEndsNoOtherAndStopsThePlanOnlyIfItIsCritical() throws IOException {
        var well = recoverable(1);
        var sick = server(2); // without a point
        var next = recoverable(3);
        var optional =
                new StepWork.Recover(
                        List.of(new StepWork.Member(sick, false), new StepWork.Member(well, true)));
        var started = start(plan(optional, critical(next)));
        advance(started);
        var execution = advance(started);
        assertThat(execution.state()).isEqualTo(PlanExecution.State.COMPLETED);
        assertThat(execution.steps().getFirst().runs().get(sick).outcome())
                .isEqualTo(ExecutionStep.Outcome.FAILED);
        assertThat(installation.host.launches).isEqualTo(2);
    }

    @Test
    void aFailedStepIsTriedAgainForWhatFailedOnlyAndThePlanGoesOn() throws IOException {
        var well = recoverable(1);
        var sick = server(2);
        var next = recoverable(3);
        var failed = advance(start(plan(critical(well, sick), critical(next))));
        assertThat(failed.state()).isEqualTo(PlanExecution.State.FAILED);
        assertThat(failed.reason().orElseThrow()).contains(sick);
        assertThat(states(failed))
                .containsExactly(ExecutionStep.State.FAILED, ExecutionStep.State.NOT_STARTED);
        assertThat(installation.host.launches).isEqualTo(1);
        installation.store.addPoint(sick, 9, FakeTime.START, 5);
        var step = failed.steps().getFirst();
        assertRefused(
                "execution-state",
                () -> controller.executions().retry(failed.id(), failed.steps().get(1).id()));
        controller.executions().retry(failed.id(), step.id());
        advance(failed.id());
        var ended = advance(failed.id());
        assertThat(ended.state()).isEqualTo(PlanExecution.State.COMPLETED);
        assertThat(ended.steps().getFirst().attempt()).isEqualTo(2);
        assertThat(ended.steps().getFirst().runs().get(well).job())
                .isEqualTo(step.runs().get(well).job());
        assertThat(installation.host.launches).isEqualTo(3);
    }

    @Test
    void aFailedStepIsSkippedAndThePlanGoesOn() throws IOException {
        var next = recoverable(3);
        var failed = advance(start(plan(critical(server(2)), WAIT, critical(next))));
        var executions = controller.executions();
        executions.skip(failed.id(), failed.steps().get(1).id());
        assertThat(executions.get(failed.id()).state()).isEqualTo(PlanExecution.State.FAILED);
        executions.skip(failed.id(), failed.steps().getFirst().id());
        var ended = advance(failed.id());
        assertThat(ended.state()).isEqualTo(PlanExecution.State.COMPLETED);
        assertThat(states(ended))
                .containsExactly(
                        ExecutionStep.State.SKIPPED,
                        ExecutionStep.State.SKIPPED,
                        ExecutionStep.State.COMPLETED);
        assertRefused(
                "execution-state",
                () -> executions.skip(failed.id(), failed.steps().getFirst().id()));
    }

    @Test
    void aCancelledExecutionBeginsNothingMoreAndItsMachinesStay() throws IOException {
        var first = recoverable(1);
        var second = recoverable(2);
        var plan = plan(critical(first), critical(second));
        var execution = start(plan);
        controller.executions().advance(); // the first job is submitted
        assertThat(controller.executions().cancel(execution).state())
                .isEqualTo(PlanExecution.State.CANCELLING);
        assertRefused("execution-state", () -> controller.executions().cancel(execution));
        assertRefused("execution-state", () -> controller.executions().delete(execution));
        assertRefused("plan-executing", () -> start(plan));
        assertRefused("plan-executing", () -> controller.plans().delete(plan));
        var ended = advance(execution);
        assertThat(ended.state()).isEqualTo(PlanExecution.State.CANCELLED);
        assertThat(states(ended))
                .containsExactly(ExecutionStep.State.COMPLETED, ExecutionStep.State.SKIPPED);
        assertThat(controller.instances().list())
                .extracting(RecoveryInstance::server)
                .containsExactly(first);
        controller.executions().delete(execution);
        controller.plans().delete(plan);
        assertRefused("unknown-execution", () -> controller.executions().get(execution));
        assertRefused("unknown-plan", () -> controller.plans().get(plan));
    }

    @Test
    void aStepThatHasNotBegunIsChangedWhileTheOthersRun() throws IOException {
        var first = recoverable(1);
        var second = recoverable(2);
        var third = recoverable(3);
        var execution = start(plan(critical(first), WAIT, critical(second)));
        controller.executions().advance();
        var steps = controller.executions().get(execution).steps();
        var executions = controller.executions();
        executions.edit(execution, steps.get(1).id(), new StepWork.Wait(Duration.ofMinutes(1)));
        executions.edit(execution, steps.get(2).id(), critical(third));
        assertRefused(
                "execution-state",
                () -> executions.edit(execution, steps.get(0).id(), critical(second)));
        assertRefused(
                "malformed-step",
                () -> executions.edit(execution, steps.get(2).id(), critical(first)));
        assertRefused(
                "malformed-step",
                () -> executions.edit(execution, steps.get(1).id(), critical(second)));
        assertRefused(
                "unknown-server",
                () -> executions.edit(execution, steps.get(2).id(), critical("s-none")));
        advance(execution);
        installation.time.advance(Duration.ofMinutes(1));
        assertThat(advance(execution).state()).isEqualTo(PlanExecution.State.COMPLETED);
        assertThat(controller.instances().list())
                .extracting(RecoveryInstance::server)
                .containsExactlyInAnyOrder(first, third);
    }

    @Test
    void pinnedPointsAreTaken() throws IOException {
        var server = server(1);
        var old = installation.store.addPoint(server, 7, FakeTime.START, 5);
        installation.store.addPoint(server, 9, FakeTime.START.plusSeconds(9), 5);
        var plan = plan(critical(server));
        var other = recoverable(2);
        assertRefused(
                "malformed-pin",
                () ->
                        controller
                                .executions()
                                .start(
                                        plan,
                                        false,
                                        Map.of(
                                                other,
                                                controller
                                                        .points(
                                                                other,
                                                                FakeTime.START,
                                                                FakeTime.START,
                                                                1)
                                                        .getFirst()
                                                        .id()),
                                        Optional.empty(),
                                        Map.of()));
        assertThatThrownBy(() ->
                        controller
                                .executions()
                                .start(
                                        plan,
                                        false,
                                        Map.of(server, "pit-1"),
                                        Optional.empty(),
                                        Map.of()))
                .isInstanceOf(RefusalException.class);
        var execution =
                controller
                        .executions()
                        .start(plan, false, Map.of(server, old.id()), Optional.empty(), Map.of());
        assertThat(advance(execution.id()).state()).isEqualTo(PlanExecution.State.COMPLETED);
        assertThat(controller.instances().list().getFirst().point().id()).isEqualTo(old.id());
    }

    @Test
    void aServerThatIsBeingRecoveredIsNotRecoveredBesides() throws IOException {
        var server = recoverable(1);
        controller.recover(List.of(server), true, new PointChoice.Newest());
        var execution = start(plan(critical(server)));
        controller.executions().advance();
        var failed = controller.executions().get(execution);
        assertThat(failed.state()).isEqualTo(PlanExecution.State.FAILED);
        assertThat(failed.reason().orElseThrow()).contains("recovers it already");
    }

    @Test
    void stepsArePlacedReorderedChangedAndDeleted() throws IOException {
        var first = recoverable(1);
        var second = recoverable(2);
        var plans = controller.plans();
        var plan = plan(critical(first));
        var a = plans.get(plan).plan().steps().getFirst();
        var b = plans.addStep(plan, "b", WAIT, OptionalInt.of(1), Optional.of("t")).step();
        assertThat(plans.addStep(plan, "b", WAIT, OptionalInt.of(1), Optional.of("t")).step())
                .isEqualTo(b);
        assertRefused(
                "token-reused",
                () -> plans.addStep(plan, "c", WAIT, OptionalInt.empty(), Optional.of("t")));
        assertRefused(
                "malformed-step",
                () -> plans.addStep(plan, "c", WAIT, OptionalInt.of(4), Optional.empty()));
        assertRefused("malformed-step", () -> add(plan, "c", critical(first)));
        assertRefused("unknown-server", () -> add(plan, "c", critical("s-none")));
        assertThat(plans.get(plan).plan().steps()).containsExactly(b, a);
        assertThat(plans.reorder(plan, List.of(a.id(), b.id())).steps()).containsExactly(a, b);
        for (var wrong :
                List.of(List.of(a.id()), List.of(a.id(), a.id()), List.of(a.id(), "st-x"))) {
            assertRefused("malformed-order", () -> plans.reorder(plan, wrong));
        }
        plans.changeStep(plan, a.id(), Optional.of("a2"), Optional.of(critical(second)));
        assertThat(plans.get(plan).plan().servers()).containsExactly(second);
        assertRefused(
                "malformed-step",
                () -> plans.changeStep(plan, a.id(), Optional.empty(), Optional.of(WAIT)));
        plans.deleteStep(plan, b.id());
        assertRefused("unknown-step", () -> plans.deleteStep(plan, b.id()));
        installation.restart();
        controller = installation.controller();
        assertThat(controller.plans().get(plan).plan().steps())
                .extracting(RecoveryPlan.Step::name)
                .containsExactly("a2");
    }

    @Test
    void plansAreNamedAndMadeOnce() throws IOException {
        var plans = controller.plans();
        var made = plans.create("site b", "all of it", Optional.of("t"), Map.of("a", "1"));
        assertThat(plans.create("site b", "all of it", Optional.of("t"), Map.of())).isEqualTo(made);
        assertRefused("token-reused", () -> plans.create("other", "", Optional.of("t"), Map.of()));
        assertRefused("plan-exists", () -> plans.create("site b", "", Optional.empty(), Map.of()));
        assertRefused("malformed-plan", () -> plans.create("-", "", Optional.empty(), Map.of()));
        assertThat(controller.tags().of(made.plan().id())).containsEntry("a", "1");
        plans.rename(made.plan().id(), Optional.of("site c"), Optional.empty());
        assertThat(plans.list().getFirst().plan().description()).isEqualTo("all of it");
        assertRefused("plan-empty", () -> start(made.plan().id()));
        for (var i = 0; i < Plans.STEPS_MAX; i++) {
            add(made.plan().id(), "wait", WAIT);
        }
        assertRefused("too-many-steps", () -> add(made.plan().id(), "wait", WAIT));
    }

    @Test
    void aPlanWhoseServerIsGoneSaysSoAndDoesNotStart() throws IOException {
        var server = server(1);
        var plan = plan(critical(server));
        assertThat(controller.plans().get(plan).missing()).isEmpty();
        controller.orders().disconnect(server);
        assertThat(controller.plans().get(plan).missing()).containsExactly(server);
        assertThatThrownBy(() -> start(plan)).isInstanceOf(RefusalException.class);
    }

    @Test
    void theSameTokenStartsOneExecution() throws IOException {
        var plan = plan(critical(recoverable(1)));
        var executions = controller.executions();
        var first = executions.start(plan, true, Map.of(), Optional.of("t"), Map.of());
        assertThat(executions.start(plan, true, Map.of(), Optional.of("t"), Map.of()))
                .isEqualTo(first);
        assertRefused(
                "token-reused",
                () -> executions.start(plan, false, Map.of(), Optional.of("t"), Map.of()));
    }

    /// Killed at every call to the clock, the store and the machine host, while the plan is
    /// started, taken further and its jobs are worked on.
    @Test
    @Tag("long")
    void aPlanKilledAtAnyStepIsFinishedByTheNextControllerAndNothingIsDoneTwice()
            throws IOException {
        assertThat(crashes(0, 1)).isGreaterThan(30);
    }

    @Test
    void aPlanKilledAtSomeStepsIsFinishedByTheNextControllerAndNothingIsDoneTwice()
            throws IOException {
        var first = (int) Long.getLong("test.seed", System.nanoTime()).longValue() & 7;
        assertThat(crashes(first, 8)).isGreaterThan(4);
    }

    private int crashes(int from, int every) throws IOException {
        installation.close();
        var crashes = 0;
        for (var calls = from; ; calls += every) {
            open(directory.resolve("step" + calls));
            var first = recoverable(1);
            var second = recoverable(2);
            var third = recoverable(3);
            var execution = start(plan(critical(first, second), WAIT, critical(third)));
            installation.fuse.dieAfter(calls);
            var died = false;
            try {
                run(execution);
                installation.fuse.repair();
            } catch (Crash _) {
                died = true;
                installation.restart();
                controller = installation.controller();
            }
            run(execution);
            var ended = controller.executions().get(execution);
            assertThat(ended.state())
                    .as("killed at call %d: %s", calls, ended)
                    .isEqualTo(PlanExecution.State.COMPLETED);
            assertThat(installation.host.launches).as("killed at call %d", calls).isEqualTo(3);
            assertThat(controller.instances().list())
                    .extracting(RecoveryInstance::server)
                    .containsExactlyInAnyOrder(first, second, third);
            assertThat(controller.jobs().list(100)).hasSize(3);
            if (!died) {
                return crashes;
            }
            crashes++;
            installation.close();
        }
    }

    private void run(String execution) throws IOException {
        var states = new ArrayList<PlanExecution.State>();
        while (!controller.executions().get(execution).state().ended()) {
            states.add(advance(execution).state());
            installation.time.advance(Duration.ofMinutes(1));
            assertThat(states).hasSizeLessThan(50);
        }
    }
}
