package holdfast.control;

import holdfast.base.RefusalException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;

/// What a step of a recovery plan does.
public sealed interface StepWork {
    int SERVERS_MAX = 100;
    Duration WAIT_MAX = Duration.ofHours(2);

    /// Recovers servers, all at the same time.
    ///
    /// @param members different servers
    record Recover(List<Member> members) implements StepWork {
        public Recover {
            members = List.copyOf(members);
            var ids = new HashSet<String>();
            for (var member : members) {
                if (!ids.add(member.server())) {
                    throw malformed("server " + member.server() + " is named twice");
                }
            }
            if (members.isEmpty() || members.size() > SERVERS_MAX) {
                throw malformed(
                        String.format(
                                Locale.ROOT,
                                "a step is of 1 to %d servers, %d were named",
                                SERVERS_MAX,
                                members.size()));
            }
        }
    }

    /// Lets time pass, as for a database to be up before its clients.
    record Wait(Duration duration) implements StepWork {
        public Wait {
            if (duration.compareTo(Duration.ofMinutes(1)) < 0
                    || duration.compareTo(WAIT_MAX) > 0
                    || !duration.equals(Duration.ofMinutes(duration.toMinutes()))) {
                throw malformed("a wait is of 1 to " + WAIT_MAX.toMinutes() + " whole minutes");
            }
        }
    }

    /// @param critical whether the plan stops where this server cannot be recovered
    record Member(String server, boolean critical) {}

    private static RefusalException malformed(String message) {
        return new RefusalException("malformed-step", message);
    }

    /// Ids of the servers concerned.
    default List<String> servers() {
        return switch (this) {
            case Recover(var members) -> members.stream().map(Member::server).toList();
            case Wait _ -> List.of();
        };
    }
}
