package holdfast.agent;

/// Where the replica is made, and who this agent is there.
///
/// @param address of the replicator, `host:port`
/// @param renewal knows the identity to show
/// @param lost how often connections to it were
record Replica(String address, Renewal renewal, LostConnections lost) {}
