package holdfast.control;

import holdfast.recovery.FirewallRule;
import holdfast.recovery.Ipv4;
import holdfast.recovery.NetworkSpec;
import java.util.List;
import java.util.Optional;

/// What an operator says of a network, before what its servers say; empty where they are believed.
public record NetworkChange(
        Optional<Ipv4> gateway,
        Optional<NetworkSpec.Range> range,
        Optional<List<Ipv4>> nameServers,
        Optional<String> domain,
        Optional<List<FirewallRule>> rules) {
    static final NetworkChange NONE =
            new NetworkChange(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());

    /// @param vpc the network's id
    record Kept(String vpc, NetworkChange change) {}

    /// @throws IllegalArgumentException if the network could not be made so
    NetworkDescription applied(NetworkDescription found) {
        return new NetworkDescription(
                found.subnet(),
                gateway.orElse(found.gateway()),
                range.or(found::range),
                nameServers.orElse(found.nameServers()),
                domain.or(found::domain),
                rules.orElse(found.rules()),
                found.members());
    }
}
