package holdfast.control;

import holdfast.replication.AgentReport;
import holdfast.replication.ComparedDisk;
import holdfast.volume.ConsistencyPoint;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The failback of one recovery instance.
///
/// @param reason of the last change of state
/// @param client who follows the instance, or did
/// @param reached sequence of the newest point that the client's disks are known to have equalled
/// @param lastPoint after which the instance has not run
/// @param verified what reading the client's disks back found, once that was done
/// @param job that finishes it
/// @param report the client's newest, as it was kept
public record Failback(
        String instance,
        FailbackState state,
        String reason,
        Instant stateSince,
        Optional<Client> client,
        Optional<Long> reached,
        Optional<ConsistencyPoint> lastPoint,
        List<ComparedDisk> verified,
        Optional<String> job,
        Optional<AgentReport> report,
        Settings settings) {
    public Failback {
        verified = List.copyOf(verified);
    }

    /// A failback client.
    ///
    /// @param id `fbc-` and 17 hex digits; its certificate names it
    /// @param original whether it says that it is the machine that the instance was recovered from
    /// @param pairedAt when it was bound to the instance
    public record Client(String id, String hostname, boolean original, Instant pairedAt) {}

    /// What an operator may set of it.
    ///
    /// @param megabitsPerSecond that may be sent to the client; zero for no limit
    /// @param privateAddress whether a client is told to fetch data from the address at which it
    ///   reached the API, also where the server has another one for agents
    public record Settings(String name, long megabitsPerSecond, boolean privateAddress) {
        public static final Settings DEFAULT = new Settings("", 0, false);
    }

    static Failback of(String instance, Instant now) {
        return new Failback(
                instance,
                FailbackState.NOT_STARTED,
                "no client has been paired",
                now,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Settings.DEFAULT);
    }

    /// Whether the client's disks equal the instance's last point, and were read back whole.
    public boolean complete() {
        return state == FailbackState.COMPLETED
                || (!verified.isEmpty()
                        && verified.stream().allMatch(disk -> disk.differingBytes() == 0));
    }

    /// @throws holdfast.base.RefusalException if that is asked for and cannot be done now
    Failback on(FailbackState.Event event, String why, Instant now) {
        var next = state.on(event);
        return new Failback(
                instance,
                next,
                why,
                next == state ? stateSince : now,
                client,
                reached,
                lastPoint,
                verified,
                job,
                report,
                settings);
    }

    /// As a new client begins: what an earlier one had reached says nothing.
    Failback pairedWith(Client paired) {
        return with(
                Optional.of(paired), Optional.empty(), lastPoint, List.of(), job, Optional.empty());
    }

    Failback reached(long sequence) {
        return with(client, Optional.of(sequence), lastPoint, verified, job, report);
    }

    Failback endsAt(Optional<ConsistencyPoint> point) {
        return with(client, reached, point, verified, job, report);
    }

    Failback verifiedAs(List<ComparedDisk> found) {
        return with(client, reached, lastPoint, found, job, report);
    }

    Failback workedOnBy(String id) {
        return with(client, reached, Optional.empty(), List.of(), Optional.of(id), report);
    }

    Failback reported(AgentReport newest) {
        return with(client, reached, lastPoint, verified, job, Optional.of(newest));
    }

    Failback withoutClient() {
        return with(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                job,
                Optional.empty());
    }

    Failback set(Settings changed) {
        return new Failback(
                instance,
                state,
                reason,
                stateSince,
                client,
                reached,
                lastPoint,
                verified,
                job,
                report,
                changed);
    }

    private Failback with(
            Optional<Client> newClient,
            Optional<Long> newReached,
            Optional<ConsistencyPoint> newLastPoint,
            List<ComparedDisk> newVerified,
            Optional<String> newJob,
            Optional<AgentReport> newReport) {
        return new Failback(
                instance,
                state,
                reason,
                stateSince,
                newClient,
                newReached,
                newLastPoint,
                newVerified,
                newJob,
                newReport,
                settings);
    }
}
