package holdfast.replication;

/// Which process an agent is, and what it went through. By this a network that cuts connections is
/// told from an agent that ends and is started again.
///
/// @param process drawn when it started; empty if the agent does not say it
/// @param lostConnections how many of its sessions ended without a word of either side
public record AgentRun(String process, int lostConnections) {
    /// Of an agent that does not say it.
    public static final AgentRun UNKNOWN = new AgentRun("", 0);

    public AgentRun {
        if (lostConnections < 0) {
            throw new IllegalArgumentException(lostConnections + " lost connections");
        }
    }
}
