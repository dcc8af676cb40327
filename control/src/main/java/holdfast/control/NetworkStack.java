package holdfast.control;

import java.time.Instant;
import java.util.Optional;

/// A network that is made on the launch host where it is needed, by name.
///
/// @param name as in CloudFormation: a letter, then letters, digits and hyphens
/// @param network its id on the host: `vpc-` and 17 hex digits
/// @param origin the source network that it was made of; empty if it was imported
public record NetworkStack(
        String name,
        String network,
        Optional<String> origin,
        NetworkDescription description,
        Instant createdAt,
        Instant updatedAt) {
    /// Drills meet each other, but nothing that was recovered to take over, though it has the same
    /// addresses.
    private static final String DRILL = "-drill";

    /// The id of the host's network for drills, or for recoveries.
    String network(boolean drill) {
        return drill ? network + DRILL : network;
    }

    NetworkStack with(NetworkDescription changed, Instant now) {
        return new NetworkStack(name, network, origin, changed, createdAt, now);
    }
}
