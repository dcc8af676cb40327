package holdfast.control;

import holdfast.replication.MachineIdentity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// [ServerMachine] as it is kept in one column, as JSON; see [Documents].
final class MachineDocuments {
    private static final JsonMapper JSON = JsonMapper.shared();

    private MachineDocuments() {}

    static String of(ServerMachine machine) {
        var json =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("bootId", machine.bootId())
                        .put("boots", machine.boots());
        json.set("identity", identity(machine.identity()));
        machine.formerBoots().forEach(json.putArray("formerBoots")::add);
        machine.heir().ifPresent(heir -> json.set("heir", identity(heir)));
        var refused = json.putArray("refused");
        for (var other : machine.refused()) {
            refused.addObject()
                    .put("bootId", other.bootId())
                    .put("hostname", other.hostname())
                    .put("address", other.address())
                    .put("why", other.why())
                    .put("firstAt", other.firstAt().toString())
                    .put("lastAt", other.lastAt().toString())
                    .set("identity", identity(other.identity()));
        }
        return json.toString();
    }

    static ServerMachine machine(String server, String text) {
        var json = JSON.readTree(text);
        return new ServerMachine(
                server,
                identity(json.required("identity")),
                json.required("bootId").asString(),
                json.required("boots").asLong(),
                list(json.required("formerBoots"), JsonNode::asString),
                json.has("heir") ? Optional.of(identity(json.get("heir"))) : Optional.empty(),
                list(
                        json.required("refused"),
                        other ->
                                new ServerMachine.Refused(
                                        identity(other.required("identity")),
                                        other.required("bootId").asString(),
                                        other.required("hostname").asString(),
                                        other.required("address").asString(),
                                        other.required("why").asString(),
                                        Instant.parse(other.required("firstAt").asString()),
                                        Instant.parse(other.required("lastAt").asString()))));
    }

    private static ObjectNode identity(MachineIdentity identity) {
        var json = JsonNodeFactory.instance.objectNode().put("systemUuid", identity.systemUuid());
        identity.hardwareAddresses().forEach(json.putArray("hardwareAddresses")::add);
        return json;
    }

    private static MachineIdentity identity(JsonNode json) {
        return new MachineIdentity(
                json.required("systemUuid").asString(),
                list(json.required("hardwareAddresses"), JsonNode::asString));
    }

    private static <T> List<T> list(JsonNode array, Function<JsonNode, T> read) {
        var found = new ArrayList<T>();
        array.forEach(node -> found.add(read.apply(node)));
        return found;
    }
}
