package holdfast.aws.drs;

import holdfast.aws.AgentAdmission;
import holdfast.aws.drs.model.DeleteJobRequest;
import holdfast.aws.drs.model.DeleteJobResponse;
import holdfast.aws.drs.model.DeleteRecoveryInstanceRequest;
import holdfast.aws.drs.model.DescribeJobLogItemsRequest;
import holdfast.aws.drs.model.DescribeJobLogItemsResponse;
import holdfast.aws.drs.model.DescribeJobsRequest;
import holdfast.aws.drs.model.DescribeJobsResponse;
import holdfast.aws.drs.model.DescribeRecoveryInstancesRequest;
import holdfast.aws.drs.model.DescribeRecoveryInstancesResponse;
import holdfast.aws.drs.model.DescribeRecoverySnapshotsRequest;
import holdfast.aws.drs.model.DescribeRecoverySnapshotsResponse;
import holdfast.aws.drs.model.DescribeSourceServersRequest;
import holdfast.aws.drs.model.DescribeSourceServersResponse;
import holdfast.aws.drs.model.DisconnectRecoveryInstanceRequest;
import holdfast.aws.drs.model.GetFailbackReplicationConfigurationRequest;
import holdfast.aws.drs.model.GetFailbackReplicationConfigurationResponse;
import holdfast.aws.drs.model.InitializeServiceRequest;
import holdfast.aws.drs.model.InitializeServiceResponse;
import holdfast.aws.drs.model.InternetProtocol;
import holdfast.aws.drs.model.ListTagsForResourceRequest;
import holdfast.aws.drs.model.ListTagsForResourceResponse;
import holdfast.aws.drs.model.StartFailbackLaunchRequest;
import holdfast.aws.drs.model.StartFailbackLaunchResponse;
import holdfast.aws.drs.model.StartRecoveryRequest;
import holdfast.aws.drs.model.StartRecoveryResponse;
import holdfast.aws.drs.model.StopFailbackRequest;
import holdfast.aws.drs.model.TagResourceRequest;
import holdfast.aws.drs.model.TerminateRecoveryInstancesRequest;
import holdfast.aws.drs.model.TerminateRecoveryInstancesResponse;
import holdfast.aws.drs.model.UntagResourceRequest;
import holdfast.aws.drs.model.UpdateFailbackReplicationConfigurationRequest;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.Failback;
import holdfast.control.PointChoice;
import holdfast.control.RecoveryTarget;
import holdfast.control.ServerView;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The operations that are available: those here, and those of the areas. Those not overridden
/// answer that they are not.
///
/// Safe for any thread.
final class DrsApi extends PlanOperations
        implements ReplicationOperations, LaunchOperations, NetworkOperations, ExtensionOperations {
    private final Controller controller;

    DrsApi(Controller controller, AgentAdmission admission) {
        super(controller, admission);
        this.controller = controller;
    }

    @Override
    public Controller controller() {
        return controller;
    }

    @Override
    public InitializeServiceResponse initializeService(
            RequestContext context, InitializeServiceRequest request) throws IOException {
        controller.accounts().initialize();
        return InitializeServiceResponse.builder().build();
    }

    @Override
    public DescribeSourceServersResponse describeSourceServers(
            RequestContext context, DescribeSourceServersRequest request) throws IOException {
        var described =
                controller.atOnce(() -> {
                    var page = ServerFilter.page(controller, context, request);
                    return new Described(
                            page, ServerTranslation.of(controller, context, page.items()));
                });
        var items = described.page().items();
        return DescribeSourceServersResponse.builder()
                .items(items.stream().map(described.translation()::server).toList())
                .nextToken(described.page().nextToken())
                .build();
    }

    private record Described(Page<ServerView> page, ServerTranslation translation) {}

    @Override
    public DescribeRecoverySnapshotsResponse describeRecoverySnapshots(
            RequestContext context, DescribeRecoverySnapshotsRequest request) throws IOException {
        return Snapshots.describe(controller, request);
    }

    @Override
    public StartRecoveryResponse startRecovery(RequestContext context, StartRecoveryRequest request)
            throws IOException {
        var targets = new ArrayList<RecoveryTarget>();
        for (var server : request.sourceServers()) {
            var point = server.recoverySnapshotID();
            targets.add(
                    new RecoveryTarget(
                            server.sourceServerID(),
                            point == null
                                    ? new PointChoice.Newest()
                                    : new PointChoice.ById(point)));
        }
        var drill = request.isDrill();
        var tags = request.tags();
        var job =
                controller.recover(targets, drill != null && drill, tags == null ? Map.of() : tags);
        return StartRecoveryResponse.builder()
                .job(JobTranslation.of(controller, context, List.of(job)).job(job))
                .build();
    }

    @Override
    public TerminateRecoveryInstancesResponse terminateRecoveryInstances(
            RequestContext context, TerminateRecoveryInstancesRequest request) throws IOException {
        var ids = request.recoveryInstanceIDs().stream().distinct().toList();
        var job = controller.instances().terminate(ids);
        return TerminateRecoveryInstancesResponse.builder()
                .job(JobTranslation.of(controller, context, List.of(job)).job(job))
                .build();
    }

    @Override
    public StartFailbackLaunchResponse startFailbackLaunch(
            RequestContext context, StartFailbackLaunchRequest request) throws IOException {
        var ids = request.recoveryInstanceIDs().stream().distinct().toList();
        var tags = request.tags();
        var job = controller.failbacks().start(ids, tags == null ? Map.of() : tags);
        return StartFailbackLaunchResponse.builder()
                .job(JobTranslation.of(controller, context, List.of(job)).job(job))
                .build();
    }

    @Override
    public void stopFailback(RequestContext context, StopFailbackRequest request)
            throws IOException {
        controller.failbacks().stop(request.recoveryInstanceID());
    }

    @Override
    public void disconnectRecoveryInstance(
            RequestContext context, DisconnectRecoveryInstanceRequest request) throws IOException {
        controller.failbacks().disconnect(request.recoveryInstanceID());
    }

    @Override
    public void deleteRecoveryInstance(
            RequestContext context, DeleteRecoveryInstanceRequest request) throws IOException {
        controller.instances().delete(request.recoveryInstanceID());
    }

    @Override
    public GetFailbackReplicationConfigurationResponse getFailbackReplicationConfiguration(
            RequestContext context, GetFailbackReplicationConfigurationRequest request)
            throws IOException {
        var id = request.recoveryInstanceID();
        var settings = controller.failbacks().get(id).failback().settings();
        return GetFailbackReplicationConfigurationResponse.builder()
                .recoveryInstanceID(id)
                .name(settings.name())
                .bandwidthThrottling(settings.megabitsPerSecond())
                .usePrivateIP(settings.privateAddress())
                .internetProtocol(InternetProtocol.IPV4)
                .build();
    }

    @Override
    public void updateFailbackReplicationConfiguration(
            RequestContext context, UpdateFailbackReplicationConfigurationRequest request)
            throws IOException {
        ReplicationConfigurations.requireAnyProtocol(request.internetProtocol());
        controller
                .failbacks()
                .set(
                        request.recoveryInstanceID(),
                        known ->
                                new Failback.Settings(
                                        Objects.requireNonNullElse(request.name(), known.name()),
                                        Objects.requireNonNullElse(
                                                request.bandwidthThrottling(),
                                                known.megabitsPerSecond()),
                                        Objects.requireNonNullElse(
                                                request.usePrivateIP(), known.privateAddress())));
    }

    @Override
    public DescribeJobsResponse describeJobs(RequestContext context, DescribeJobsRequest request)
            throws IOException {
        var page =
                Page.of(
                        JobFilter.selected(controller, request.filters()),
                        view -> Page.key(view.job().createdAt().toEpochMilli()) + view.job().id(),
                        true,
                        request.maxResults(),
                        request.nextToken());
        var translation = JobTranslation.of(controller, context, page.items());
        return DescribeJobsResponse.builder()
                .items(page.items().stream().map(translation::job).toList())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    public DescribeJobLogItemsResponse describeJobLogItems(
            RequestContext context, DescribeJobLogItemsRequest request) throws IOException {
        var items = new JobLogTranslation(controller, context).items(Ids.ourJob(request.jobID()));
        var numbers = new ArrayList<Integer>();
        for (var i = 0; i < items.size(); i++) {
            numbers.add(i);
        }
        var page = Page.of(numbers, Page::key, false, request.maxResults(), request.nextToken());
        return DescribeJobLogItemsResponse.builder()
                .items(page.items().stream().map(items::get).toList())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    public DeleteJobResponse deleteJob(RequestContext context, DeleteJobRequest request)
            throws IOException {
        JobFilter.delete(controller, request.jobID());
        return DeleteJobResponse.builder().build();
    }

    @Override
    public DescribeRecoveryInstancesResponse describeRecoveryInstances(
            RequestContext context, DescribeRecoveryInstancesRequest request) throws IOException {
        var page =
                Page.of(
                        InstanceTranslation.selected(controller, request.filters()),
                        instance -> Page.key(instance.createdAt().toEpochMilli()) + instance.id(),
                        true,
                        request.maxResults(),
                        request.nextToken());
        var translation = InstanceTranslation.of(controller, context);
        var items = new ArrayList<holdfast.aws.drs.model.RecoveryInstance>();
        for (var instance : page.items()) {
            items.add(translation.instance(instance));
        }
        return DescribeRecoveryInstancesResponse.builder()
                .items(items)
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    public void tagResource(RequestContext context, TagResourceRequest request) throws IOException {
        controller.tags().put(Ids.ofArn(context, request.resourceArn()), request.tags());
    }

    @Override
    public void untagResource(RequestContext context, UntagResourceRequest request)
            throws IOException {
        controller.tags().remove(Ids.ofArn(context, request.resourceArn()), request.tagKeys());
    }

    @Override
    public ListTagsForResourceResponse listTagsForResource(
            RequestContext context, ListTagsForResourceRequest request) throws IOException {
        return ListTagsForResourceResponse.builder()
                .tags(controller.tags().of(Ids.ofArn(context, request.resourceArn())))
                .build();
    }
}
