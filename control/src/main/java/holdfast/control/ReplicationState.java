package holdfast.control;

import holdfast.replication.SessionControl;
import java.util.Optional;

/// Where a server's replication stands, as the user sees it.
///
/// ```
/// Initiating --report--> InitialSync | Rescan --report--> CreatingSnapshot --report--> Continuous
/// Continuous <--report--> Backlog
/// any --session lost, agent not seen, staging area stopped, key missing--> Stalled
/// Stalled --report--> as reported
/// any but Disconnected, Deleted --stop--> Stopped
/// Stopped, Stalled, Disconnected --again--> Initiating
/// any --disconnect--> Disconnected --delete--> Deleted (final)
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
    ///   `staging-full`, `staging-failing`, `encryption-key-missing`
    record Stalled(String error) implements ReplicationState {}

    /// By the operator, for a time: the replica is gone, the agent waits.
    record Stopped() implements ReplicationState {}

    /// By the operator, for good: the replica is gone, the agent is told to go.
    record Disconnected() implements ReplicationState {}

    /// Not shown any more; kept so that an agent that comes late is told to go.
    record Deleted() implements ReplicationState {}

    /// Whether nothing is to be replicated, and no replica kept.
    default boolean idle() {
        return switch (this) {
            case Stopped(), Disconnected(), Deleted() -> true;
            case Initiating(),
                    InitialSync(),
                    Rescan(),
                    CreatingSnapshot(),
                    Continuous(),
                    Backlog(),
                    Stalled(_) ->
                    false;
        };
    }

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
            case Stopped() -> "STOPPED";
            case Disconnected() -> "DISCONNECTED";
            case Deleted() -> "DELETED";
        };
    }

    /// Pure: no clock, no I/O. The caller writes the result before it acts on it.
    default ReplicationState on(ReplicationEvent event) {
        return switch (event) {
            case ReplicationEvent.Disconnect() ->
                    this instanceof Deleted ? this : new Disconnected();
            case ReplicationEvent.Delete() -> this instanceof Disconnected ? new Deleted() : this;
            case ReplicationEvent.Stop() ->
                    this instanceof Disconnected || this instanceof Deleted ? this : new Stopped();
            case ReplicationEvent.Again() ->
                    this instanceof Stopped
                                    || this instanceof Stalled
                                    || this instanceof Disconnected
                            ? new Initiating()
                            : this;
            case ReplicationEvent.OfTheAgent said -> idle() ? this : on(said);
        };
    }

    /// What a cut-off agent still says changes nothing.
    private ReplicationState on(ReplicationEvent.OfTheAgent said) {
        return switch (said) {
            case ReplicationEvent.SessionBegan() ->
                    this instanceof Stalled ? new Initiating() : this;
            case ReplicationEvent.Reported reported -> reportedState(reported);
            case ReplicationEvent.SessionEnded(var error) ->
                    new Stalled(error.isPresent() ? "agent-disconnected" : "agent-stopped");
            case ReplicationEvent.KeyMissing(_) -> new Stalled(SessionControl.KEY_MISSING);
            case ReplicationEvent.NotSeen(_) ->
                    this instanceof Stalled ? this : new Stalled("agent-not-seen");
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
            case "STOPPED" -> new Stopped();
            case "DISCONNECTED" -> new Disconnected();
            case "DELETED" -> new Deleted();
            default -> throw new IllegalArgumentException("unknown replication state " + name);
        };
    }
}
