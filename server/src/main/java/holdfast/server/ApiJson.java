package holdfast.server;

import holdfast.control.Elsewhere;
import holdfast.control.FailbackView;
import holdfast.control.Job;
import holdfast.control.JobResult;
import holdfast.control.PointExport;
import holdfast.control.RecoveryInstance;
import holdfast.control.ServerMachine;
import holdfast.control.ServerView;
import holdfast.recovery.BootProof;
import holdfast.replication.AgentReport;
import holdfast.replication.MachineFacts;
import holdfast.volume.ConsistencyPoint;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Records as docs/api.md shows them. A member that is not known yet is left out.
final class ApiJson {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private ApiJson() {}

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static String time(Instant instant) {
        return TIME.format(instant);
    }

    /// With all its digits: a point asked for by the instant it was shown with must be that one.
    private static String exact(Instant instant) {
        return instant.equals(instant.truncatedTo(ChronoUnit.MILLIS))
                ? time(instant)
                : instant.toString();
    }

    /// `{"<name>": [...]}`
    static <T> ObjectNode list(String name, List<T> elements, Function<T, ObjectNode> toJson) {
        var json = object();
        var array = json.putArray(name);
        elements.forEach(element -> array.add(toJson.apply(element)));
        return json;
    }

    /// @param refused machines that asked to replicate as the server and may not
    static ObjectNode server(ServerView view, List<ServerMachine.Refused> refused) {
        var json = server(view);
        var machines = json.putArray("refusedMachines");
        for (var other : refused) {
            var entry =
                    machines.addObject()
                            .put("bootId", other.bootId())
                            .put("hostname", other.hostname())
                            .put("address", other.address())
                            .put("systemUuid", other.identity().systemUuid())
                            .put("why", other.why())
                            .put("firstAt", time(other.firstAt()))
                            .put("lastAt", time(other.lastAt()));
            other.identity().hardwareAddresses().forEach(entry.putArray("hardwareAddresses")::add);
        }
        return json;
    }

    static ObjectNode server(ServerView view) {
        var server = view.server();
        var json =
                object().put("id", server.id())
                        .put("hostname", server.hostname())
                        .put("state", server.state().name())
                        .put("stateReason", server.reason())
                        .put("stateSince", time(server.stateSince()))
                        .put("enrolledAt", time(server.enrolledAt()))
                        .put("backlogBytes", view.backlogBytes());
        view.lagMillis().ifPresent(lag -> json.put("lagMillis", lag));
        view.storageClass().ifPresent(name -> json.put("storageClass", name));
        view.certificateExpiresAt().ifPresent(at -> json.put("certificateExpiresAt", time(at)));
        view.lastSeenAt().ifPresent(at -> json.put("lastSeenAt", time(at)));
        view.newestPoint().ifPresent(point -> json.set("newestPoint", point(point)));
        view.clockSkewMillis().ifPresent(skew -> json.put("clockSkewMillis", skew));
        if (view.lostConnections() > 0) {
            json.put("lostConnections", view.lostConnections());
        }
        view.extension()
                .ifPresent(shown ->
                        json.putObject("extendedFrom")
                                .put("account", shown.extension().account())
                                .put("server", shown.extension().origin()));
        view.reversal().ifPresent(reversal -> json.put("madeOf", reversal.instance()));
        var disks = json.putArray("disks");
        for (var disk : server.disks()) {
            var said = reported(view, disk.name());
            disks.addObject()
                    .put("name", disk.name())
                    .put("volume", disk.volume())
                    .put("model", disk.model())
                    .put("serial", disk.serial())
                    .put("totalBytes", disk.sizeBytes())
                    .put("replicatedBytes", said.map(AgentReport.Disk::replicatedBytes).orElse(0L))
                    .put("rescannedBytes", said.map(AgentReport.Disk::rescannedBytes).orElse(0L))
                    .put("backlogBytes", said.map(AgentReport.Disk::backlogBytes).orElse(0L));
        }
        server.machine().ifPresent(facts -> json.set("machine", machine(facts)));
        view.report()
                .ifPresent(report ->
                        json.put("bytesPerSecond", report.bytesPerSecond())
                                .put("sentBytes", report.sentBytes())
                                .put("changedBytes", report.changedBytes()));
        return json;
    }

    private static Optional<AgentReport.Disk> reported(ServerView view, String disk) {
        return view.report().stream()
                .flatMap(report -> report.disks().stream())
                .filter(known -> known.name().equals(disk))
                .findFirst();
    }

    private static ObjectNode machine(MachineFacts facts) {
        var json =
                object().put("hostname", facts.hostname())
                        .put("os", facts.os())
                        .put("kernel", facts.kernel())
                        .put("architecture", facts.architecture())
                        .put("cpuModel", facts.cpuModel())
                        .put("cpuCount", facts.cpuCount())
                        .put("memoryBytes", facts.memoryBytes())
                        .put("uefi", facts.uefi())
                        .put("agentVersion", facts.agentVersion())
                        .put("tracker", facts.tracker());
        facts.networkInterfaces().forEach(json.putArray("networkInterfaces")::add);
        return json;
    }

    static ObjectNode point(ConsistencyPoint point) {
        return object().put("id", point.id())
                .put("instant", exact(point.instant()))
                .put("durableAt", time(point.durableAt()))
                .put("round", point.round())
                .put("frozen", point.frozen())
                .put("snapshot", point.snapshot());
    }

    static ObjectNode job(Job.View view) {
        var job = view.job();
        var json =
                object().put("id", job.id())
                        .put("kind", job.request().kind())
                        .put("state", job.state().name())
                        .put("reason", job.reason())
                        .put("createdAt", time(job.createdAt()));
        job.endedAt().ifPresent(at -> json.put("endedAt", time(at)));
        job.request().servers().forEach(json.putArray("servers")::add);
        var phases = json.putArray("phases");
        for (var phase : view.phases()) {
            var entry =
                    phases.addObject()
                            .put("server", phase.server())
                            .put("name", phase.name())
                            .put("startedAt", time(phase.startedAt()))
                            .put("detail", phase.detail());
            phase.endedAt().ifPresent(at -> entry.put("endedAt", time(at)));
        }
        view.instances().forEach(json.putArray("instances")::add);
        job.result().ifPresent(result -> json.set("result", result(result)));
        return json;
    }

    private static ObjectNode result(JobResult result) {
        var json = object();
        switch (result) {
            case JobResult.Verification(var bytesRead, var extents, _) ->
                    json.put("bytesRead", bytesRead).put("extents", extents);
            case JobResult.Scrubbing(var filesRead, var bytesRead, var extents, _) ->
                    json.put("filesRead", filesRead)
                            .put("bytesRead", bytesRead)
                            .put("extentsChecked", extents);
        }
        var damage = json.putArray("damage");
        for (var place : result.damage()) {
            damage.addObject()
                    .put("volume", place.volume())
                    .put("offsetBytes", place.offsetBytes())
                    .put("lengthBytes", place.lengthBytes())
                    .put("file", place.file())
                    .put("fileOffsetBytes", place.fileOffsetBytes())
                    .put("what", place.what());
        }
        return json;
    }

    private static ObjectNode failback(FailbackView view) {
        var failback = view.failback();
        var json =
                object().put("state", failback.state().name())
                        .put("reason", failback.reason())
                        .put("stateSince", time(failback.stateSince()))
                        .put("connected", view.connected());
        failback.client()
                .ifPresent(client ->
                        json.put("client", client.id())
                                .put("hostname", client.hostname())
                                .put("original", client.original()));
        failback.job().ifPresent(job -> json.put("job", job));
        view.clientSeenAt().ifPresent(at -> json.put("clientSeenAt", time(at)));
        view.report()
                .ifPresent(report -> {
                    json.put("detail", report.detail())
                            .put("bytesPerSecond", report.bytesPerSecond())
                            .put("receivedBytes", report.sentBytes());
                    var disks = json.putArray("disks");
                    for (var disk : report.disks()) {
                        disks.addObject()
                                .put("name", disk.name())
                                .put("totalBytes", disk.totalBytes())
                                .put("replicatedBytes", disk.replicatedBytes())
                                .put("rescannedBytes", disk.rescannedBytes())
                                .put("backlogBytes", disk.backlogBytes());
                    }
                });
        return json;
    }

    static ObjectNode instance(
            RecoveryInstance instance,
            Optional<FailbackView> failback,
            Optional<Elsewhere.View> elsewhere) {
        var json =
                object().put("id", instance.id())
                        .put("server", instance.server())
                        .put("job", instance.job())
                        .put("drill", instance.drill())
                        .put("state", instance.state().name())
                        .put("reason", instance.reason())
                        .put("createdAt", time(instance.createdAt()));
        json.set("point", point(instance.point()));
        instance.machine()
                .ifPresent(machine ->
                        json.put("accelerator", machine.accelerator())
                                .put("pid", machine.pid())
                                .put("launchedAt", time(machine.launchedAt()))
                                .put("note", machine.note()));
        instance.bootProof().ifPresent(proof -> json.set("bootProof", bootProof(proof)));
        instance.endedAt().ifPresent(at -> json.put("endedAt", time(at)));
        failback.ifPresent(view -> json.set("failback", failback(view)));
        elsewhere.ifPresent(view -> json.set("elsewhere", elsewhere(view)));
        return json;
    }

    private static ObjectNode elsewhere(Elsewhere.View view) {
        var json =
                object().put("hostname", view.hostname())
                        .put("since", time(view.since()))
                        .put("connected", view.connected());
        view.lastSeenAt().ifPresent(at -> json.put("lastSeenAt", time(at)));
        view.report()
                .ifPresent(report ->
                        json.put("state", report.state().name())
                                .put("detail", report.detail())
                                .put("bytesPerSecond", report.bytesPerSecond())
                                .put("sentBytes", report.sentBytes()));
        return json;
    }

    private static ObjectNode bootProof(BootProof proof) {
        return object().put("proven", proof.proven())
                .put("evidence", proof.evidence())
                .put("tookMillis", proof.took().toMillis())
                .put("screenshot", proof.screenshot().isPresent());
    }

    static ObjectNode export(PointExport export, String uri) {
        var json =
                object().put("id", export.id())
                        .put("uri", uri)
                        .put("server", export.server())
                        .put("disk", export.disk())
                        .put("createdAt", time(export.createdAt()));
        json.set("point", point(export.point()));
        if (!export.point().owner().equals(export.server())) {
            json.put("instance", export.point().owner());
        }
        return json;
    }
}
