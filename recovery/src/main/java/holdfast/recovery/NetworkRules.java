package holdfast.recovery;

import java.util.stream.Collectors;

/// A network's firewall, as a script of nft(8). Pure.
final class NetworkRules {
    private NetworkRules() {}

    /// The namespace is the network's own, so all that was there goes.
    static String of(NetworkSpec spec) {
        var rules =
                spec.rules().stream()
                        .map(rule -> "    " + rule.nft() + "\n")
                        .collect(Collectors.joining());
        return """
        flush ruleset
        table inet holdfast {
          chain machines {
            type filter hook forward priority 0; policy drop;
            ct state established,related accept
        RULES  }
          chain host {
            type filter hook input priority 0; policy drop;
            iif lo accept
            ct state established,related accept
            udp dport 67 accept
            icmp type echo-request accept
          }
        }
        """
                .replace("RULES", rules);
    }
}
