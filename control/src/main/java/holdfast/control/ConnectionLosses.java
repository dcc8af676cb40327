package holdfast.control;

import holdfast.base.TimeSource;
import holdfast.replication.AgentRun;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// How often agents lost their connections lately and went on. Only what an agent says itself
/// counts: that it is the process that it was when it began its last session with this one, and has
/// lost the connection since. So neither an agent that is started again counts, nor a restart of
/// ours. Safe for any thread.
final class ConnectionLosses {
    /// So many within [#WINDOW] are no accident any more.
    static final int UNSTABLE = 3;

    static final Duration WINDOW = Duration.ofMinutes(10);

    private static final int COUNTED_MAX = 200;

    private final TimeSource time;
    private final Map<String, Known> byServer = new ConcurrentHashMap<>();

    /// @param nanos by the monotonic clock, when losses were told of, oldest first; no more than
    ///   are of interest
    private record Known(AgentRun run, List<Long> nanos) {}

    ConnectionLosses(TimeSource time) {
        this.time = time;
    }

    /// An agent begins a session.
    void began(String server, AgentRun run) {
        var now = time.nanoTime();
        byServer.compute(
                server,
                (_, known) -> {
                    if (known == null) {
                        return new Known(run, List.of());
                    }
                    var same =
                            !run.process().isEmpty() && run.process().equals(known.run.process());
                    var since = same ? run.lostConnections() - known.run.lostConnections() : 0;
                    var nanos = new ArrayList<>(known.nanos);
                    for (var i = 0; i < Math.min(since, COUNTED_MAX); i++) {
                        nanos.add(now);
                    }
                    nanos.removeIf(at -> now - at > WINDOW.toNanos());
                    var surplus = Math.max(0, nanos.size() - COUNTED_MAX);
                    return new Known(run, List.copyOf(nanos.subList(surplus, nanos.size())));
                });
    }

    /// Losses told of within [#WINDOW], of which no more than some hundred are counted.
    int lately(String server) {
        var known = byServer.get(server);
        if (known == null) {
            return 0;
        }
        var now = time.nanoTime();
        return (int) known.nanos.stream().filter(at -> now - at <= WINDOW.toNanos()).count();
    }

    void forget(String server) {
        byServer.remove(server);
    }
}
