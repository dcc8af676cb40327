package holdfast.replication;

import holdfast.base.RefusalException;

/// What the control plane may do with a session that has begun. Calls return at once, may come from
/// any thread, and do nothing once the session has ended.
public interface SessionControl {
    /// Code of a refusal: the operator stopped the server's replication. Its agent goes on
    /// tracking, sends nothing, and asks again every few seconds.
    String STOPPED = "replication-stopped";

    /// Code of a refusal: the operator disconnected the server for good. Its agent uninstalls
    /// itself.
    String DISCONNECTED = "server-disconnected";

    /// Code of a refusal: the agent runs on another machine than the server, with a copy of its
    /// disks. It sends nothing, and asks again later.
    String OTHER_MACHINE = "other-machine";

    /// Code of a refusal: the last round of the recovery instance is recorded, and nothing that its
    /// machine writes later is brought home. Its agent powers the machine off, or leaves that to
    /// the operator.
    String FINISHED = "finished";

    /// Code of a refusal: the key that encrypts the server's replica cannot be had, since the
    /// operator took it away. The agent goes on tracking, and asks again every few seconds.
    String KEY_MISSING = "encryption-key-missing";

    /// Code of a refusal: the operator wants the session begun anew, now.
    String AGAIN = "replication-again";

    /// Ends the session; the agent is told the code and the message.
    void end(RefusalException why);

    /// Tells the agent how much it may send; an agent that is too old to be told goes on as it is.
    ///
    /// @param bytesPerSecond zero for no limit
    void limit(long bytesPerSecond);

    /// Asks the agent for its last round, after which it says [ReplicationHost#finished].
    ///
    /// @return whether it is new enough to be asked
    boolean finish();
}
