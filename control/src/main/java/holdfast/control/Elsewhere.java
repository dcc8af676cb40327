package holdfast.control;

import holdfast.replication.AgentReport;
import holdfast.volume.ConsistencyPoint;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// A recovery instance whose machine runs where Holdfast launches none: in another hypervisor, from
/// exported images. Its agent replicates what the machine writes into the instance's branches.
///
/// @param hostname of the machine, as it said when it enrolled
/// @param since when that was
/// @param lastSeenAt of the agent, as of its last session's beginning or end
/// @param lastPoint after which nothing was written, once its last round was made for a failback
public record Elsewhere(
        String instance,
        String hostname,
        Instant since,
        Optional<Instant> lastSeenAt,
        Optional<ConsistencyPoint> lastPoint) {
    static final Table<Elsewhere> ROWS =
            new Table<>(
                            "elsewhere",
                            List.of("instance_id"),
                            List.of(
                                    "instance_id",
                                    "hostname",
                                    "since",
                                    "last_seen_at",
                                    "last_point"),
                            (Elsewhere machine) ->
                                    Tables.values(
                                            "instance_id", machine.instance(),
                                            "hostname", machine.hostname(),
                                            "since", machine.since(),
                                            "last_seen_at", machine.lastSeenAt(),
                                            "last_point",
                                                    machine.lastPoint().map(Documents::ofPoint)),
                            row ->
                                    new Elsewhere(
                                            row.text("instance_id"),
                                            row.text("hostname"),
                                            row.instant("since"),
                                            row.optionalInstant("last_seen_at"),
                                            row.optionalText("last_point").map(Documents::point)))
                    .heldThrough("instance_id");

    /// Empty if the instance's machine is Holdfast's own affair.
    static Optional<Elsewhere> find(Transaction tx, String instance) throws DatabaseException {
        return ROWS.find(tx, instance);
    }

    Elsewhere seen(Instant at) {
        return new Elsewhere(instance, hostname, since, Optional.of(at), lastPoint);
    }

    Elsewhere endsAt(Optional<ConsistencyPoint> last) {
        return new Elsewhere(instance, hostname, since, lastSeenAt, last);
    }

    static void save(Transaction tx, Elsewhere machine) throws DatabaseException {
        if (find(tx, machine.instance()).isPresent()) {
            ROWS.update(tx, machine);
        } else {
            ROWS.insert(tx, machine);
        }
    }

    static void forget(Transaction tx, String instance) throws DatabaseException {
        var row = find(tx, instance);
        if (row.isPresent()) {
            ROWS.delete(tx, row.get());
        }
    }

    /// What is known of the machine and of its agent now.
    ///
    /// @param connected whether the agent has a session
    /// @param report its newest since the controller was started
    public record View(
            String hostname,
            Instant since,
            boolean connected,
            Optional<Instant> lastSeenAt,
            Optional<AgentReport> report) {}
}
