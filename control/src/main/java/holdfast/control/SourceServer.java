package holdfast.control;

import holdfast.replication.AgentReport;
import holdfast.replication.MachineFacts;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// A protected machine, as it is kept.
///
/// @param id `s-` and 17 hex digits
/// @param reason of the last change of state
/// @param stateSince when that was
/// @param lastSeenAt of the agent; minutes old while the server runs
/// @param machine as the agent said when its last session began
/// @param report a recent one of the agent, so that progress outlives a restart
public record SourceServer(
        String id,
        String hostname,
        ReplicationState state,
        String reason,
        Instant stateSince,
        Instant enrolledAt,
        Optional<Instant> lastSeenAt,
        Optional<MachineFacts> machine,
        Optional<AgentReport> report,
        List<Disk> disks) {
    public SourceServer {
        disks = List.copyOf(disks);
    }

    /// One protected disk.
    ///
    /// @param name its path on the source
    /// @param volume its replica
    public record Disk(String name, String volume, long sizeBytes, String model, String serial) {}

    SourceServer in(ReplicationState next, String why, Instant now) {
        return new SourceServer(
                id, hostname, next, why, now, enrolledAt, lastSeenAt, machine, report, disks);
    }

    SourceServer seen(Instant at, Optional<AgentReport> newest) {
        return new SourceServer(
                id,
                hostname,
                state,
                reason,
                stateSince,
                enrolledAt,
                Optional.of(at),
                machine,
                newest.or(() -> report),
                disks);
    }

    /// Under the id of another server, which is an extension of this one.
    SourceServer shownAs(SourceServer extension) {
        return new SourceServer(
                extension.id(),
                hostname,
                state,
                reason,
                stateSince,
                extension.enrolledAt(),
                lastSeenAt,
                machine,
                report,
                disks);
    }

    /// Without what its agent has reported.
    SourceServer silent() {
        return new SourceServer(
                id,
                hostname,
                state,
                reason,
                stateSince,
                enrolledAt,
                lastSeenAt,
                machine,
                Optional.empty(),
                disks);
    }

    SourceServer with(MachineFacts facts, List<Disk> newDisks) {
        return new SourceServer(
                id,
                facts.hostname(),
                state,
                reason,
                stateSince,
                enrolledAt,
                lastSeenAt,
                Optional.of(facts),
                report,
                newDisks);
    }
}
