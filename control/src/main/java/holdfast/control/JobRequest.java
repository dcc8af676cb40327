package holdfast.control;

import java.util.List;

/// What a job is to do.
public sealed interface JobRequest {
    /// Launches one recovery instance a server.
    ///
    /// @param drill whether the source goes on; said of the instance, no different in the launching
    record Recover(List<String> servers, boolean drill, PointChoice point) implements JobRequest {
        public Recover {
            servers = List.copyOf(servers);
        }
    }

    /// Ends the machine of a recovery instance and deletes its branches.
    record Terminate(String instance, String server) implements JobRequest {}

    /// Reads a whole point back and checks every checksum.
    record Verify(String server, PointChoice point) implements JobRequest {}

    /// Reads every stored byte, of the staging area and of the control database, and checks it.
    record Scrub() implements JobRequest {}

    /// The kind in the API and the database.
    default String kind() {
        return switch (this) {
            case Recover(_, var drill, _) -> drill ? "DRILL" : "RECOVER";
            case Terminate _ -> "TERMINATE";
            case Verify _ -> "VERIFY";
            case Scrub() -> "SCRUB";
        };
    }

    /// Ids of the servers concerned.
    default List<String> servers() {
        return switch (this) {
            case Recover(var servers, _, _) -> servers;
            case Terminate(_, var server) -> List.of(server);
            case Verify(var server, _) -> List.of(server);
            case Scrub() -> List.of();
        };
    }
}
