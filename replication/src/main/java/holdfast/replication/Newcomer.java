package holdfast.replication;

/// An agent that asks for its server's session, before anything is done about it.
///
/// @param machine that it runs on
/// @param peer where it dialled from, for people
/// @param incumbent whoever has the session now
public record Newcomer(MachineFacts machine, String peer, Incumbent incumbent) {
    @FunctionalInterface
    public interface Incumbent {
        /// Asks the agent that has the server's session now, if there is one, and waits some
        /// seconds for its answer. Only an agent that is alive answers: what a dead one has sent
        /// earlier does not count.
        boolean answers() throws InterruptedException;
    }
}
