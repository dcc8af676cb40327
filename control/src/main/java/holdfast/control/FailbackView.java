package holdfast.control;

import holdfast.replication.AgentReport;
import java.time.Instant;
import java.util.Optional;

/// A failback and what is known of its client since the controller was started.
///
/// @param connected whether the client has a session now
/// @param clientSeenAt when it was last heard
/// @param report its newest
public record FailbackView(
        Failback failback,
        boolean connected,
        Optional<Instant> clientSeenAt,
        Optional<AgentReport> report) {}
