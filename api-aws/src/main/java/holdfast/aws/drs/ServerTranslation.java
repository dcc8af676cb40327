package holdfast.aws.drs;

import holdfast.aws.drs.model.CPU;
import holdfast.aws.drs.model.Disk;
import holdfast.aws.drs.model.ExtensionStatus;
import holdfast.aws.drs.model.IdentificationHints;
import holdfast.aws.drs.model.LastLaunchResult;
import holdfast.aws.drs.model.LastLaunchType;
import holdfast.aws.drs.model.LaunchStatus;
import holdfast.aws.drs.model.LifeCycle;
import holdfast.aws.drs.model.LifeCycleLastLaunch;
import holdfast.aws.drs.model.LifeCycleLastLaunchInitiated;
import holdfast.aws.drs.model.OS;
import holdfast.aws.drs.model.ReplicationDirection;
import holdfast.aws.drs.model.SourceProperties;
import holdfast.aws.drs.model.SourceServer;
import holdfast.aws.drs.model.StagingArea;
import holdfast.aws.protocol.RequestContext;
import holdfast.control.Controller;
import holdfast.control.InstanceState;
import holdfast.control.Job;
import holdfast.control.RecoveryInstance;
import holdfast.control.ServerView;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Source servers, as they were when this was made.
///
/// @param jobs the last ones that launch, newest first
/// @param instances newest first
/// @param networks the source network of each server that has a card in one; the oldest of several
record ServerTranslation(
        RequestContext context,
        ReplicationTranslation replication,
        List<Job> jobs,
        List<RecoveryInstance> instances,
        Map<String, String> networks,
        Map<String, Map<String, String>> tags) {
    /// What the model allows as the version of an agent.
    private static final Pattern VERSION = Pattern.compile("([0-9]{1,5}\\.){2}[0-9]{1,5}");

    /// @param servers that are to be translated
    static ServerTranslation of(
            Controller controller, RequestContext context, List<ServerView> servers)
            throws IOException {
        var ids = servers.stream().map(view -> view.server().id()).toList();
        return new ServerTranslation(
                context,
                new ReplicationTranslation(controller.time()),
                controller.jobs().lastRecoveries(ids),
                controller.instances().ofServers(ids),
                networks(controller),
                controller.tags().of(ids));
    }

    private static Map<String, String> networks(Controller controller) throws IOException {
        var networks = new HashMap<String, String>();
        for (var network : controller.sourceNetworks().list()) {
            network.captured().stream()
                    .flatMap(captured -> captured.members().stream())
                    .forEach(member -> networks.putIfAbsent(member.server(), network.id()));
        }
        return networks;
    }

    SourceServer server(ServerView view) {
        var server = view.server();
        var id = server.id();
        var lastJob = jobs.stream().filter(job -> job.request().servers().contains(id)).findFirst();
        var status = lastJob.map(job -> Launches.status(job, launched(job.id(), id)));
        return SourceServer.builder()
                .sourceServerID(id)
                .arn(Ids.serverArn(context, id))
                .agentVersion(agentVersion(view))
                .recoveryInstanceId(current(id))
                .replicationDirection(
                        view.reversal().isPresent()
                                ? ReplicationDirection.FAILBACK
                                : ReplicationDirection.FAILOVER)
                .reversedDirectionSourceServerArn(
                        view.opposite()
                                .map(opposite -> Ids.serverArn(context, opposite))
                                .orElse(null))
                .lastLaunchResult(status.map(Launches::result).orElse(LastLaunchResult.NOT_STARTED))
                .lifeCycle(lifeCycle(view, lastJob, status))
                .dataReplicationInfo(replication.info(view))
                .sourceProperties(properties(view))
                .sourceNetworkID(networks.get(id))
                .stagingArea(stagingArea(view))
                .tags(tags.getOrDefault(id, Map.of()))
                .build();
    }

    private StagingArea stagingArea(ServerView view) {
        var area =
                StagingArea.builder().stagingAccountID(ServerFilter.stagingAccount(context, view));
        if (view.extension().isEmpty()) {
            return area.status(ExtensionStatus.NOT_EXTENDED).build();
        }
        var shown = view.extension().get();
        return area.stagingSourceServerArn(
                        Ids.serverArn(
                                context, shown.extension().account(), shown.extension().origin()))
                .status(
                        shown.fault().isPresent()
                                ? ExtensionStatus.EXTENSION_ERROR
                                : ExtensionStatus.EXTENDED)
                .errorMessage(shown.fault().orElse(null))
                .build();
    }

    private Optional<RecoveryInstance> launched(String job, String server) {
        return instances.stream()
                .filter(instance -> instance.job().equals(job) && instance.server().equals(server))
                .findFirst();
    }

    /// The newest instance that is still there.
    private @Nullable String current(String server) {
        return instances.stream()
                .filter(instance -> instance.server().equals(server))
                .filter(instance -> instance.state() != InstanceState.TERMINATED)
                .map(RecoveryInstance::id)
                .findFirst()
                .orElse(null);
    }

    private static @Nullable String agentVersion(ServerView view) {
        return view.server()
                .machine()
                .map(facts -> facts.agentVersion().split("-", 2)[0])
                .filter(version -> VERSION.matcher(version).matches())
                .orElse(null);
    }

    private static LifeCycle lifeCycle(
            ServerView view, Optional<Job> job, Optional<LaunchStatus> status) {
        var lifeCycle =
                LifeCycle.builder().addedToServiceDateTime(Times.text(view.server().enrolledAt()));
        view.lastSeenAt().ifPresent(at -> lifeCycle.lastSeenByServiceDateTime(Times.text(at)));
        if (job.isPresent()) {
            var drill = job.get().request().kind().equals("DRILL");
            lifeCycle.lastLaunch(
                    LifeCycleLastLaunch.builder()
                            .initiated(
                                    LifeCycleLastLaunchInitiated.builder()
                                            .apiCallDateTime(Times.text(job.get().createdAt()))
                                            .jobID(Ids.job(job.get().id()))
                                            .type(
                                                    drill
                                                            ? LastLaunchType.DRILL
                                                            : LastLaunchType.RECOVERY)
                                            .build())
                            .status(status.orElse(null))
                            .build());
        }
        return lifeCycle.build();
    }

    private static SourceProperties properties(ServerView view) {
        var server = view.server();
        var properties =
                SourceProperties.builder()
                        .identificationHints(
                                IdentificationHints.builder().hostname(server.hostname()).build())
                        .disks(
                                server.disks().stream()
                                        .map(disk ->
                                                Disk.builder()
                                                        .deviceName(disk.name())
                                                        .bytes(disk.sizeBytes())
                                                        .build())
                                        .toList());
        view.lastSeenAt().ifPresent(at -> properties.lastUpdatedDateTime(Times.text(at)));
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
                    .os(OS.builder().fullString(facts.os() + ", Linux " + facts.kernel()).build())
                    .networkInterfaces(NetworkInterfaces.of(facts.networkInterfaces()));
        }
        return properties.build();
    }
}
