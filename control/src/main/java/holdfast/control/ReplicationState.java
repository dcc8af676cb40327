package holdfast.control;

import java.util.Optional;

/// Where a server's replication stands, as the user sees it.
///
/// ```
/// Initiating --report--> InitialSync | Rescan --report--> CreatingSnapshot --report--> Continuous
/// Continuous <--report--> Backlog
/// any --session lost, agent not seen, staging area stopped--> Stalled --report--> as reported
/// any --disconnect--> Disconnected (final; the server's row goes when its volumes are gone)
/// ```
public sealed interface ReplicationState {
    /// Enrolled or connected, and nothing reported yet.
    record Initiating() implements ReplicationState {}

    record InitialSync() implements ReplicationState {}

    record Rescan() implements ReplicationState {}

    /// Everything is copied; no consistency point is durable yet.
    record CreatingSnapshot() implements ReplicationState {}

    record Continuous() implements ReplicationState {}

    record Backlog() implements ReplicationState {}

    /// @param error stable code: `agent-stopped`, `agent-disconnected`, `agent-not-seen`,
    ///   `staging-full`, `staging-failing`
    record Stalled(String error) implements ReplicationState {}

    record Disconnected() implements ReplicationState {}

    /// The name in the API and the database.
    default String name() {
        return switch (this) {
            case Initiating() -> "INITIATING";
            case InitialSync() -> "INITIAL_SYNC";
            case Rescan() -> "RESCAN";
            case CreatingSnapshot() -> "CREATING_SNAPSHOT";
            case Continuous() -> "CONTINUOUS";
            case Backlog() -> "BACKLOG";
            case Stalled(_) -> "STALLED";
            case Disconnected() -> "DISCONNECTED";
        };
    }

    /// Pure: no clock, no I/O. The caller writes the result before it acts on it.
    default ReplicationState on(ReplicationEvent event) {
        if (this instanceof Disconnected) {
            return this; // what a cut-off agent still says changes nothing
        }
        return switch (event) {
            case ReplicationEvent.SessionBegan() ->
                    this instanceof Stalled ? new Initiating() : this;
            case ReplicationEvent.Reported reported -> reportedState(reported);
            case ReplicationEvent.SessionEnded(var error) ->
                    new Stalled(error.isPresent() ? "agent-disconnected" : "agent-stopped");
            case ReplicationEvent.NotSeen(_) ->
                    this instanceof Stalled ? this : new Stalled("agent-not-seen");
            case ReplicationEvent.Disconnect() -> new Disconnected();
        };
    }

    private static ReplicationState reportedState(ReplicationEvent.Reported reported) {
        return switch (reported.staging()) {
            case FULL -> new Stalled("staging-full");
            case FAILING -> new Stalled("staging-failing");
            case WRITING ->
                    switch (reported.state()) {
                        case INITIAL_SYNC -> new InitialSync();
                        case RESCAN -> new Rescan();
                        case CREATING_SNAPSHOT -> new CreatingSnapshot();
                        // Without a durable point there is nothing to recover: not yet in step.
                        case CONTINUOUS ->
                                reported.pointDurable() ? new Continuous() : new CreatingSnapshot();
                        case BACKLOG -> new Backlog();
                    };
        };
    }

    /// Inverse of [#name].
    static ReplicationState of(String name, Optional<String> error) {
        return switch (name) {
            case "INITIATING" -> new Initiating();
            case "INITIAL_SYNC" -> new InitialSync();
            case "RESCAN" -> new Rescan();
            case "CREATING_SNAPSHOT" -> new CreatingSnapshot();
            case "CONTINUOUS" -> new Continuous();
            case "BACKLOG" -> new Backlog();
            case "STALLED" -> new Stalled(error.orElseThrow());
            case "DISCONNECTED" -> new Disconnected();
            default -> throw new IllegalArgumentException("unknown replication state " + name);
        };
    }
}
