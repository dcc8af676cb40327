package holdfast.agent;

import holdfast.replication.AgentReport;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What the agent says of itself to whoever asks on its machine.
///
/// @param serverId of this source server
/// @param replicationAddress of the replicator, `host:port`
/// @param tracker which one, and why not a better one
/// @param certificate by which the replicator knows this agent
/// @param link whether there is one; otherwise why not and when the next attempt is due
/// @param report what the replicator is told, too
/// @param lastPoint instant of the newest durable consistency point; empty if there is none
/// @param lagMillis now minus that instant; empty without one
/// @param etaMillis until first copy, comparison or backlog are worked off; empty if unknown
/// @param counters since the agent started
public record AgentStatus(
        String serverId,
        String replicationAddress,
        String tracker,
        Certificate certificate,
        Link link,
        AgentReport report,
        Optional<Instant> lastPoint,
        OptionalLong lagMillis,
        OptionalLong etaMillis,
        Counters counters) {
    /// @param expiresAt empty before it is known
    /// @param reason why it could not be renewed; empty if it was, or need not be yet
    /// @param nextAttempt when that is tried again, given a link; empty without a reason
    public record Certificate(
            Optional<Instant> expiresAt, String reason, Optional<Instant> nextAttempt) {}

    /// @param state CONNECTING, CONNECTED or WAITING
    /// @param reason why the last link ended or could not be opened, or why the replicator
    ///   acknowledges nothing; else empty
    /// @param nextAttempt when to connect next; empty unless WAITING
    public record Link(State state, String reason, Optional<Instant> nextAttempt) {
        public enum State {
            CONNECTING,
            CONNECTED,
            WAITING
        }
    }

    /// @param readBytes from the disks
    /// @param changedBytes found to differ from what the replica held
    /// @param sentBytes on the wire
    /// @param rounds acknowledged
    /// @param consistentRounds of these, that made a consistency point
    /// @param conflictBlocks written before they were read
    /// @param linksLost sessions that ended without being asked to
    public record Counters(
            long readBytes,
            long changedBytes,
            long sentBytes,
            long rounds,
            long consistentRounds,
            long conflictBlocks,
            long linksLost) {}

    /// One JSON object in one line; absent values are null.
    public String toJson() {
        var root = JsonNodeFactory.instance.objectNode();
        root.put("state", report.state().name())
                .put("detail", report.detail())
                .put("serverId", serverId)
                .put("replicationAddress", replicationAddress)
                .put("tracker", tracker)
                .put("lastPoint", lastPoint.map(Instant::toString).orElse(null));
        putOptional(root, "lagMillis", lagMillis);
        putOptional(root, "etaMillis", etaMillis);
        root.put("bytesPerSecond", report.bytesPerSecond());
        root.putObject("certificate")
                .put("expiresAt", certificate.expiresAt().map(Instant::toString).orElse(null))
                .put("reason", certificate.reason())
                .put("nextAttempt", certificate.nextAttempt().map(Instant::toString).orElse(null));
        root.putObject("link")
                .put("state", link.state().name())
                .put("reason", link.reason())
                .put("nextAttempt", link.nextAttempt().map(Instant::toString).orElse(null));
        putDisks(root, report.disks());
        root.putObject("counters")
                .put("readBytes", counters.readBytes())
                .put("changedBytes", counters.changedBytes())
                .put("sentBytes", counters.sentBytes())
                .put("rounds", counters.rounds())
                .put("consistentRounds", counters.consistentRounds())
                .put("conflictBlocks", counters.conflictBlocks())
                .put("linksLost", counters.linksLost());
        return JsonMapper.shared().writeValueAsString(root);
    }

    private static void putDisks(ObjectNode root, List<AgentReport.Disk> disks) {
        var array = root.putArray("disks");
        for (var disk : disks) {
            array.addObject()
                    .put("name", disk.name())
                    .put("totalBytes", disk.totalBytes())
                    .put("replicatedBytes", disk.replicatedBytes())
                    .put("rescannedBytes", disk.rescannedBytes())
                    .put("backlogBytes", disk.backlogBytes());
        }
    }

    private static void putOptional(ObjectNode node, String name, OptionalLong value) {
        if (value.isPresent()) {
            node.put(name, value.getAsLong());
        } else {
            node.putNull(name);
        }
    }
}
