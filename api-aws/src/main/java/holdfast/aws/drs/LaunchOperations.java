package holdfast.aws.drs;

import holdfast.aws.drs.model.CreateLaunchConfigurationTemplateRequest;
import holdfast.aws.drs.model.CreateLaunchConfigurationTemplateResponse;
import holdfast.aws.drs.model.DeleteLaunchActionRequest;
import holdfast.aws.drs.model.DeleteLaunchActionResponse;
import holdfast.aws.drs.model.DeleteLaunchConfigurationTemplateRequest;
import holdfast.aws.drs.model.DeleteLaunchConfigurationTemplateResponse;
import holdfast.aws.drs.model.DescribeLaunchConfigurationTemplatesRequest;
import holdfast.aws.drs.model.DescribeLaunchConfigurationTemplatesResponse;
import holdfast.aws.drs.model.DrsService;
import holdfast.aws.drs.model.GetLaunchConfigurationRequest;
import holdfast.aws.drs.model.LaunchConfiguration;
import holdfast.aws.drs.model.ListLaunchActionsRequest;
import holdfast.aws.drs.model.ListLaunchActionsResponse;
import holdfast.aws.drs.model.PutLaunchActionRequest;
import holdfast.aws.drs.model.PutLaunchActionResponse;
import holdfast.aws.drs.model.UpdateLaunchConfigurationRequest;
import holdfast.aws.drs.model.UpdateLaunchConfigurationTemplateRequest;
import holdfast.aws.drs.model.UpdateLaunchConfigurationTemplateResponse;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The operations on how recovery instances are launched, and on what is then run in them.
interface LaunchOperations extends DrsService {
    Controller controller();

    @Override
    default LaunchConfiguration getLaunchConfiguration(
            RequestContext context, GetLaunchConfigurationRequest request) throws IOException {
        var server = controller().servers().get(request.sourceServerID()).server();
        return LaunchConfigurations.of(server, controller().launchSettings().of(server.id()));
    }

    @Override
    default LaunchConfiguration updateLaunchConfiguration(
            RequestContext context, UpdateLaunchConfigurationRequest request) throws IOException {
        var server = controller().servers().get(request.sourceServerID()).server();
        var into = request.launchIntoInstanceProperties();
        var id = into == null ? null : into.launchIntoEC2InstanceID();
        if (id != null) {
            LaunchConfigurations.requireTarget(
                    id,
                    server,
                    controller().instances().ofServers(List.of(server.id())),
                    controller().tags().of(id));
        }
        return LaunchConfigurations.of(
                server,
                controller()
                        .launchSettings()
                        .change(
                                server.id(),
                                before -> LaunchConfigurations.changed(before, request)));
    }

    @Override
    default CreateLaunchConfigurationTemplateResponse createLaunchConfigurationTemplate(
            RequestContext context, CreateLaunchConfigurationTemplateRequest request)
            throws IOException {
        var tags = Objects.requireNonNullElse(request.tags(), Map.<String, String>of());
        var template =
                controller()
                        .launchSettings()
                        .createTemplate(
                                before -> LaunchConfigurations.changed(before, request), tags);
        return CreateLaunchConfigurationTemplateResponse.builder()
                .launchConfigurationTemplate(LaunchConfigurations.of(context, template, tags))
                .build();
    }

    @Override
    default DescribeLaunchConfigurationTemplatesResponse describeLaunchConfigurationTemplates(
            RequestContext context, DescribeLaunchConfigurationTemplatesRequest request)
            throws IOException {
        var settings = controller().launchSettings();
        var found = settings.templates();
        var wanted = request.launchConfigurationTemplateIDs();
        if (wanted != null && !wanted.isEmpty()) {
            found = new ArrayList<>();
            for (var id : new LinkedHashSet<>(wanted)) {
                found.add(settings.template(id));
            }
        }
        var page =
                Page.of(found, one -> one.id(), false, request.maxResults(), request.nextToken());
        var tags = controller().tags().all();
        return DescribeLaunchConfigurationTemplatesResponse.builder()
                .items(
                        page.items().stream()
                                .map(one ->
                                        LaunchConfigurations.of(
                                                context,
                                                one,
                                                tags.getOrDefault(one.id(), Map.of())))
                                .toList())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    default UpdateLaunchConfigurationTemplateResponse updateLaunchConfigurationTemplate(
            RequestContext context, UpdateLaunchConfigurationTemplateRequest request)
            throws IOException {
        var id = request.launchConfigurationTemplateID();
        var template =
                controller()
                        .launchSettings()
                        .changeTemplate(
                                id, before -> LaunchConfigurations.changed(before, request));
        return UpdateLaunchConfigurationTemplateResponse.builder()
                .launchConfigurationTemplate(
                        LaunchConfigurations.of(context, template, controller().tags().of(id)))
                .build();
    }

    @Override
    default DeleteLaunchConfigurationTemplateResponse deleteLaunchConfigurationTemplate(
            RequestContext context, DeleteLaunchConfigurationTemplateRequest request)
            throws IOException {
        controller().launchSettings().deleteTemplate(request.launchConfigurationTemplateID());
        return DeleteLaunchConfigurationTemplateResponse.builder().build();
    }

    @Override
    default PutLaunchActionResponse putLaunchAction(
            RequestContext context, PutLaunchActionRequest request) throws IOException {
        controller().launchActions().put(LaunchActionTranslation.ours(request));
        return LaunchActionTranslation.answer(request);
    }

    @Override
    default ListLaunchActionsResponse listLaunchActions(
            RequestContext context, ListLaunchActionsRequest request) throws IOException {
        var filters = request.filters();
        var wanted = filters == null ? null : filters.actionIds();
        var page =
                Page.of(
                        controller().launchActions().of(request.resourceId()).stream()
                                .filter(action -> ServerFilter.isIn(wanted, action.id()))
                                .toList(),
                        action -> Page.key(action.order()) + action.id(),
                        false,
                        request.maxResults(),
                        request.nextToken());
        return ListLaunchActionsResponse.builder()
                .items(page.items().stream().map(LaunchActionTranslation::theirs).toList())
                .nextToken(page.nextToken())
                .build();
    }

    @Override
    default DeleteLaunchActionResponse deleteLaunchAction(
            RequestContext context, DeleteLaunchActionRequest request) throws IOException {
        controller().launchActions().delete(request.resourceId(), request.actionId());
        return DeleteLaunchActionResponse.builder().build();
    }
}
