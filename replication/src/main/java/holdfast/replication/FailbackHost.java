package holdfast.replication;

import holdfast.volume.ConsistencyPoint;
import holdfast.volume.Volume;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// What the replicator asks of the control plane about failback clients: who follow the branches of
/// one recovery instance each. Called from many sessions at a time.
public interface FailbackHost {
    /// Whether a certificate's name is that of a failback client, and not of a source server.
    boolean isClient(String name);

    /// Called once per session, before any data.
    ///
    /// @param clientId from the client's certificate, which was verified
    /// @param disks to be written: each with the name of the branch that it is to equal
    /// @return the instance that the client was admitted to, and a branch for each disk, in order
    /// @throws holdfast.base.RefusalException if it may not follow, or names a disk that the
    ///   instance does not have: the client is told the code and the message
    Followed begin(String clientId, MachineFacts machine, List<DiskFacts> disks) throws IOException;

    /// The instance's consistency point that the client is to bring its disks to next.
    ///
    /// @throws holdfast.base.RefusalException if it may not follow any more
    Turn nextPoint(String clientId) throws IOException;

    /// What may be sent to the client in a second; zero for no limit. Asked before data is sent.
    ///
    /// @throws holdfast.base.RefusalException if it may not follow any more
    long bytesPerSecondMax(String clientId) throws IOException;

    /// The newest report of a client.
    void reported(String clientId, AgentReport report);

    /// The client's disks equal the point of that sequence. Recorded on return.
    void reached(String clientId, long sequence) throws IOException;

    /// The client has read all its disks back and compared them with that point. Recorded on
    /// return.
    void verified(String clientId, long sequence, List<ComparedDisk> disks) throws IOException;

    /// The session ended.
    ///
    /// @param error why, when it was not the client that ended it in order
    void ended(String clientId, Optional<String> error);

    /// @param instance the owner of the branches
    record Followed(String instance, List<Volume> branches) {}

    /// @param last whether nothing comes after it: the instance has stopped
    record Turn(ConsistencyPoint point, boolean last) {}
}
