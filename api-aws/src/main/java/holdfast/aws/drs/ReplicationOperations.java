package holdfast.aws.drs;

import holdfast.aws.drs.model.CreateReplicationConfigurationTemplateRequest;
import holdfast.aws.drs.model.DeleteReplicationConfigurationTemplateRequest;
import holdfast.aws.drs.model.DeleteReplicationConfigurationTemplateResponse;
import holdfast.aws.drs.model.DeleteSourceServerRequest;
import holdfast.aws.drs.model.DeleteSourceServerResponse;
import holdfast.aws.drs.model.DescribeReplicationConfigurationTemplatesRequest;
import holdfast.aws.drs.model.DescribeReplicationConfigurationTemplatesResponse;
import holdfast.aws.drs.model.DisconnectSourceServerRequest;
import holdfast.aws.drs.model.DrsService;
import holdfast.aws.drs.model.GetReplicationConfigurationRequest;
import holdfast.aws.drs.model.ReplicationConfiguration;
import holdfast.aws.drs.model.ReplicationConfigurationEbsEncryption;
import holdfast.aws.drs.model.ReplicationConfigurationTemplate;
import holdfast.aws.drs.model.RetryDataReplicationRequest;
import holdfast.aws.drs.model.SourceServer;
import holdfast.aws.drs.model.StartReplicationRequest;
import holdfast.aws.drs.model.StartReplicationResponse;
import holdfast.aws.drs.model.StopReplicationRequest;
import holdfast.aws.drs.model.StopReplicationResponse;
import holdfast.aws.drs.model.UpdateReplicationConfigurationRequest;
import holdfast.aws.drs.model.UpdateReplicationConfigurationTemplateRequest;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.ReplicationSettings;
import holdfast.control.ServerView;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The operations on the replication of source servers, and on its configuration.
interface ReplicationOperations extends DrsService {
    Controller controller();

    @Override
    default StopReplicationResponse stopReplication(
            RequestContext context, StopReplicationRequest request) throws IOException {
        var view = controller().orders().stop(request.sourceServerID());
        return StopReplicationResponse.builder().sourceServer(server(context, view)).build();
    }

    @Override
    default StartReplicationResponse startReplication(
            RequestContext context, StartReplicationRequest request) throws IOException {
        var view = controller().orders().start(request.sourceServerID());
        return StartReplicationResponse.builder().sourceServer(server(context, view)).build();
    }

    @Override
    default SourceServer retryDataReplication(
            RequestContext context, RetryDataReplicationRequest request) throws IOException {
        return server(context, controller().orders().retry(request.sourceServerID()));
    }

    @Override
    default SourceServer disconnectSourceServer(
            RequestContext context, DisconnectSourceServerRequest request) throws IOException {
        return server(context, controller().orders().disconnect(request.sourceServerID()));
    }

    private SourceServer server(RequestContext context, ServerView view) throws IOException {
        return ServerTranslation.of(controller(), context, List.of(view)).server(view);
    }

    @Override
    default DeleteSourceServerResponse deleteSourceServer(
            RequestContext context, DeleteSourceServerRequest request) throws IOException {
        controller().orders().delete(request.sourceServerID());
        return DeleteSourceServerResponse.builder().build();
    }

    @Override
    default ReplicationConfiguration getReplicationConfiguration(
            RequestContext context, GetReplicationConfigurationRequest request) throws IOException {
        var view = controller().servers().get(request.sourceServerID());
        return configuration(
                context, view, controller().extensions().replication(view.server().id()));
    }

    private ReplicationConfiguration configuration(
            RequestContext context, ServerView view, ReplicationSettings settings) {
        return ReplicationConfigurations.of(
                context, view, settings, controller().placement().of(view, settings));
    }

    @Override
    default ReplicationConfiguration updateReplicationConfiguration(
            RequestContext context, UpdateReplicationConfigurationRequest request)
            throws IOException {
        var view = controller().servers().get(request.sourceServerID());
        ReplicationConfigurations.checkDisks(view.server(), request.replicatedDisks());
        var encryption =
                encryption(context, request.ebsEncryption(), request.ebsEncryptionKeyArn());
        return configuration(
                context,
                view,
                controller()
                        .orders()
                        .configure(
                                view.server().id(),
                                before ->
                                        ReplicationConfigurations.changed(
                                                before, request, encryption)));
    }

    private EncryptionWords encryption(
            RequestContext context,
            @Nullable ReplicationConfigurationEbsEncryption encryption,
            @Nullable String arn)
            throws IOException {
        return EncryptionWords.of(context, controller().encryptionKeys(), encryption, arn);
    }

    @Override
    default ReplicationConfigurationTemplate createReplicationConfigurationTemplate(
            RequestContext context, CreateReplicationConfigurationTemplateRequest request)
            throws IOException {
        var tags = Objects.requireNonNullElse(request.tags(), Map.<String, String>of());
        var encryption =
                encryption(context, request.ebsEncryption(), request.ebsEncryptionKeyArn());
        var template =
                controller()
                        .replicationSettings()
                        .createTemplate(
                                before ->
                                        ReplicationConfigurations.changed(
                                                before, request, encryption),
                                tags);
        return ReplicationConfigurations.of(context, template, tags);
    }

    @Override
    default DescribeReplicationConfigurationTemplatesResponse
            describeReplicationConfigurationTemplates(
                    RequestContext context,
                    DescribeReplicationConfigurationTemplatesRequest request)
                    throws IOException {
        var settings = controller().replicationSettings();
        var found = settings.templates();
        var wanted = request.replicationConfigurationTemplateIDs();
        if (wanted != null && !wanted.isEmpty()) {
            found = new ArrayList<>();
            for (var id : new LinkedHashSet<>(wanted)) {
                found.add(settings.template(id));
            }
        }
        var page =
                Page.of(found, one -> one.id(), false, request.maxResults(), request.nextToken());
        var tags = controller().tags().all();
        return DescribeReplicationConfigurationTemplatesResponse.builder()
                .items(
                        page.items().stream()
                                .map(one ->
                                        ReplicationConfigurations.of(
                                                context,
                                                one,
                                                tags.getOrDefault(one.id(), Map.of())))
                                .toList())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    default ReplicationConfigurationTemplate updateReplicationConfigurationTemplate(
            RequestContext context, UpdateReplicationConfigurationTemplateRequest request)
            throws IOException {
        var id = request.replicationConfigurationTemplateID();
        var encryption =
                encryption(context, request.ebsEncryption(), request.ebsEncryptionKeyArn());
        var template =
                controller()
                        .replicationSettings()
                        .changeTemplate(
                                id,
                                before ->
                                        ReplicationConfigurations.changed(
                                                before, request, encryption));
        return ReplicationConfigurations.of(context, template, controller().tags().of(id));
    }

    @Override
    default DeleteReplicationConfigurationTemplateResponse deleteReplicationConfigurationTemplate(
            RequestContext context, DeleteReplicationConfigurationTemplateRequest request)
            throws IOException {
        controller()
                .replicationSettings()
                .deleteTemplate(request.replicationConfigurationTemplateID());
        return DeleteReplicationConfigurationTemplateResponse.builder().build();
    }
}
