package holdfast.control;

import holdfast.recovery.FirewallRule;
import holdfast.recovery.Ipv4;
import holdfast.recovery.NetworkSpec;
import holdfast.recovery.Subnet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Networks as JSON: in the database, and in the API, where the members are the same.
public final class NetworkDocuments {
    private static final JsonMapper JSON = JsonMapper.shared();

    private NetworkDocuments() {}

    static String of(NetworkDescription description) {
        return json(description).toString();
    }

    public static ObjectNode json(NetworkDescription description) {
        var json = JSON.createObjectNode().put("subnet", description.subnet().toString());
        put(
                json,
                new NetworkChange(
                        Optional.of(description.gateway()),
                        description.range(),
                        Optional.of(description.nameServers()),
                        description.domain(),
                        Optional.of(description.rules())));
        var members = json.putArray("members");
        for (var member : description.members()) {
            members.addObject()
                    .put("server", member.server())
                    .put("hardwareAddress", member.hardwareAddress())
                    .put("address", member.address().toString());
        }
        return json;
    }

    static NetworkDescription description(String text) {
        var json = JSON.readTree(text);
        var change = change(json);
        return new NetworkDescription(
                Subnet.parse(text(json, "subnet")),
                change.gateway().orElseThrow(),
                change.range(),
                change.nameServers().orElseThrow(),
                change.domain(),
                change.rules().orElseThrow(),
                list(
                        json.required("members"),
                        member ->
                                new NetworkDescription.Member(
                                        text(member, "server"),
                                        text(member, "hardwareAddress"),
                                        Ipv4.parse(text(member, "address")))));
    }

    static String of(NetworkChange change) {
        var json = JSON.createObjectNode();
        put(json, change);
        return json.toString();
    }

    private static void put(ObjectNode json, NetworkChange change) {
        change.gateway().ifPresent(gateway -> json.put("gateway", gateway.toString()));
        change.range()
                .ifPresent(range ->
                        json.putObject("range")
                                .put("first", range.first().toString())
                                .put("last", range.last().toString()));
        change.nameServers()
                .ifPresent(servers -> {
                    var array = json.putArray("nameServers");
                    servers.forEach(server -> array.add(server.toString()));
                });
        change.domain().ifPresent(name -> json.put("domain", name));
        change.rules()
                .ifPresent(rules -> {
                    var array = json.putArray("rules");
                    rules.forEach(rule ->
                            array.addObject()
                                    .put("protocol", rule.protocol().name())
                                    .put("source", rule.source().toString())
                                    .put("fromPort", rule.fromPort())
                                    .put("toPort", rule.toPort()));
                });
    }

    static NetworkChange change(String text) {
        return change(JSON.readTree(text));
    }

    /// @throws IllegalArgumentException if a member is malformed
    /// @throws tools.jackson.core.JacksonException if one is missing or of another type
    public static NetworkChange change(JsonNode json) {
        return new NetworkChange(
                member(json, "gateway").map(JsonNode::stringValue).map(Ipv4::parse),
                member(json, "range")
                        .map(range ->
                                new NetworkSpec.Range(
                                        Ipv4.parse(text(range, "first")),
                                        Ipv4.parse(text(range, "last")))),
                member(json, "nameServers")
                        .map(servers -> list(servers, one -> Ipv4.parse(one.stringValue()))),
                member(json, "domain").map(JsonNode::stringValue),
                member(json, "rules").map(rules -> list(rules, NetworkDocuments::rule)));
    }

    /// Ports may be left out for all; the last one may be for a single one.
    private static FirewallRule rule(JsonNode json) {
        var from = member(json, "fromPort").map(JsonNode::intValue).orElse(0);
        return new FirewallRule(
                FirewallRule.Protocol.valueOf(text(json, "protocol")),
                Subnet.parse(text(json, "source")),
                from,
                member(json, "toPort").map(JsonNode::intValue).orElse(from));
    }

    static String of(SourceNetwork.Recovery recovery) {
        return JSON.createObjectNode()
                .put("job", recovery.job())
                .put("askedAt", recovery.askedAt().toString())
                .put("result", recovery.result().name())
                .toString();
    }

    static SourceNetwork.Recovery recovery(String text) {
        var json = JSON.readTree(text);
        return new SourceNetwork.Recovery(
                text(json, "job"),
                Instant.parse(text(json, "askedAt")),
                SourceNetwork.Result.valueOf(text(json, "result")));
    }

    static String of(SourceNetwork.Export export) {
        return JSON.createObjectNode()
                .put("token", export.token())
                .put("template", export.template())
                .put("at", export.at().toString())
                .toString();
    }

    static SourceNetwork.Export export(String text) {
        var json = JSON.readTree(text);
        return new SourceNetwork.Export(
                text(json, "token"), text(json, "template"), Instant.parse(text(json, "at")));
    }

    private static Optional<JsonNode> member(JsonNode json, String name) {
        return Optional.ofNullable(json.get(name));
    }

    private static String text(JsonNode json, String name) {
        return json.required(name).stringValue();
    }

    private static <T> List<T> list(JsonNode array, Function<JsonNode, T> element) {
        var list = new ArrayList<T>();
        for (var node : array) {
            list.add(element.apply(node));
        }
        return list;
    }
}
