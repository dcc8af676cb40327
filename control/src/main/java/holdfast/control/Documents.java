package holdfast.control;

import holdfast.recovery.BootProof;
import holdfast.recovery.Machine;
import holdfast.replication.AgentReport;
import holdfast.replication.ComparedDisk;
import holdfast.replication.MachineFacts;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.Damage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Records that are kept whole in one column, as JSON. What is read here passed its row's checksum,
/// so it is what was written, and a missing member is an error of ours.
///
/// The API has JSON of its own for these records: that may follow its clients, while what is stored
/// must stay readable.
final class Documents {
    private static final JsonMapper JSON = JsonMapper.shared();

    private Documents() {}

    static String ofMachineFacts(MachineFacts facts) {
        var json =
                object().put("hostname", facts.hostname())
                        .put("os", facts.os())
                        .put("kernel", facts.kernel())
                        .put("architecture", facts.architecture())
                        .put("cpuModel", facts.cpuModel())
                        .put("cpuCount", facts.cpuCount())
                        .put("memoryBytes", facts.memoryBytes())
                        .put("uefi", facts.uefi())
                        .put("bootId", facts.bootId())
                        .put("agentVersion", facts.agentVersion())
                        .put("tracker", facts.tracker());
        facts.networkInterfaces().forEach(json.putArray("networkInterfaces")::add);
        return json.toString();
    }

    static MachineFacts machineFacts(String text) {
        var json = JSON.readTree(text);
        return new MachineFacts(
                text(json, "hostname"),
                text(json, "os"),
                text(json, "kernel"),
                text(json, "architecture"),
                text(json, "cpuModel"),
                json.required("cpuCount").asInt(),
                number(json, "memoryBytes"),
                json.required("uefi").asBoolean(),
                text(json, "bootId"),
                text(json, "agentVersion"),
                text(json, "tracker"),
                list(json.required("networkInterfaces"), JsonNode::asString));
    }

    static String ofReport(AgentReport report) {
        var json =
                object().put("state", report.state().name())
                        .put("detail", report.detail())
                        .put("bytesPerSecond", report.bytesPerSecond())
                        .put("sentBytes", report.sentBytes())
                        .put("changedBytes", report.changedBytes())
                        .put("clockMillis", report.clockMillis());
        var disks = json.putArray("disks");
        for (var disk : report.disks()) {
            disks.addObject()
                    .put("name", disk.name())
                    .put("totalBytes", disk.totalBytes())
                    .put("replicatedBytes", disk.replicatedBytes())
                    .put("rescannedBytes", disk.rescannedBytes())
                    .put("backlogBytes", disk.backlogBytes());
        }
        return json.toString();
    }

    static AgentReport report(String text) {
        var json = JSON.readTree(text);
        return new AgentReport(
                AgentReport.State.valueOf(text(json, "state")),
                text(json, "detail"),
                number(json, "bytesPerSecond"),
                number(json, "sentBytes"),
                number(json, "changedBytes"),
                number(json, "clockMillis"),
                list(
                        json.required("disks"),
                        disk ->
                                new AgentReport.Disk(
                                        text(disk, "name"),
                                        number(disk, "totalBytes"),
                                        number(disk, "replicatedBytes"),
                                        number(disk, "rescannedBytes"),
                                        number(disk, "backlogBytes"))));
    }

    static String ofDisks(List<SourceServer.Disk> disks) {
        var json = array();
        for (var disk : disks) {
            json.addObject()
                    .put("name", disk.name())
                    .put("volume", disk.volume())
                    .put("sizeBytes", disk.sizeBytes())
                    .put("model", disk.model())
                    .put("serial", disk.serial());
        }
        return json.toString();
    }

    static List<SourceServer.Disk> disks(String text) {
        return list(
                JSON.readTree(text),
                disk ->
                        new SourceServer.Disk(
                                text(disk, "name"),
                                text(disk, "volume"),
                                number(disk, "sizeBytes"),
                                text(disk, "model"),
                                text(disk, "serial")));
    }

    static String ofPoint(ConsistencyPoint point) {
        return object().put("owner", point.owner())
                .put("sequence", point.sequence())
                .put("instant", point.instant().toString())
                .put("durableAt", point.durableAt().toString())
                .put("ageMillis", point.ageMillis())
                .put("round", point.round())
                .put("frozen", point.frozen())
                .put("snapshot", point.snapshot())
                .toString();
    }

    static ConsistencyPoint point(String text) {
        var json = JSON.readTree(text);
        return new ConsistencyPoint(
                text(json, "owner"),
                number(json, "sequence"),
                Instant.parse(text(json, "instant")),
                Instant.parse(text(json, "durableAt")),
                number(json, "ageMillis"),
                number(json, "round"),
                json.required("frozen").asBoolean(),
                json.required("snapshot").asBoolean());
    }

    static String ofMachine(Machine machine) {
        return object().put("id", machine.id())
                .put("running", machine.running())
                .put("pid", machine.pid())
                .put("accelerator", machine.accelerator())
                .put("launchedAt", machine.launchedAt().toString())
                .put("note", machine.note())
                .toString();
    }

    static Machine machine(String text) {
        var json = JSON.readTree(text);
        return new Machine(
                text(json, "id"),
                json.required("running").asBoolean(),
                number(json, "pid"),
                text(json, "accelerator"),
                Instant.parse(text(json, "launchedAt")),
                text(json, "note"));
    }

    static String ofBootProof(BootProof proof) {
        var json =
                object().put("proven", proof.proven())
                        .put("evidence", proof.evidence())
                        .put("tookMillis", proof.took().toMillis())
                        .put("consoleLog", proof.consoleLog().toString());
        proof.screenshot().ifPresent(path -> json.put("screenshot", path.toString()));
        return json.toString();
    }

    static BootProof bootProof(String text) {
        var json = JSON.readTree(text);
        return new BootProof(
                json.required("proven").asBoolean(),
                text(json, "evidence"),
                Duration.ofMillis(number(json, "tookMillis")),
                Path.of(text(json, "consoleLog")),
                Optional.ofNullable(json.get("screenshot")).map(path -> Path.of(path.asString())));
    }

    static String ofClient(Failback.Client client) {
        return object().put("id", client.id())
                .put("hostname", client.hostname())
                .put("original", client.original())
                .put("pairedAt", client.pairedAt().toString())
                .toString();
    }

    static Failback.Client client(String text) {
        var json = JSON.readTree(text);
        return new Failback.Client(
                text(json, "id"),
                text(json, "hostname"),
                json.required("original").asBoolean(),
                Instant.parse(text(json, "pairedAt")));
    }

    static String ofCompared(List<ComparedDisk> disks) {
        var json = array();
        for (var disk : disks) {
            json.addObject()
                    .put("comparedBytes", disk.comparedBytes())
                    .put("differingBytes", disk.differingBytes());
        }
        return json.toString();
    }

    static List<ComparedDisk> compared(String text) {
        return list(
                JSON.readTree(text),
                disk ->
                        new ComparedDisk(
                                number(disk, "comparedBytes"), number(disk, "differingBytes")));
    }

    static String ofFailbackSettings(Failback.Settings settings) {
        return object().put("name", settings.name())
                .put("megabitsPerSecond", settings.megabitsPerSecond())
                .put("privateAddress", settings.privateAddress())
                .toString();
    }

    static Failback.Settings failbackSettings(String text) {
        var json = JSON.readTree(text);
        return new Failback.Settings(
                text(json, "name"),
                number(json, "megabitsPerSecond"),
                json.required("privateAddress").asBoolean());
    }

    static String ofRequest(JobRequest request) {
        var json = object().put("kind", request.kind());
        switch (request) {
            case JobRequest.Recover(var targets, _, var superseding) -> {
                json.put("superseding", superseding);
                var array = json.putArray("targets");
                for (var target : targets) {
                    put(array.addObject().put("server", target.server()), target.point());
                }
            }
            case JobRequest.Failback(var endings) -> putEndings(json, endings);
            case JobRequest.Terminate(var endings) -> putEndings(json, endings);
            case JobRequest.Start(var instance, var server) ->
                    json.put("instance", instance).put("server", server);
            case JobRequest.Verify(var server, var point) -> {
                json.put("server", server);
                put(json, point);
            }
            case JobRequest.Networks(_, var targets) -> {
                var array = json.putArray("targets");
                for (var target : targets) {
                    array.addObject()
                            .put("network", target.network())
                            .put("stack", target.stack())
                            .put("new", target.isNew());
                }
            }
            case JobRequest.Scrub() -> {}
        }
        return json.toString();
    }

    static JobRequest request(String text) {
        var json = JSON.readTree(text);
        var kind = text(json, "kind");
        return switch (kind) {
            case "DRILL", "RECOVER" ->
                    new JobRequest.Recover(
                            targets(json),
                            kind.equals("DRILL"),
                            json.path("superseding").asBoolean(false)); // not in version 2
            case "START" -> new JobRequest.Start(text(json, "instance"), text(json, "server"));
            case "TERMINATE" -> new JobRequest.Terminate(endings(json));
            case "FAILBACK" -> new JobRequest.Failback(endings(json));
            case "VERIFY" -> new JobRequest.Verify(text(json, "server"), pointChoice(json));
            case "SCRUB" -> new JobRequest.Scrub();
            case "CREATE_NETWORK" -> networks(json, JobRequest.NetworkPurpose.CREATE);
            case "UPDATE_NETWORK" -> networks(json, JobRequest.NetworkPurpose.UPDATE);
            case "ASSOCIATE_NETWORK" -> networks(json, JobRequest.NetworkPurpose.ASSOCIATE);
            default -> throw new IllegalArgumentException("unknown kind of job " + kind);
        };
    }

    private static JobRequest networks(JsonNode json, JobRequest.NetworkPurpose purpose) {
        return new JobRequest.Networks(
                purpose,
                list(
                        json.required("targets"),
                        target ->
                                new JobRequest.NetworkTarget(
                                        text(target, "network"),
                                        text(target, "stack"),
                                        target.required("new").asBoolean())));
    }

    /// Version 1 of the schema had one point for all servers.
    private static List<RecoveryTarget> targets(JsonNode json) {
        return json.has("servers")
                ? list(
                        json.required("servers"),
                        server -> new RecoveryTarget(server.asString(), pointChoice(json)))
                : list(
                        json.required("targets"),
                        target -> new RecoveryTarget(text(target, "server"), pointChoice(target)));
    }

    /// Version 1 of the schema had one instance a job.
    private static List<JobRequest.Ending> endings(JsonNode json) {
        return json.has("instance")
                ? List.of(ending(json))
                : list(json.required("endings"), Documents::ending);
    }

    private static void putEndings(ObjectNode json, List<JobRequest.Ending> endings) {
        var array = json.putArray("endings");
        for (var ending : endings) {
            array.addObject().put("instance", ending.instance()).put("server", ending.server());
        }
    }

    private static JobRequest.Ending ending(JsonNode json) {
        return new JobRequest.Ending(text(json, "instance"), text(json, "server"));
    }

    private static void put(ObjectNode json, PointChoice choice) {
        switch (choice) {
            case PointChoice.Newest() -> {}
            case PointChoice.At(var time) -> json.put("at", time.toString());
            case PointChoice.ById(var id) -> json.put("point", id);
        }
    }

    private static PointChoice pointChoice(JsonNode json) {
        if (json.has("at")) {
            return new PointChoice.At(Instant.parse(text(json, "at")));
        }
        return json.has("point")
                ? new PointChoice.ById(text(json, "point"))
                : new PointChoice.Newest();
    }

    static String ofResult(JobResult result) {
        var json = object();
        switch (result) {
            case JobResult.Verification(var bytesRead, var extents, _) ->
                    json.put("bytesRead", bytesRead).put("extents", extents);
            case JobResult.Scrubbing(var files, var bytesRead, var extents, _) ->
                    json.put("filesRead", files)
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
        return json.toString();
    }

    static JobResult result(String text) {
        var json = JSON.readTree(text);
        var damage =
                list(
                        json.required("damage"),
                        place ->
                                new Damage(
                                        text(place, "volume"),
                                        number(place, "offsetBytes"),
                                        number(place, "lengthBytes"),
                                        text(place, "file"),
                                        number(place, "fileOffsetBytes"),
                                        text(place, "what")));
        return json.has("extents")
                ? new JobResult.Verification(
                        number(json, "bytesRead"), number(json, "extents"), damage)
                : new JobResult.Scrubbing(
                        json.required("filesRead").asInt(),
                        number(json, "bytesRead"),
                        number(json, "extentsChecked"),
                        damage);
    }

    private static <T> List<T> list(JsonNode array, Function<JsonNode, T> element) {
        var list = new ArrayList<T>();
        for (var node : array) {
            list.add(element.apply(node));
        }
        return list;
    }

    private static String text(JsonNode json, String member) {
        return json.required(member).asString();
    }

    private static long number(JsonNode json, String member) {
        return json.required(member).asLong();
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    private static ArrayNode array() {
        return JsonNodeFactory.instance.arrayNode();
    }
}
