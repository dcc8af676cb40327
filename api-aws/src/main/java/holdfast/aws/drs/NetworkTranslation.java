package holdfast.aws.drs;

import holdfast.aws.drs.model.DescribeSourceNetworksRequestFilters;
import holdfast.aws.drs.model.EventResourceData;
import holdfast.aws.drs.model.LaunchStatus;
import holdfast.aws.drs.model.ParticipatingResource;
import holdfast.aws.drs.model.ParticipatingResourceID;
import holdfast.aws.drs.model.RecoveryLifeCycle;
import holdfast.aws.drs.model.RecoveryResult;
import holdfast.aws.drs.model.ReplicationStatus;
import holdfast.aws.drs.model.SourceNetwork;
import holdfast.aws.drs.model.SourceNetworkData;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.Job;
import holdfast.control.JobRequest;
import holdfast.control.JobState;
import holdfast.control.NetworkStack;
import holdfast.control.NetworkState;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Source networks, as they were when this was made.
record NetworkTranslation(
        RequestContext context,
        List<holdfast.control.SourceNetwork> networks,
        List<NetworkStack> stacks,
        Map<String, Map<String, String>> tags) {
    /// What the model allows as details.
    private static final int DETAILS_CHARS_MAX = 256;

    static NetworkTranslation of(Controller controller, RequestContext context) throws IOException {
        return new NetworkTranslation(
                context,
                controller.sourceNetworks().list(),
                controller.networkStacks().list(),
                controller.tags().all());
    }

    boolean matches(
            holdfast.control.SourceNetwork network, DescribeSourceNetworksRequestFilters filters) {
        var account = filters.originAccountID();
        var region = filters.originRegion();
        return ServerFilter.isIn(filters.sourceNetworkIDs(), network.id())
                && (account == null || account.equals(context.account()))
                && (region == null || region.equals(network.region()));
    }

    SourceNetwork network(holdfast.control.SourceNetwork network) {
        var translated =
                SourceNetwork.builder()
                        .sourceNetworkID(network.id())
                        .arn(Ids.sourceNetworkArn(context, network.id()))
                        .sourceVpcID(network.vpc())
                        .sourceRegion(network.region())
                        .sourceAccountID(context.account())
                        .replicationStatus(ReplicationStatus.valueOf(network.state().name()))
                        .lastRecovery(lastRecovery(network))
                        .tags(tags.getOrDefault(network.id(), Map.of()));
        if (network.state() == NetworkState.ERROR) {
            translated.replicationStatusDetails(
                    network.reason()
                            .substring(0, Math.min(network.reason().length(), DETAILS_CHARS_MAX)));
        }
        network.stack()
                .ifPresent(name -> {
                    translated.cfnStackName(name);
                    stack(name).ifPresent(stack -> translated.launchedVpcID(stack.network()));
                });
        return translated.build();
    }

    private static RecoveryLifeCycle lastRecovery(holdfast.control.SourceNetwork network) {
        var recovery = network.recovery();
        if (recovery.isEmpty()) {
            return RecoveryLifeCycle.builder()
                    .lastRecoveryResult(RecoveryResult.NOT_STARTED)
                    .build();
        }
        return RecoveryLifeCycle.builder()
                .apiCallDateTime(recovery.get().askedAt())
                .jobID(Ids.job(recovery.get().job()))
                .lastRecoveryResult(result(recovery.get().result()))
                .build();
    }

    private static RecoveryResult result(holdfast.control.SourceNetwork.Result result) {
        return switch (result) {
            case IN_PROGRESS -> RecoveryResult.IN_PROGRESS;
            case SUCCEEDED -> RecoveryResult.SUCCESS;
            case FAILED -> RecoveryResult.FAIL;
            case ASSOCIATED -> RecoveryResult.ASSOCIATE_SUCCESS;
            case NOT_ASSOCIATED -> RecoveryResult.ASSOCIATE_FAIL;
        };
    }

    private Optional<NetworkStack> stack(String name) {
        return stacks.stream().filter(stack -> stack.name().equals(name)).findFirst();
    }

    /// From the phases alone: of an earlier job than the network's newest nothing else is known.
    static ParticipatingResource participant(Job.View view, JobRequest.NetworkTarget target) {
        return ParticipatingResource.builder()
                .participatingResourceID(
                        new ParticipatingResourceID.SourceNetworkIDMember(target.network()))
                .launchStatus(status(view, target))
                .build();
    }

    private static LaunchStatus status(Job.View view, JobRequest.NetworkTarget target) {
        var phases =
                view.phases().stream()
                        .filter(phase -> phase.server().equals(target.network()))
                        .toList();
        if (phases.stream().anyMatch(JobLogTranslation::failed)) {
            return LaunchStatus.FAILED;
        }
        var bound =
                phases.stream()
                        .anyMatch(phase ->
                                phase.name().equals("bind network") && phase.endedAt().isPresent());
        if (bound) {
            return LaunchStatus.LAUNCHED;
        }
        return switch (view.job().state()) {
            case JobState.Pending() -> LaunchStatus.PENDING;
            case JobState.Started(_, _) -> LaunchStatus.IN_PROGRESS;
            case JobState.Completed(), JobState.Failed() -> LaunchStatus.FAILED;
        };
    }

    /// What a job's log says of a network.
    EventResourceData data(JobRequest.NetworkTarget target) {
        var data =
                SourceNetworkData.builder()
                        .sourceNetworkID(target.network())
                        .stackName(target.stack());
        networks.stream()
                .filter(network -> network.id().equals(target.network()))
                .findFirst()
                .ifPresent(network -> data.sourceVpc(network.vpc()));
        stack(target.stack()).ifPresent(stack -> data.targetVpc(stack.network()));
        return new EventResourceData.SourceNetworkDataMember(data.build());
    }
}
