package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.recovery.FirewallRule;
import holdfast.recovery.Ipv4;
import holdfast.recovery.NetworkSpec;
import holdfast.recovery.Subnet;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A network as a template of AWS CloudFormation: a VPC with one subnet, its DHCP options, and a
/// security group with the firewall's rules. What CloudFormation has no word for is in its
/// metadata. Cards are not in it. Pure.
final class NetworkTemplate {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String VERSION = "2010-09-09";
    private static final int TEXT_CHARS_MAX = 256 << 10;
    private static final int PORT_MAX = 65535;
    private static final int NO_PORT = -1;

    /// Resources that are read, and their properties.
    private static final Map<String, Set<String>> KNOWN =
            Map.of(
                    "AWS::EC2::VPC",
                            Set.of("CidrBlock", "Tags", "EnableDnsSupport", "EnableDnsHostnames"),
                    "AWS::EC2::Subnet", Set.of("CidrBlock", "VpcId", "Tags"),
                    "AWS::EC2::DHCPOptions", Set.of("DomainName", "DomainNameServers", "Tags"),
                    "AWS::EC2::VPCDHCPOptionsAssociation", Set.of("VpcId", "DhcpOptionsId"),
                    "AWS::EC2::SecurityGroup",
                            Set.of("GroupDescription", "VpcId", "SecurityGroupIngress", "Tags"));

    private static final Set<String> RULE =
            Set.of("IpProtocol", "CidrIp", "FromPort", "ToPort", "Description");

    private NetworkTemplate() {}

    static String of(NetworkDescription network) {
        var json = JSON.createObjectNode().put("AWSTemplateFormatVersion", VERSION);
        json.put("Description", "Network " + network.subnet() + ", described by Holdfast");
        var own = json.putObject("Metadata").putObject("Holdfast");
        own.put("Gateway", network.gateway().toString());
        network.range()
                .ifPresent(range ->
                        own.putObject("DhcpRange")
                                .put("First", range.first().toString())
                                .put("Last", range.last().toString()));
        var resources = json.putObject("Resources");
        var subnet = network.subnet().toString();
        add(resources, "Network", "AWS::EC2::VPC").put("CidrBlock", subnet);
        refer(add(resources, "Subnet", "AWS::EC2::Subnet").put("CidrBlock", subnet));
        if (network.domain().isPresent() || !network.nameServers().isEmpty()) {
            var options = add(resources, "DhcpOptions", "AWS::EC2::DHCPOptions");
            network.domain().ifPresent(name -> options.put("DomainName", name));
            if (!network.nameServers().isEmpty()) {
                var servers = options.putArray("DomainNameServers");
                network.nameServers().forEach(server -> servers.add(server.toString()));
            }
            var association =
                    add(resources, "DhcpOptionsAssociation", "AWS::EC2::VPCDHCPOptionsAssociation");
            refer(association).putObject("DhcpOptionsId").put("Ref", "DhcpOptions");
        }
        var firewall = refer(add(resources, "Firewall", "AWS::EC2::SecurityGroup"));
        firewall.put("GroupDescription", "What may be begun in the network");
        var rules = firewall.putArray("SecurityGroupIngress");
        network.rules().forEach(rule -> put(rules.addObject(), rule));
        return json.toPrettyString();
    }

    private static ObjectNode add(ObjectNode resources, String name, String type) {
        return resources.putObject(name).put("Type", type).putObject("Properties");
    }

    private static ObjectNode refer(ObjectNode properties) {
        properties.putObject("VpcId").put("Ref", "Network");
        return properties;
    }

    private static void put(ObjectNode json, FirewallRule rule) {
        json.put("IpProtocol", protocol(rule.protocol())).put("CidrIp", rule.source().toString());
        switch (rule.protocol()) {
            case ALL -> {} // of all protocols, CloudFormation has no ports
            case ICMP -> json.put("FromPort", NO_PORT).put("ToPort", NO_PORT);
            case TCP, UDP ->
                    json.put("FromPort", rule.fromPort())
                            .put("ToPort", rule.fromPort() == 0 ? PORT_MAX : rule.toPort());
        }
    }

    private static String protocol(FirewallRule.Protocol protocol) {
        return protocol == FirewallRule.Protocol.ALL
                ? "-1"
                : protocol.name().toLowerCase(Locale.ROOT);
    }

    /// Reads what [#of] writes, and what others write with the same resources.
    ///
    /// @throws RefusalException if it is malformed, or describes what would not be made
    static NetworkDescription read(String text) {
        if (text.length() > TEXT_CHARS_MAX) {
            throw malformed("it exceeds " + TEXT_CHARS_MAX + " characters");
        }
        try {
            return read(JSON.readTree(text));
        } catch (JacksonException | IllegalArgumentException e) {
            throw malformed(String.valueOf(e.getMessage()));
        }
    }

    private static NetworkDescription read(JsonNode json) {
        var resources = json.required("Resources");
        for (var resource : resources.properties()) {
            var type = text(resource.getValue(), "Type");
            var known = KNOWN.get(type);
            if (known == null) {
                throw malformed(
                        String.format(
                                Locale.ROOT,
                                "resource %s is %s, which is not made here; those that are: %s",
                                resource.getKey(),
                                type,
                                KNOWN.keySet().stream().sorted().toList()));
            }
            requireKnown(resource.getKey(), resource.getValue().path("Properties"), known);
        }
        var subnets = all(resources, "AWS::EC2::Subnet");
        if (all(resources, "AWS::EC2::VPC").size() != 1 || subnets.size() != 1) {
            throw malformed("one AWS::EC2::VPC and one AWS::EC2::Subnet are needed");
        }
        var subnet = Subnet.parse(text(subnets.getFirst(), "CidrBlock"));
        var own = json.path("Metadata").path("Holdfast");
        var range = own.get("DhcpRange");
        return new NetworkDescription(
                subnet,
                own.has("Gateway") ? Ipv4.parse(text(own, "Gateway")) : subnet.firstHost(),
                range(subnet, own.isMissingNode(), range),
                nameServers(resources),
                all(resources, "AWS::EC2::DHCPOptions").stream()
                        .filter(options -> options.has("DomainName"))
                        .map(options -> text(options, "DomainName"))
                        .findFirst(),
                rules(resources),
                List.of());
    }

    /// A template of somebody else's has a DHCP without a range of its own.
    private static Optional<NetworkSpec.Range> range(
            Subnet subnet, boolean foreign, @Nullable JsonNode range) {
        if (range == null) {
            return foreign
                    ? Optional.of(new NetworkSpec.Range(subnet.firstHost(), subnet.lastHost()))
                    : Optional.empty();
        }
        return Optional.of(
                new NetworkSpec.Range(
                        Ipv4.parse(text(range, "First")), Ipv4.parse(text(range, "Last"))));
    }

    private static List<Ipv4> nameServers(JsonNode resources) {
        var servers = new ArrayList<Ipv4>();
        for (var options : all(resources, "AWS::EC2::DHCPOptions")) {
            for (var server : options.path("DomainNameServers")) {
                servers.add(Ipv4.parse(server.stringValue()));
            }
        }
        return servers;
    }

    private static List<FirewallRule> rules(JsonNode resources) {
        var rules = new ArrayList<FirewallRule>();
        for (var group : all(resources, "AWS::EC2::SecurityGroup")) {
            for (var rule : group.path("SecurityGroupIngress")) {
                requireKnown("a rule", rule, RULE);
                rules.add(rule(rule));
            }
        }
        return rules;
    }

    private static FirewallRule rule(JsonNode json) {
        var name = json.required("IpProtocol").asString();
        var protocol =
                name.equals("-1")
                        ? FirewallRule.Protocol.ALL
                        : FirewallRule.Protocol.valueOf(name.toUpperCase(Locale.ROOT));
        var from = json.path("FromPort").asInt(0);
        var to = json.path("ToPort").asInt(from);
        var all = !protocol.hasPorts() || (from == 0 && to == PORT_MAX);
        if (!protocol.hasPorts() && (from > 0 || to > 0)) {
            throw malformed("a rule for " + protocol + " with ports or types is not enforced here");
        }
        return new FirewallRule(
                protocol, Subnet.parse(text(json, "CidrIp")), all ? 0 : from, all ? 0 : to);
    }

    private static void requireKnown(String what, JsonNode properties, Set<String> known) {
        for (var property : properties.propertyNames()) {
            if (!known.contains(property)) {
                throw malformed(
                        what + " has " + property + ", which has no effect here: leave it out");
            }
        }
    }

    /// The properties of all resources of a type.
    private static List<JsonNode> all(JsonNode resources, String type) {
        var found = new ArrayList<JsonNode>();
        for (var resource : resources.values()) {
            if (text(resource, "Type").equals(type)) {
                found.add(resource.path("Properties"));
            }
        }
        return found;
    }

    private static String text(JsonNode json, String name) {
        return json.required(name).stringValue();
    }

    private static RefusalException malformed(String why) {
        return new RefusalException("malformed-template", "the template cannot be used: " + why);
    }
}
