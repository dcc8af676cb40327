package holdfast.control;

import java.util.List;

/// What a job is to do.
public sealed interface JobRequest {
    /// Launches one recovery instance a server.
    ///
    /// @param drill whether the source goes on; said of the instance, no different in the launching
    /// @param superseding whether earlier instances of the servers end first, and a server of which
    ///   the newest point is asked for is waited for to make one
    record Recover(List<RecoveryTarget> targets, boolean drill, boolean superseding)
            implements JobRequest {
        public Recover {
            targets = List.copyOf(targets);
        }
    }

    /// Starts the machine of an instance that was made ready only.
    record Start(String instance, String server) implements JobRequest {}

    /// Ends the machines of recovery instances and deletes their branches.
    record Terminate(List<Ending> endings) implements JobRequest {
        public Terminate {
            endings = List.copyOf(endings);
        }

        List<String> instances() {
            return endings.stream().map(Ending::instance).toList();
        }
    }

    /// A recovery instance that is to end, or to come home.
    record Ending(String instance, String server) {}

    /// Brings recovery instances home: stops their machines and has their failbacks finished.
    record Failback(List<Ending> endings) implements JobRequest {
        public Failback {
            endings = List.copyOf(endings);
        }
    }

    /// Makes networks on the launch host for source networks, or changes them.
    record Networks(NetworkPurpose purpose, List<NetworkTarget> targets) implements JobRequest {
        public Networks {
            targets = List.copyOf(targets);
        }
    }

    /// What networks are made for.
    enum NetworkPurpose {
        /// At least one gets a new stack.
        CREATE,
        UPDATE,

        /// A stack that there is becomes the source network's.
        ASSOCIATE
    }

    /// @param network the source network
    /// @param isNew whether the stack is made by the job
    record NetworkTarget(String network, String stack, boolean isNew) {}

    /// Reads a whole point back and checks every checksum.
    record Verify(String server, PointChoice point) implements JobRequest {}

    /// Reads every stored byte, of the staging area and of the control database, and checks it.
    record Scrub() implements JobRequest {}

    /// The kind in the API and the database.
    default String kind() {
        return switch (this) {
            case Recover(_, var drill, _) -> drill ? "DRILL" : "RECOVER";
            case Start _ -> "START";
            case Terminate _ -> "TERMINATE";
            case Failback _ -> "FAILBACK";
            case Networks(var purpose, _) -> purpose.name() + "_NETWORK";
            case Verify _ -> "VERIFY";
            case Scrub() -> "SCRUB";
        };
    }

    /// Ids of the servers concerned.
    default List<String> servers() {
        return switch (this) {
            case Recover(var targets, _, _) ->
                    targets.stream().map(RecoveryTarget::server).toList();
            case Start(_, var server) -> List.of(server);
            case Terminate(var endings) -> endings.stream().map(Ending::server).distinct().toList();
            case Failback(var endings) -> endings.stream().map(Ending::server).distinct().toList();
            case Verify(var server, _) -> List.of(server);
            case Networks _, Scrub() -> List.of();
        };
    }
}
