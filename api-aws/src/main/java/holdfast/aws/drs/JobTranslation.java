package holdfast.aws.drs;

import holdfast.aws.drs.model.InitiatedBy;
import holdfast.aws.drs.model.Job;
import holdfast.aws.drs.model.JobStatus;
import holdfast.aws.drs.model.JobType;
import holdfast.aws.drs.model.LaunchStatus;
import holdfast.aws.drs.model.ParticipatingResource;
import holdfast.aws.drs.model.ParticipatingServer;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.Failback;
import holdfast.control.FailbackView;
import holdfast.control.InstanceState;
import holdfast.control.JobRequest;
import holdfast.control.JobState;
import holdfast.control.LaunchAction;
import holdfast.control.RecoveryInstance;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Jobs, as they were when this was made.
///
/// @param actions those that there are, by server, of servers in which some were run
record JobTranslation(
        RequestContext context,
        List<RecoveryInstance> instances,
        Map<String, FailbackView> failbacks,
        Map<String, List<LaunchAction>> actions,
        Map<String, Map<String, String>> tags) {
    /// @param views that are to be translated
    static JobTranslation of(
            Controller controller, RequestContext context, List<holdfast.control.Job.View> views)
            throws IOException {
        return new JobTranslation(
                context,
                controller.instances().list(),
                controller.failbacks().all(),
                controller.launchActions().of(LaunchActionRuns.servers(views)),
                controller.tags().all());
    }

    Job job(holdfast.control.Job.View view) {
        var job = view.job();
        var translated =
                Job.builder()
                        .jobID(Ids.job(job.id()))
                        .arn(Ids.jobArn(context, job.id()))
                        .type(
                                job.request() instanceof JobRequest.Terminate
                                        ? JobType.TERMINATE
                                        : JobType.LAUNCH)
                        .initiatedBy(initiatedBy(job))
                        .status(status(job.state()))
                        .creationDateTime(Times.text(job.createdAt()))
                        .participatingServers(participants(view))
                        .participatingResources(networks(view))
                        .tags(tags.getOrDefault(job.id(), Map.of()));
        job.endedAt().ifPresent(at -> translated.endDateTime(Times.text(at)));
        return translated.build();
    }

    private static InitiatedBy initiatedBy(holdfast.control.Job job) {
        return switch (job.request()) {
            case JobRequest.Terminate _ -> InitiatedBy.TERMINATE_RECOVERY_INSTANCES;
            case JobRequest.Recover(_, var drill, _) ->
                    drill ? InitiatedBy.START_DRILL : InitiatedBy.START_RECOVERY;
            case JobRequest.Failback _ -> InitiatedBy.FAILBACK;
            case JobRequest.Networks(var purpose, _) ->
                    switch (purpose) {
                        case CREATE -> InitiatedBy.CREATE_NETWORK_RECOVERY;
                        case UPDATE -> InitiatedBy.UPDATE_NETWORK_RECOVERY;
                        case ASSOCIATE -> InitiatedBy.ASSOCIATE_NETWORK_RECOVERY;
                    };
            case JobRequest.Start _, JobRequest.Verify _, JobRequest.Scrub() ->
                    InitiatedBy.DIAGNOSTIC;
        };
    }

    /// The service knows no failed jobs, only failed participants.
    private static JobStatus status(JobState state) {
        return switch (state) {
            case JobState.Pending() -> JobStatus.PENDING;
            case JobState.Started(_, _) -> JobStatus.STARTED;
            case JobState.Completed(), JobState.Failed() -> JobStatus.COMPLETED;
        };
    }

    private List<ParticipatingServer> participants(holdfast.control.Job.View view) {
        return switch (view.job().request()) {
            case JobRequest.Recover(var targets, _, _) ->
                    targets.stream().map(target -> launched(view, target.server())).toList();
            case JobRequest.Terminate(var endings) -> endings.stream().map(this::ended).toList();
            case JobRequest.Failback(var endings) ->
                    endings.stream().map(one -> failedBack(view.job(), one)).toList();
            case JobRequest.Start _,
                    JobRequest.Networks _,
                    JobRequest.Verify _,
                    JobRequest.Scrub() ->
                    List.of();
        };
    }

    private static @Nullable List<ParticipatingResource> networks(holdfast.control.Job.View view) {
        return view.job().request() instanceof JobRequest.Networks(_, var targets)
                ? targets.stream()
                        .map(target -> NetworkTranslation.participant(view, target))
                        .toList()
                : null;
    }

    private ParticipatingServer launched(holdfast.control.Job.View view, String server) {
        var job = view.job();
        var instance =
                instances.stream()
                        .filter(one -> one.job().equals(job.id()) && one.server().equals(server))
                        .findFirst();
        var participant =
                ParticipatingServer.builder()
                        .sourceServerID(server)
                        .launchStatus(Launches.status(job, instance))
                        .launchActionsStatus(LaunchActionRuns.status(actions, view, server));
        instance.ifPresent(one -> participant.recoveryInstanceID(one.id()));
        return participant.build();
    }

    /// Of an earlier job than the failback's newest no more is known than that it has ended.
    private ParticipatingServer failedBack(
            holdfast.control.Job job, JobRequest.Ending participant) {
        var failback = Optional.ofNullable(failbacks.get(participant.instance()));
        var completed =
                failback.map(FailbackView::failback)
                        .filter(known -> known.job().equals(Optional.of(job.id())))
                        .filter(Failback::complete)
                        .isPresent();
        LaunchStatus status =
                switch (job.state()) {
                    case JobState.Pending() -> LaunchStatus.PENDING;
                    case JobState.Started(_, _) ->
                            completed ? LaunchStatus.LAUNCHED : LaunchStatus.IN_PROGRESS;
                    case JobState.Completed() -> LaunchStatus.LAUNCHED;
                    case JobState.Failed() ->
                            completed ? LaunchStatus.LAUNCHED : LaunchStatus.FAILED;
                };
        return ParticipatingServer.builder()
                .sourceServerID(participant.server())
                .recoveryInstanceID(participant.instance())
                .launchStatus(status)
                .build();
    }

    private ParticipatingServer ended(JobRequest.Ending ending) {
        var state =
                instances.stream()
                        .filter(one -> one.id().equals(ending.instance()))
                        .map(RecoveryInstance::state)
                        .findFirst();
        return ParticipatingServer.builder()
                .sourceServerID(ending.server())
                .recoveryInstanceID(ending.instance())
                .launchStatus(endStatus(state))
                .build();
    }

    private static LaunchStatus endStatus(Optional<InstanceState> state) {
        // what is no longer known was terminated long ago
        return switch (state.orElse(InstanceState.TERMINATED)) {
            case TERMINATED -> LaunchStatus.TERMINATED;
            case TERMINATING -> LaunchStatus.IN_PROGRESS;
            case LAUNCHING, RUNNING, STOPPED, FAILED -> LaunchStatus.FAILED;
        };
    }
}
