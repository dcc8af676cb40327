package holdfast.aws.drs;

import holdfast.aws.drs.model.CPU;
import holdfast.aws.drs.model.DescribeRecoveryInstancesRequestFilters;
import holdfast.aws.drs.model.EC2InstanceState;
import holdfast.aws.drs.model.IdentificationHints;
import holdfast.aws.drs.model.OS;
import holdfast.aws.drs.model.OriginEnvironment;
import holdfast.aws.drs.model.RecoveryInstance;
import holdfast.aws.drs.model.RecoveryInstanceDisk;
import holdfast.aws.drs.model.RecoveryInstanceProperties;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.Elsewhere;
import holdfast.control.FailbackView;
import holdfast.control.InstanceState;
import holdfast.control.ServerView;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Recovery instances. Terminated ones have no record with the service.
record InstanceTranslation(
        Controller controller,
        RequestContext context,
        List<ServerView> servers,
        Map<String, FailbackView> failbacks,
        Map<String, Elsewhere.View> elsewhere,
        Map<String, Map<String, String>> tags) {
    static InstanceTranslation of(Controller controller, RequestContext context)
            throws IOException {
        return new InstanceTranslation(
                controller,
                context,
                controller.servers().list(),
                controller.failbacks().all(),
                controller.elsewhere().all(),
                controller.tags().all());
    }

    static List<holdfast.control.RecoveryInstance> selected(
            Controller controller, @Nullable DescribeRecoveryInstancesRequestFilters filters)
            throws IOException {
        var all =
                controller.instances().list().stream()
                        .filter(instance -> instance.state() != InstanceState.TERMINATED)
                        .toList();
        if (filters == null) {
            return all;
        }
        return all.stream()
                .filter(one -> ServerFilter.isIn(filters.recoveryInstanceIDs(), one.id()))
                .filter(one -> ServerFilter.isIn(filters.sourceServerIDs(), one.server()))
                .toList();
    }

    RecoveryInstance instance(holdfast.control.RecoveryInstance instance) throws IOException {
        var server =
                servers.stream()
                        .filter(view -> view.server().id().equals(instance.server()))
                        .findFirst();
        return RecoveryInstance.builder()
                .recoveryInstanceID(instance.id())
                .ec2InstanceID(instance.id())
                .ec2InstanceState(state(instance))
                .arn(Ids.instanceArn(context, instance.id()))
                .sourceServerID(instance.server())
                .jobID(Ids.job(instance.job()))
                .isDrill(instance.drill())
                .originEnvironment(OriginEnvironment.ON_PREMISES)
                .pointInTimeSnapshotDateTime(Times.text(instance.point().instant()))
                .failback(
                        FailbackTranslation.failback(
                                failback(instance),
                                reversed(instance),
                                Optional.ofNullable(elsewhere.get(instance.id()))
                                        .flatMap(Elsewhere.View::lastSeenAt)))
                .dataReplicationInfo(FailbackTranslation.replication(failback(instance)))
                .recoveryInstanceProperties(properties(server))
                .tags(tags.getOrDefault(instance.id(), Map.of()))
                .build();
    }

    private boolean reversed(holdfast.control.RecoveryInstance instance) {
        return servers.stream()
                .flatMap(view -> view.reversal().stream())
                .anyMatch(reversal -> reversal.instance().equals(instance.id()));
    }

    private Optional<FailbackView> failback(holdfast.control.RecoveryInstance instance) {
        return Optional.ofNullable(failbacks.get(instance.id()));
    }

    private EC2InstanceState state(holdfast.control.RecoveryInstance instance) throws IOException {
        return switch (instance.state()) {
            case LAUNCHING -> EC2InstanceState.PENDING;
            case RUNNING -> EC2InstanceState.RUNNING;
            case STOPPED -> EC2InstanceState.STOPPED;
            case TERMINATING -> EC2InstanceState.SHUTTING_DOWN;
            case TERMINATED -> EC2InstanceState.TERMINATED;
            // one that did not prove its boot may run on, for a look at its console
            case FAILED ->
                    controller.instances().machineRuns(instance.id())
                            ? EC2InstanceState.RUNNING
                            : EC2InstanceState.STOPPED;
        };
    }

    private static @Nullable RecoveryInstanceProperties properties(Optional<ServerView> view) {
        if (view.isEmpty()) {
            return null;
        }
        var server = view.get().server();
        var properties =
                RecoveryInstanceProperties.builder()
                        .identificationHints(
                                IdentificationHints.builder().hostname(server.hostname()).build())
                        .disks(
                                server.disks().stream()
                                        .map(disk ->
                                                RecoveryInstanceDisk.builder()
                                                        .internalDeviceName(disk.name())
                                                        .bytes(disk.sizeBytes())
                                                        .build())
                                        .toList());
        if (server.machine().isPresent()) {
            var facts = server.machine().get();
            properties
                    .cpus(
                            List.of(
                                    CPU.builder()
                                            .cores((long) facts.cpuCount())
                                            .modelName(facts.cpuModel())
                                            .build()))
                    .ramBytes(facts.memoryBytes())
                    .os(OS.builder().fullString(facts.os() + ", Linux " + facts.kernel()).build());
        }
        return properties.build();
    }
}
