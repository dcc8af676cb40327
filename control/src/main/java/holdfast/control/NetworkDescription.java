package holdfast.control;

import holdfast.recovery.FirewallRule;
import holdfast.recovery.Ipv4;
import holdfast.recovery.NetworkSpec;
import holdfast.recovery.Subnet;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/// What a network is like: all that is needed to make one like it elsewhere.
///
/// @param gateway by which machines leave it
/// @param range of addresses that its DHCP gives; if empty, it has DHCP for known machines only
/// @param nameServers that its machines ask
/// @param rules what may be begun in it; nothing else may
/// @param members cards that are known to be in it
public record NetworkDescription(
        Subnet subnet,
        Ipv4 gateway,
        Optional<NetworkSpec.Range> range,
        List<Ipv4> nameServers,
        Optional<String> domain,
        List<FirewallRule> rules,
        List<Member> members) {
    /// A host route is no network, and no site has more addresses than this in one.
    static final int PREFIX_MIN = 8;

    static final int PREFIX_MAX = 29;

    private static final int NAME_SERVERS_MAX = 8;
    private static final int RULES_MAX = 200;

    /// A card of a source server in the network.
    public record Member(String server, String hardwareAddress, Ipv4 address) {}

    /// @throws IllegalArgumentException if it could not be made
    public NetworkDescription {
        if (subnet.prefix() < PREFIX_MIN || subnet.prefix() > PREFIX_MAX) {
            throw new IllegalArgumentException(
                    subnet + ": a network has a prefix of " + PREFIX_MIN + " to " + PREFIX_MAX);
        }
        requireHost(subnet, gateway);
        range.ifPresent(given -> {
            requireHost(subnet, given.first());
            requireHost(subnet, given.last());
        });
        domain.ifPresent(NetworkSpec::requireDomain);
        if (nameServers.size() > NAME_SERVERS_MAX || rules.size() > RULES_MAX) {
            throw new IllegalArgumentException(
                    "a network has at most "
                            + NAME_SERVERS_MAX
                            + " name servers and "
                            + RULES_MAX
                            + " rules");
        }
        nameServers = List.copyOf(nameServers);
        rules = List.copyOf(rules);
        members = List.copyOf(members);
    }

    private static void requireHost(Subnet subnet, Ipv4 address) {
        if (!subnet.isHost(address)) {
            throw new IllegalArgumentException(
                    address + " is not an address of a machine in " + subnet);
        }
    }

    NetworkDescription with(List<Member> others) {
        return new NetworkDescription(subnet, gateway, range, nameServers, domain, rules, others);
    }

    /// The network as a host makes it. Each member's address is kept for its card.
    NetworkSpec spec(String id) {
        var reserved = new TreeMap<String, Ipv4>();
        for (var member : members) {
            if (subnet.isHost(member.address()) && !reserved.containsValue(member.address())) {
                reserved.putIfAbsent(member.hardwareAddress(), member.address());
            }
        }
        return new NetworkSpec(
                id, subnet, ownAddress(), gateway, range, nameServers, domain, rules, reserved);
    }

    /// The host answers where the gateway did, unless that is recovered, too.
    private Ipv4 ownAddress() {
        var taken = members.stream().map(Member::address).toList();
        if (!taken.contains(gateway)) {
            return gateway;
        }
        var free = subnet.lastHost();
        while (taken.contains(free)) {
            free = free.plus(-1);
        }
        return free;
    }
}
