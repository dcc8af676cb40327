package holdfast.aws.drs;

import holdfast.aws.AgentAdmission;
import holdfast.aws.drs.model.CancelRecoveryPlanExecutionRequest;
import holdfast.aws.drs.model.CancelRecoveryPlanExecutionResponse;
import holdfast.aws.drs.model.CreateRecoveryPlanRequest;
import holdfast.aws.drs.model.CreateRecoveryPlanResponse;
import holdfast.aws.drs.model.CreateRecoveryPlanStepRequest;
import holdfast.aws.drs.model.CreateRecoveryPlanStepResponse;
import holdfast.aws.drs.model.DeleteRecoveryPlanExecutionRequest;
import holdfast.aws.drs.model.DeleteRecoveryPlanExecutionResponse;
import holdfast.aws.drs.model.DeleteRecoveryPlanRequest;
import holdfast.aws.drs.model.DeleteRecoveryPlanResponse;
import holdfast.aws.drs.model.DeleteRecoveryPlanStepRequest;
import holdfast.aws.drs.model.DeleteRecoveryPlanStepResponse;
import holdfast.aws.drs.model.GetRecoveryPlanExecutionRequest;
import holdfast.aws.drs.model.GetRecoveryPlanExecutionResponse;
import holdfast.aws.drs.model.GetRecoveryPlanExecutionStepRequest;
import holdfast.aws.drs.model.GetRecoveryPlanExecutionStepResponse;
import holdfast.aws.drs.model.GetRecoveryPlanRequest;
import holdfast.aws.drs.model.GetRecoveryPlanResponse;
import holdfast.aws.drs.model.GetRecoveryPlanStepRequest;
import holdfast.aws.drs.model.GetRecoveryPlanStepResponse;
import holdfast.aws.drs.model.ListRecoveryPlanExecutionStepsRequest;
import holdfast.aws.drs.model.ListRecoveryPlanExecutionStepsResponse;
import holdfast.aws.drs.model.ListRecoveryPlanExecutionsRequest;
import holdfast.aws.drs.model.ListRecoveryPlanExecutionsResponse;
import holdfast.aws.drs.model.ListRecoveryPlanStepsRequest;
import holdfast.aws.drs.model.ListRecoveryPlanStepsResponse;
import holdfast.aws.drs.model.ListRecoveryPlansRequest;
import holdfast.aws.drs.model.ListRecoveryPlansResponse;
import holdfast.aws.drs.model.RecoveryPlanExecutionMode;
import holdfast.aws.drs.model.RecoveryPlanExecutionStep;
import holdfast.aws.drs.model.RecoveryPlanPinnedServer;
import holdfast.aws.drs.model.ReorderRecoveryPlanStepsRequest;
import holdfast.aws.drs.model.ReorderRecoveryPlanStepsResponse;
import holdfast.aws.drs.model.RetryRecoveryPlanExecutionStepRequest;
import holdfast.aws.drs.model.RetryRecoveryPlanExecutionStepResponse;
import holdfast.aws.drs.model.StartRecoveryPlanExecutionRequest;
import holdfast.aws.drs.model.StartRecoveryPlanExecutionResponse;
import holdfast.aws.drs.model.UpdateRecoveryPlanExecutionStepRequest;
import holdfast.aws.drs.model.UpdateRecoveryPlanExecutionStepResponse;
import holdfast.aws.drs.model.UpdateRecoveryPlanRequest;
import holdfast.aws.drs.model.UpdateRecoveryPlanResponse;
import holdfast.aws.drs.model.UpdateRecoveryPlanStepRequest;
import holdfast.aws.drs.model.UpdateRecoveryPlanStepResponse;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.PlanExecution;
import holdfast.control.StepWork;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The operations on recovery plans and their executions.
abstract class PlanOperations extends AgentOperations {
    private final Controller controller;

    PlanOperations(Controller controller, AgentAdmission admission) {
        super(admission);
        this.controller = controller;
    }

    private PlanTranslation translation(RequestContext context) throws IOException {
        return new PlanTranslation(context, controller.tags().all());
    }

    /// An empty one is none.
    private static Optional<String> token(@Nullable String clientToken) {
        return Optional.ofNullable(clientToken).filter(token -> !token.isEmpty());
    }

    private static int order(@Nullable Integer number) {
        return Objects.requireNonNull(number);
    }

    private PlanExecution execution(RequestContext context, String arn) throws IOException {
        return controller.executions().get(PlanIds.execution(context, arn));
    }

    private RecoveryPlanExecutionStep step(
            RequestContext context, PlanExecution execution, String step) throws IOException {
        return translation(context).executionStep(execution, execution.step(step));
    }

    @Override
    public CreateRecoveryPlanResponse createRecoveryPlan(
            RequestContext context, CreateRecoveryPlanRequest request) throws IOException {
        var description = request.description();
        var tags = request.tags();
        var made =
                controller
                        .plans()
                        .create(
                                request.name(),
                                description == null ? "" : description,
                                token(request.clientToken()),
                                tags == null ? Map.of() : tags);
        return CreateRecoveryPlanResponse.builder()
                .recoveryPlan(translation(context).plan(made))
                .build();
    }

    @Override
    public GetRecoveryPlanResponse getRecoveryPlan(
            RequestContext context, GetRecoveryPlanRequest request) throws IOException {
        var plan = controller.plans().get(PlanIds.plan(context, request.recoveryPlanArn()));
        return GetRecoveryPlanResponse.builder()
                .recoveryPlan(translation(context).plan(plan))
                .build();
    }

    @Override
    public UpdateRecoveryPlanResponse updateRecoveryPlan(
            RequestContext context, UpdateRecoveryPlanRequest request) throws IOException {
        var plan =
                controller
                        .plans()
                        .rename(
                                PlanIds.plan(context, request.recoveryPlanArn()),
                                Optional.ofNullable(request.name()),
                                Optional.ofNullable(request.description()));
        return UpdateRecoveryPlanResponse.builder()
                .recoveryPlan(translation(context).plan(plan))
                .build();
    }

    @Override
    public DeleteRecoveryPlanResponse deleteRecoveryPlan(
            RequestContext context, DeleteRecoveryPlanRequest request) throws IOException {
        controller.plans().delete(PlanIds.plan(context, request.recoveryPlanArn()));
        return DeleteRecoveryPlanResponse.builder()
                .recoveryPlanArn(request.recoveryPlanArn())
                .build();
    }

    @Override
    public ListRecoveryPlansResponse listRecoveryPlans(
            RequestContext context, ListRecoveryPlansRequest request) throws IOException {
        var page =
                Page.of(
                        controller.plans().list(),
                        view -> Page.key(view.plan().createdAt().toEpochMilli()) + view.plan().id(),
                        false,
                        request.maxResults(),
                        request.nextToken());
        var translation = translation(context);
        return ListRecoveryPlansResponse.builder()
                .recoveryPlans(page.items().stream().map(translation::plan).toList())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    public CreateRecoveryPlanStepResponse createRecoveryPlanStep(
            RequestContext context, CreateRecoveryPlanStepRequest request) throws IOException {
        var translation = translation(context);
        var order = request.stepOrder();
        var made =
                controller
                        .plans()
                        .addStep(
                                PlanIds.plan(context, request.recoveryPlanArn()),
                                request.stepName(),
                                translation.work(request.configuration()),
                                order == null ? OptionalInt.empty() : OptionalInt.of(order),
                                token(request.clientToken()));
        return CreateRecoveryPlanStepResponse.builder()
                .recoveryPlanStep(translation.step(made.plan(), made.step()))
                .build();
    }

    @Override
    public GetRecoveryPlanStepResponse getRecoveryPlanStep(
            RequestContext context, GetRecoveryPlanStepRequest request) throws IOException {
        var arn = request.recoveryPlanStepArn();
        var named = PlanIds.step(context, arn);
        var plan = controller.plans().get(named.parent()).plan();
        var step =
                plan.steps().stream()
                        .filter(known -> known.id().equals(named.step()))
                        .findFirst()
                        .orElseThrow(() -> DrsRules.notFound("step", arn, "no step " + arn));
        return GetRecoveryPlanStepResponse.builder()
                .recoveryPlanStep(translation(context).step(plan, step))
                .build();
    }

    @Override
    public UpdateRecoveryPlanStepResponse updateRecoveryPlanStep(
            RequestContext context, UpdateRecoveryPlanStepRequest request) throws IOException {
        var translation = translation(context);
        var named = PlanIds.step(context, request.recoveryPlanStepArn());
        var changed =
                controller
                        .plans()
                        .changeStep(
                                named.parent(),
                                named.step(),
                                Optional.ofNullable(request.stepName()),
                                Optional.ofNullable(request.configuration())
                                        .map(translation::work));
        return UpdateRecoveryPlanStepResponse.builder()
                .recoveryPlanStep(translation.step(changed.plan(), changed.step()))
                .build();
    }

    @Override
    public DeleteRecoveryPlanStepResponse deleteRecoveryPlanStep(
            RequestContext context, DeleteRecoveryPlanStepRequest request) throws IOException {
        var named = PlanIds.step(context, request.recoveryPlanStepArn());
        controller.plans().deleteStep(named.parent(), named.step());
        return DeleteRecoveryPlanStepResponse.builder()
                .recoveryPlanStepArn(request.recoveryPlanStepArn())
                .build();
    }

    @Override
    public ListRecoveryPlanStepsResponse listRecoveryPlanSteps(
            RequestContext context, ListRecoveryPlanStepsRequest request) throws IOException {
        var plan = controller.plans().get(PlanIds.plan(context, request.recoveryPlanArn())).plan();
        var page =
                Page.of(
                        translation(context).steps(plan),
                        step -> Page.key(order(step.stepOrder())),
                        false,
                        request.maxResults(),
                        request.nextToken());
        return ListRecoveryPlanStepsResponse.builder()
                .recoveryPlanSteps(page.items())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    public ReorderRecoveryPlanStepsResponse reorderRecoveryPlanSteps(
            RequestContext context, ReorderRecoveryPlanStepsRequest request) throws IOException {
        var id = PlanIds.plan(context, request.recoveryPlanArn());
        var order = new ArrayList<String>();
        for (var arn : request.orderedStepArns()) {
            var named = PlanIds.step(context, arn);
            // a step of another plan is none of this one's
            order.add(named.parent().equals(id) ? named.step() : arn);
        }
        return ReorderRecoveryPlanStepsResponse.builder()
                .recoveryPlanSteps(
                        translation(context).steps(controller.plans().reorder(id, order)))
                .build();
    }

    @Override
    public StartRecoveryPlanExecutionResponse startRecoveryPlanExecution(
            RequestContext context, StartRecoveryPlanExecutionRequest request) throws IOException {
        var pinned = new HashMap<String, String>();
        var servers = request.sourceServers();
        for (var server : servers == null ? List.<RecoveryPlanPinnedServer>of() : servers) {
            if (pinned.put(server.sourceServerID(), server.recoverySnapshotID()) != null) {
                throw DrsRules.invalid(
                        "sourceServers", server.sourceServerID() + " is named twice");
            }
        }
        var tags = request.tags();
        var execution =
                controller
                        .executions()
                        .start(
                                PlanIds.plan(context, request.recoveryPlanArn()),
                                request.mode() == RecoveryPlanExecutionMode.DRILL,
                                pinned,
                                token(request.clientToken()),
                                tags == null ? Map.of() : tags);
        return StartRecoveryPlanExecutionResponse.builder()
                .recoveryPlanExecution(translation(context).execution(execution))
                .build();
    }

    @Override
    public GetRecoveryPlanExecutionResponse getRecoveryPlanExecution(
            RequestContext context, GetRecoveryPlanExecutionRequest request) throws IOException {
        return GetRecoveryPlanExecutionResponse.builder()
                .recoveryPlanExecution(
                        translation(context)
                                .execution(execution(context, request.recoveryPlanExecutionArn())))
                .build();
    }

    @Override
    public ListRecoveryPlanExecutionsResponse listRecoveryPlanExecutions(
            RequestContext context, ListRecoveryPlanExecutionsRequest request) throws IOException {
        var arn = request.recoveryPlanArn();
        var plan = arn == null ? null : PlanIds.plan(context, arn);
        if (plan != null) {
            controller.plans().get(plan); // or one that there is not would seem to have had no runs
        }
        var status = request.status();
        var page =
                Page.of(
                        controller.executions().list().stream()
                                .filter(e -> plan == null || e.plan().equals(plan))
                                .filter(e ->
                                        status == null
                                                || PlanTranslation.status(e.state()) == status)
                                .toList(),
                        e -> Page.key(e.startedAt().toEpochMilli()) + e.id(),
                        true,
                        request.maxResults(),
                        request.nextToken());
        var translation = translation(context);
        return ListRecoveryPlanExecutionsResponse.builder()
                .recoveryPlanExecutions(page.items().stream().map(translation::execution).toList())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    public CancelRecoveryPlanExecutionResponse cancelRecoveryPlanExecution(
            RequestContext context, CancelRecoveryPlanExecutionRequest request) throws IOException {
        var id = PlanIds.execution(context, request.recoveryPlanExecutionArn());
        return CancelRecoveryPlanExecutionResponse.builder()
                .recoveryPlanExecution(
                        translation(context).execution(controller.executions().cancel(id)))
                .build();
    }

    @Override
    public DeleteRecoveryPlanExecutionResponse deleteRecoveryPlanExecution(
            RequestContext context, DeleteRecoveryPlanExecutionRequest request) throws IOException {
        controller
                .executions()
                .delete(PlanIds.execution(context, request.recoveryPlanExecutionArn()));
        return DeleteRecoveryPlanExecutionResponse.builder()
                .recoveryPlanExecutionArn(request.recoveryPlanExecutionArn())
                .build();
    }

    @Override
    public GetRecoveryPlanExecutionStepResponse getRecoveryPlanExecutionStep(
            RequestContext context, GetRecoveryPlanExecutionStepRequest request)
            throws IOException {
        var named = PlanIds.executionStep(context, request.recoveryPlanExecutionStepArn());
        return GetRecoveryPlanExecutionStepResponse.builder()
                .recoveryPlanExecutionStep(
                        step(context, controller.executions().get(named.parent()), named.step()))
                .build();
    }

    @Override
    public ListRecoveryPlanExecutionStepsResponse listRecoveryPlanExecutionSteps(
            RequestContext context, ListRecoveryPlanExecutionStepsRequest request)
            throws IOException {
        var execution = execution(context, request.recoveryPlanExecutionArn());
        var filter = request.filter();
        var status = filter == null ? null : filter.status();
        var translation = translation(context);
        var page =
                Page.of(
                        execution.steps().stream()
                                .map(step -> translation.executionStep(execution, step))
                                .filter(step -> status == null || status == step.status())
                                .toList(),
                        step -> Page.key(order(step.stepIndex())),
                        false,
                        request.maxResults(),
                        request.nextToken());
        return ListRecoveryPlanExecutionStepsResponse.builder()
                .recoveryPlanExecutionSteps(page.items())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    public RetryRecoveryPlanExecutionStepResponse retryRecoveryPlanExecutionStep(
            RequestContext context, RetryRecoveryPlanExecutionStepRequest request)
            throws IOException {
        var named = PlanIds.executionStep(context, request.recoveryPlanExecutionStepArn());
        var execution = controller.executions().retry(named.parent(), named.step());
        return RetryRecoveryPlanExecutionStepResponse.builder()
                .recoveryPlanExecutionStep(step(context, execution, named.step()))
                .build();
    }

    @Override
    public UpdateRecoveryPlanExecutionStepResponse updateRecoveryPlanExecutionStep(
            RequestContext context, UpdateRecoveryPlanExecutionStepRequest request)
            throws IOException {
        var named = PlanIds.executionStep(context, request.recoveryPlanExecutionStepArn());
        var servers = request.servers();
        var minutes = request.waitDurationMinutes();
        var asked = Stream.of(request.status(), servers, minutes).filter(Objects::nonNull).count();
        if (asked != 1) {
            throw DrsRules.invalid(
                    "status",
                    "exactly one of status, servers and waitDurationMinutes is to be given");
        }
        var executions = controller.executions();
        PlanExecution execution;
        if (servers != null) {
            execution =
                    executions.edit(
                            named.parent(), named.step(), translation(context).work(servers));
        } else if (minutes != null) {
            var wait = new StepWork.Wait(Duration.ofMinutes(minutes));
            execution = executions.edit(named.parent(), named.step(), wait);
        } else {
            execution = executions.skip(named.parent(), named.step());
        }
        return UpdateRecoveryPlanExecutionStepResponse.builder()
                .recoveryPlanExecutionStep(step(context, execution, named.step()))
                .build();
    }
}
