package holdfast.control;

import holdfast.replication.AgentReport;
import holdfast.volume.StoreStatus;
import java.time.Instant;
import java.util.Optional;

/// What can change a [ReplicationState].
sealed interface ReplicationEvent {
    /// Comes of the agent, or of its silence.
    sealed interface OfTheAgent extends ReplicationEvent {}

    record SessionBegan() implements OfTheAgent {}

    /// @param detail the agent's own word on it, may be empty
    /// @param pointDurable whether the server has a recoverable point
    /// @param staging whether the staging area acknowledges, and
    /// @param stagingReason why not
    record Reported(
            AgentReport.State state,
            String detail,
            boolean pointDurable,
            StoreStatus.State staging,
            String stagingReason)
            implements OfTheAgent {}

    /// @param error why, if the agent did not end it in order
    record SessionEnded(Optional<String> error) implements OfTheAgent {}

    /// The agent is there, and what it sends cannot be encrypted.
    ///
    /// @param why with what to do
    record KeyMissing(String why) implements OfTheAgent {}

    record NotSeen(Instant since) implements OfTheAgent {}

    record Stop() implements ReplicationEvent {}

    /// Replication is to begin anew, with the agent's next session.
    record Again() implements ReplicationEvent {}

    record Disconnect() implements ReplicationEvent {}

    record Delete() implements ReplicationEvent {}

    /// Recorded with the change.
    default String reason() {
        return switch (this) {
            case SessionBegan() -> "the agent connected";
            case Reported reported ->
                    switch (reported.staging()) {
                        case FULL, FAILING -> "staging area: " + reported.stagingReason();
                        case WRITING ->
                                reported.detail().isEmpty()
                                        ? "as the agent reports"
                                        : reported.detail();
                    };
            case SessionEnded(var error) ->
                    error.map(why -> "the agent's session ended: " + why)
                            .orElse("the agent was stopped; start it again to go on");
            case KeyMissing(var why) -> why;
            case NotSeen(var since) -> "agent not seen since " + since;
            case Stop() -> "stopped by the operator";
            case Again() -> "the operator asked for it; waiting for the agent's next session";
            case Disconnect() -> "disconnected by the operator";
            case Delete() -> "deleted by the operator";
        };
    }
}
