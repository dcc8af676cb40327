package holdfast.aws.drs;

import holdfast.aws.AwsServices;
import holdfast.aws.drs.model.AssociateSourceNetworkStackRequest;
import holdfast.aws.drs.model.AssociateSourceNetworkStackResponse;
import holdfast.aws.drs.model.CreateSourceNetworkRequest;
import holdfast.aws.drs.model.CreateSourceNetworkResponse;
import holdfast.aws.drs.model.DeleteSourceNetworkRequest;
import holdfast.aws.drs.model.DeleteSourceNetworkResponse;
import holdfast.aws.drs.model.DescribeSourceNetworksRequest;
import holdfast.aws.drs.model.DescribeSourceNetworksResponse;
import holdfast.aws.drs.model.DrsService;
import holdfast.aws.drs.model.ExportSourceNetworkCfnTemplateRequest;
import holdfast.aws.drs.model.ExportSourceNetworkCfnTemplateResponse;
import holdfast.aws.drs.model.Job;
import holdfast.aws.drs.model.StartSourceNetworkRecoveryRequest;
import holdfast.aws.drs.model.StartSourceNetworkRecoveryResponse;
import holdfast.aws.drs.model.StartSourceNetworkReplicationRequest;
import holdfast.aws.drs.model.StartSourceNetworkReplicationResponse;
import holdfast.aws.drs.model.StopSourceNetworkReplicationRequest;
import holdfast.aws.drs.model.StopSourceNetworkReplicationResponse;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.NetworkRecoveries;
import holdfast.control.SourceNetwork;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// The operations on source networks.
interface NetworkOperations extends DrsService {
    Controller controller();

    @Override
    default CreateSourceNetworkResponse createSourceNetwork(
            RequestContext context, CreateSourceNetworkRequest request) throws IOException {
        if (!request.originAccountID().equals(context.account())) {
            throw DrsRules.notFound(
                    "account",
                    request.originAccountID(),
                    "networks of this installation's account, "
                            + context.account()
                            + ", are known here, and of no other");
        }
        var network =
                controller()
                        .sourceNetworks()
                        .create(
                                request.vpcID(),
                                request.originRegion(),
                                Objects.requireNonNullElse(request.tags(), Map.of()));
        return CreateSourceNetworkResponse.builder().sourceNetworkID(network.id()).build();
    }

    @Override
    default DescribeSourceNetworksResponse describeSourceNetworks(
            RequestContext context, DescribeSourceNetworksRequest request) throws IOException {
        var filters = request.filters();
        var translation = NetworkTranslation.of(controller(), context);
        var page =
                Page.of(
                        controller().sourceNetworks().list().stream()
                                .filter(network ->
                                        filters == null || translation.matches(network, filters))
                                .toList(),
                        SourceNetwork::id,
                        false,
                        request.maxResults(),
                        request.nextToken());
        return DescribeSourceNetworksResponse.builder()
                .items(page.items().stream().map(translation::network).toList())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    default DeleteSourceNetworkResponse deleteSourceNetwork(
            RequestContext context, DeleteSourceNetworkRequest request) throws IOException {
        controller().sourceNetworks().delete(request.sourceNetworkID());
        return DeleteSourceNetworkResponse.builder().build();
    }

    @Override
    default StartSourceNetworkReplicationResponse startSourceNetworkReplication(
            RequestContext context, StartSourceNetworkReplicationRequest request)
            throws IOException {
        var network = controller().sourceNetworks().start(request.sourceNetworkID());
        return StartSourceNetworkReplicationResponse.builder()
                .sourceNetwork(NetworkTranslation.of(controller(), context).network(network))
                .build();
    }

    @Override
    default StopSourceNetworkReplicationResponse stopSourceNetworkReplication(
            RequestContext context, StopSourceNetworkReplicationRequest request)
            throws IOException {
        var network = controller().sourceNetworks().stop(request.sourceNetworkID());
        return StopSourceNetworkReplicationResponse.builder()
                .sourceNetwork(NetworkTranslation.of(controller(), context).network(network))
                .build();
    }

    @Override
    default StartSourceNetworkRecoveryResponse startSourceNetworkRecovery(
            RequestContext context, StartSourceNetworkRecoveryRequest request) throws IOException {
        var targets =
                request.sourceNetworks().stream()
                        .map(entry ->
                                new NetworkRecoveries.Target(
                                        entry.sourceNetworkID(),
                                        Optional.ofNullable(entry.cfnStackName())))
                        .toList();
        var job =
                controller()
                        .networkRecoveries()
                        .recover(
                                targets,
                                Boolean.TRUE.equals(request.deployAsNew()),
                                Objects.requireNonNullElse(request.tags(), Map.of()));
        return StartSourceNetworkRecoveryResponse.builder().job(job(context, job)).build();
    }

    @Override
    default AssociateSourceNetworkStackResponse associateSourceNetworkStack(
            RequestContext context, AssociateSourceNetworkStackRequest request) throws IOException {
        var job =
                controller()
                        .networkRecoveries()
                        .associate(request.sourceNetworkID(), request.cfnStackName());
        return AssociateSourceNetworkStackResponse.builder().job(job(context, job)).build();
    }

    private Job job(RequestContext context, holdfast.control.Job.View job) throws IOException {
        return JobTranslation.of(controller(), context, List.of(job)).job(job);
    }

    @Override
    default ExportSourceNetworkCfnTemplateResponse exportSourceNetworkCfnTemplate(
            RequestContext context, ExportSourceNetworkCfnTemplateRequest request)
            throws IOException {
        var secret = controller().sourceNetworks().export(request.sourceNetworkID());
        return ExportSourceNetworkCfnTemplateResponse.builder()
                .s3DestinationUrl(
                        "https://" + context.authority() + AwsServices.NETWORK_TEMPLATES + secret)
                .build();
    }
}
