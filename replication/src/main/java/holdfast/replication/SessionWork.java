package holdfast.replication;

import java.io.IOException;
import java.util.List;
import java.util.function.LongConsumer;

/// What a session does for its peer: [RequestLine] for an agent that sends, [BranchLine] for a
/// failback client that follows. [#take] and [#reported] are for the thread that receives.
interface SessionWork {
    /// Whom it works for, in messages.
    String peer();

    /// Checks a request and takes it. Its credit is given back once it is done with.
    ///
    /// @throws ProtocolException if the peer may not ask that
    void take(Frame.Request request) throws ProtocolException;

    void reported(AgentReport report) throws ProtocolException;

    /// @throws ProtocolException if the peer makes no rounds
    void finished(long round) throws ProtocolException;

    /// What is to be run while the session lives, each on a thread of its own.
    List<Loop> loops();

    /// Ends the loops.
    void stop();

    /// @param name of the thread
    /// @param heavy whether it reads and computes, which would hold up the virtual threads of
    ///   others
    record Loop(String name, boolean heavy, Body body) {}

    @FunctionalInterface
    interface Body {
        /// @throws ProtocolException if what the peer asked for shows that it broke the protocol
        /// @throws IOException if the store cannot go on
        void run() throws IOException, InterruptedException;
    }

    @FunctionalInterface
    interface Maker {
        /// @param outbox for answers
        /// @param release told the cost of each request that is done with
        SessionWork make(Outbox outbox, LongConsumer release);
    }
}
