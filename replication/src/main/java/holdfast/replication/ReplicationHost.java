package holdfast.replication;

import holdfast.volume.ConsistencyPoint;
import holdfast.volume.Volume;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// What the replicator asks of the control plane. Called from many sessions at a time.
public interface ReplicationHost {
    /// Called before a session is begun, and before the one that the server has is ended for it.
    ///
    /// @param serverId from the agent's certificate, which was verified
    /// @throws holdfast.base.RefusalException if the agent runs on a copy of the server: it is told
    ///   the code and the message, and the server's session goes on
    /// @throws IOException if that cannot be found out now
    void admit(String serverId, Newcomer newcomer) throws IOException, InterruptedException;

    /// Called once per session, before any data.
    ///
    /// @param serverId from the agent's certificate, which was verified
    /// @throws holdfast.base.RefusalException if this server may not replicate (unknown, stopped,
    ///   disconnected): the agent is told the code and the message
    Begun begin(String serverId, MachineFacts machine, List<DiskFacts> disks) throws IOException;

    /// @param volumes one for each disk, in order; made where there was none, grown where the disk
    ///   has grown
    /// @param boots how often another boot of the server, or another machine, has taken over
    ///   replication: an agent that knew the replica before that knows it no more
    record Begun(List<Volume> volumes, long boots) {
        public Begun {
            volumes = List.copyOf(volumes);
        }
    }

    /// The server's session has begun; until [#ended] it can be acted on.
    void began(String serverId, SessionControl session);

    /// The server's agent can show a certificate that is valid until then. Told when a session has
    /// begun, and again for each renewal within it.
    void certified(String serverId, Instant expiresAt);

    /// Called before a certificate is renewed.
    ///
    /// @throws holdfast.base.RefusalException if this server may no longer replicate: it gets none
    /// @throws IOException if that cannot be found out now
    void renewing(String serverId) throws IOException;

    /// The newest report of a server.
    void reported(String serverId, AgentReport report);

    /// A consistency point is durable.
    void pointMade(String serverId, ConsistencyPoint point);

    /// The agent was asked for its last round and has made it: that round's point is durable, and
    /// nothing was written on its machine since.
    void finished(String serverId, long round);

    /// The session ended.
    ///
    /// @param error why, when it was not the agent that ended it in order
    void ended(String serverId, Optional<String> error);
}
