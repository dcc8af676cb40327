package holdfast.agent;

import holdfast.base.RandomSource;
import holdfast.replication.AgentRun;
import java.util.Locale;

/// Counts the sessions of this process that the network ended, to be told to the replicator. Used
/// by one thread.
final class LostConnections {
    private final String process;
    private int count;

    LostConnections(RandomSource random) {
        process = String.format(Locale.ROOT, "%016x", random.nextLong());
    }

    void add() {
        count++;
    }

    AgentRun run() {
        return new AgentRun(process, count);
    }
}
