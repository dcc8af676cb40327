package holdfast.replication;

import java.util.List;

/// How replication stands, as the agent sees it; sent at least every few seconds.
///
/// @param state what it is doing
/// @param detail why, in one line, where the state alone does not say it; else empty
/// @param bytesPerSecond of source data worked through lately, whether it had to travel or not
/// @param sentBytes on the wire since the agent started, after compression
/// @param changedBytes of source data found changed since the agent started
/// @param clockMillis the source's wall clock when the report was made, for noticing skew
/// @param disks one entry a disk, in the order of the session
public record AgentReport(
        State state,
        String detail,
        long bytesPerSecond,
        long sentBytes,
        long changedBytes,
        long clockMillis,
        List<Disk> disks) {
    public AgentReport {
        disks = List.copyOf(disks);
    }

    /// What the agent is doing. The replicator adds what only it can know: STALLED and
    /// DISCONNECTED.
    public enum State {
        /// First copy of everything that holds data.
        INITIAL_SYNC,
        /// Comparing by hash after the tracker could not vouch for its sets.
        RESCAN,
        /// First copy or comparison done; working towards the first consistency point.
        CREATING_SNAPSHOT,
        /// Making consistency points, round after round.
        CONTINUOUS,
        /// Changes come faster than they travel: no point lately.
        BACKLOG
    }

    /// @param totalBytes of the disk
    /// @param replicatedBytes worked through in the first copy; `totalBytes` when done
    /// @param rescannedBytes compared in a rescan that is under way
    /// @param backlogBytes changed and not yet on stable storage at the replicator
    public record Disk(
            String name,
            long totalBytes,
            long replicatedBytes,
            long rescannedBytes,
            long backlogBytes) {}
}
