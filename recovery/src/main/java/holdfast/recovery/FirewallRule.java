package holdfast.recovery;

import java.util.Locale;

/// What may be begun by whom in a network; answers may pass, and what no rule allows may not.
///
/// @param source who begins it
/// @param fromPort the first port that it goes to, and `toPort` the last; both 0 for any, and for
///   protocols without ports
public record FirewallRule(Protocol protocol, Subnet source, int fromPort, int toPort) {
    private static final int PORT_MAX = 65535;

    /// What a rule is about.
    public enum Protocol {
        ALL,
        TCP,
        UDP,
        ICMP;

        public boolean hasPorts() {
            return this == TCP || this == UDP;
        }
    }

    /// @throws IllegalArgumentException if the ports are no range, or the protocol has none
    public FirewallRule {
        var any = fromPort == 0 && toPort == 0;
        var range =
                protocol.hasPorts() && fromPort >= 1 && fromPort <= toPort && toPort <= PORT_MAX;
        if (!any && !range) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "not ports of a rule for %s: %d to %d; TCP and UDP have 1 to %d, or 0 and 0 for all",
                            protocol,
                            fromPort,
                            toPort,
                            PORT_MAX));
        }
    }

    /// Everything that the subnet's machines do among each other.
    public static FirewallRule within(Subnet subnet) {
        return new FirewallRule(Protocol.ALL, subnet, 0, 0);
    }

    /// As a rule of nftables (nft(8)).
    public String nft() {
        var from = "ip saddr " + source + " ";
        var ports = fromPort == toPort ? "" + fromPort : fromPort + "-" + toPort;
        return from
                + switch (protocol) {
                    case ALL -> "accept";
                    case ICMP -> "ip protocol icmp accept";
                    case TCP, UDP -> {
                        var name = protocol.name().toLowerCase(Locale.ROOT);
                        yield fromPort == 0
                                ? "ip protocol " + name + " accept"
                                : name + " dport " + ports + " accept";
                    }
                };
    }
}
