package holdfast.aws.drs;

import holdfast.aws.drs.model.RecoveryPlan;
import holdfast.aws.drs.model.RecoveryPlanErrorDetail;
import holdfast.aws.drs.model.RecoveryPlanExecution;
import holdfast.aws.drs.model.RecoveryPlanExecutionMode;
import holdfast.aws.drs.model.RecoveryPlanExecutionServer;
import holdfast.aws.drs.model.RecoveryPlanExecutionServerStepConfiguration;
import holdfast.aws.drs.model.RecoveryPlanExecutionStatus;
import holdfast.aws.drs.model.RecoveryPlanExecutionStep;
import holdfast.aws.drs.model.RecoveryPlanExecutionStepConfiguration;
import holdfast.aws.drs.model.RecoveryPlanExecutionStepStatus;
import holdfast.aws.drs.model.RecoveryPlanImpactLevel;
import holdfast.aws.drs.model.RecoveryPlanServer;
import holdfast.aws.drs.model.RecoveryPlanServerStepConfiguration;
import holdfast.aws.drs.model.RecoveryPlanStatus;
import holdfast.aws.drs.model.RecoveryPlanStep;
import holdfast.aws.drs.model.RecoveryPlanStepConfiguration;
import holdfast.aws.drs.model.RecoveryPlanWaitStepConfiguration;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.ExecutionStep;
import holdfast.control.PlanExecution;
import holdfast.control.StepWork;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Recovery plans and their executions as the service shows them.
///
/// @param tags by resource
record PlanTranslation(RequestContext context, Map<String, Map<String, String>> tags) {
    private @Nullable Map<String, String> tagsOf(String id) {
        return tags.get(id);
    }

    RecoveryPlan plan(holdfast.control.RecoveryPlan.View view) {
        var plan = view.plan();
        return RecoveryPlan.builder()
                .recoveryPlanArn(PlanIds.planArn(context, plan.id()))
                .name(plan.name())
                .description(plan.description().isEmpty() ? null : plan.description())
                .status(
                        view.missing().isEmpty()
                                ? RecoveryPlanStatus.ACTIVE
                                : RecoveryPlanStatus.INVALID)
                .createdAt(Times.text(plan.createdAt()))
                .updatedAt(Times.text(plan.updatedAt()))
                .tags(tagsOf(plan.id()))
                .build();
    }

    List<RecoveryPlanStep> steps(holdfast.control.RecoveryPlan plan) {
        return plan.steps().stream().map(step -> step(plan, step)).toList();
    }

    RecoveryPlanStep step(
            holdfast.control.RecoveryPlan plan, holdfast.control.RecoveryPlan.Step step) {
        return RecoveryPlanStep.builder()
                .recoveryPlanStepArn(PlanIds.stepArn(context, plan.id(), step.id()))
                .stepOrder(plan.steps().indexOf(step) + 1)
                .stepName(step.name())
                .configuration(configuration(step.work()))
                .createdAt(Times.text(step.createdAt()))
                .updatedAt(Times.text(step.updatedAt()))
                .build();
    }

    private RecoveryPlanStepConfiguration configuration(StepWork work) {
        return switch (work) {
            case StepWork.Wait(var duration) ->
                    new RecoveryPlanStepConfiguration.WaitStepConfigurationMember(wait(duration));
            case StepWork.Recover(var members) ->
                    new RecoveryPlanStepConfiguration.ServerStepConfigurationMember(
                            RecoveryPlanServerStepConfiguration.builder()
                                    .servers(members.stream().map(this::server).toList())
                                    .build());
        };
    }

    private static RecoveryPlanWaitStepConfiguration wait(Duration duration) {
        return RecoveryPlanWaitStepConfiguration.builder()
                .waitDurationMinutes(Math.toIntExact(duration.toMinutes()))
                .build();
    }

    private RecoveryPlanServer server(StepWork.Member member) {
        return RecoveryPlanServer.builder()
                .serverArn(Ids.serverArn(context, member.server()))
                .impactLevel(impact(member))
                .build();
    }

    private static RecoveryPlanImpactLevel impact(StepWork.Member member) {
        return member.critical()
                ? RecoveryPlanImpactLevel.CRITICAL
                : RecoveryPlanImpactLevel.OPTIONAL;
    }

    /// What a client asks a step to do.
    StepWork work(RecoveryPlanStepConfiguration configuration) {
        return switch (configuration) {
            case RecoveryPlanStepConfiguration.WaitStepConfigurationMember(var wait) ->
                    new StepWork.Wait(Duration.ofMinutes(wait.waitDurationMinutes()));
            case RecoveryPlanStepConfiguration.ServerStepConfigurationMember(var servers) ->
                    work(servers.servers());
        };
    }

    StepWork work(List<RecoveryPlanServer> servers) {
        var members = new ArrayList<StepWork.Member>();
        for (var server : servers) {
            members.add(
                    new StepWork.Member(
                            Ids.ofArn(context, server.serverArn()),
                            server.impactLevel() == RecoveryPlanImpactLevel.CRITICAL));
        }
        return new StepWork.Recover(members);
    }

    RecoveryPlanExecution execution(PlanExecution execution) {
        return RecoveryPlanExecution.builder()
                .recoveryPlanExecutionArn(PlanIds.executionArn(context, execution.id()))
                .recoveryPlanArn(PlanIds.planArn(context, execution.plan()))
                .mode(
                        execution.drill()
                                ? RecoveryPlanExecutionMode.DRILL
                                : RecoveryPlanExecutionMode.RECOVERY)
                .status(status(execution.state()))
                .startedAt(Times.text(execution.startedAt()))
                .completedAt(execution.completedAt().map(Times::text).orElse(null))
                .errorDetail(execution.reason().map(PlanTranslation::error).orElse(null))
                .tags(tagsOf(execution.id()))
                .build();
    }

    private static RecoveryPlanErrorDetail error(String reason) {
        return RecoveryPlanErrorDetail.builder().code("STEP_FAILED").message(reason).build();
    }

    static RecoveryPlanExecutionStatus status(PlanExecution.State state) {
        return switch (state) {
            case CREATED -> RecoveryPlanExecutionStatus.CREATED;
            case IN_PROGRESS -> RecoveryPlanExecutionStatus.IN_PROGRESS;
            case COMPLETED -> RecoveryPlanExecutionStatus.COMPLETED;
            case FAILED -> RecoveryPlanExecutionStatus.FAILED;
            case CANCELLING -> RecoveryPlanExecutionStatus.CANCELLING;
            case CANCELLED -> RecoveryPlanExecutionStatus.CANCELLED;
        };
    }

    RecoveryPlanExecutionStep executionStep(PlanExecution execution, ExecutionStep step) {
        return RecoveryPlanExecutionStep.builder()
                .recoveryPlanExecutionStepArn(
                        PlanIds.executionStepArn(context, execution.id(), step.id()))
                .stepIndex(execution.steps().indexOf(step) + 1)
                .status(status(step.state()))
                .stepName(step.name())
                .configuration(configuration(step))
                .errorDetail(step.reason().map(PlanTranslation::error).orElse(null))
                .attempt(step.attempt())
                .createdAt(Times.text(step.createdAt()))
                .updatedAt(Times.text(step.updatedAt()))
                .build();
    }

    static RecoveryPlanExecutionStepStatus status(ExecutionStep.State state) {
        return switch (state) {
            case NOT_STARTED -> RecoveryPlanExecutionStepStatus.NOT_STARTED;
            case EXECUTING -> RecoveryPlanExecutionStepStatus.EXECUTING;
            case WAITING -> RecoveryPlanExecutionStepStatus.WAITING;
            case COMPLETED -> RecoveryPlanExecutionStepStatus.COMPLETED;
            case FAILED -> RecoveryPlanExecutionStepStatus.FAILED;
            case SKIPPED -> RecoveryPlanExecutionStepStatus.SKIPPED;
        };
    }

    private RecoveryPlanExecutionStepConfiguration configuration(ExecutionStep step) {
        return switch (step.work()) {
            case StepWork.Wait(var duration) ->
                    new RecoveryPlanExecutionStepConfiguration.WaitStepConfigurationMember(
                            wait(duration));
            case StepWork.Recover(var members) -> {
                var servers = new ArrayList<RecoveryPlanExecutionServer>();
                for (var member : members) {
                    var run = step.runs().get(member.server());
                    servers.add(
                            RecoveryPlanExecutionServer.builder()
                                    .serverArn(Ids.serverArn(context, member.server()))
                                    .impactLevel(impact(member))
                                    .jobID(
                                            run == null
                                                    ? null
                                                    : run.job().map(Ids::job).orElse(null))
                                    .build());
                }
                yield new RecoveryPlanExecutionStepConfiguration
                        .ExecutionServerStepConfigurationMember(
                        RecoveryPlanExecutionServerStepConfiguration.builder()
                                .servers(servers)
                                .build());
            }
        };
    }
}
