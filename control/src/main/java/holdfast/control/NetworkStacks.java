package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.recovery.NetworkHost;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Networks of the launch host, by name: makes them where they are needed, and removes them where
/// they are not. What is needed is said by rows that are written before the host is touched. Safe
/// for any thread.
public final class NetworkStacks {
    private static final System.Logger LOG = System.getLogger("holdfast.networks");

    private static final Pattern NAME = Pattern.compile("[a-zA-Z][-a-zA-Z0-9]{0,127}");

    /// How long a network that could not be mended is left alone.
    private static final Duration REPAIR_EVERY = Duration.ofMinutes(1);

    private final Database database;
    private final NetworkHost host;
    private final TimeSource time;
    private final RandomSource random;

    /// Held from looking at the rows to having done to the host what they say.
    private final ReentrantLock lock = new ReentrantLock();

    /// By network, the time before which no more repairs are tried; guarded by the lock.
    private final Map<String, Long> nextRepairNanos = new HashMap<>();

    NetworkStacks(Database database, NetworkHost host, TimeSource time, RandomSource random) {
        this.database = database;
        this.host = host;
        this.time = time;
        this.random = random;
    }

    /// By their names.
    public List<NetworkStack> list() throws IOException {
        return database.transact(tx -> NetworkTables.STACKS.select(tx, "order by name"));
    }

    /// Keeps what a template describes, for source networks to be associated with. The host is not
    /// touched before that.
    ///
    /// @param template as [NetworkTemplate] writes it
    /// @throws RefusalException if the name is taken, or name or template are malformed
    public NetworkStack importTemplate(String name, String template) throws IOException {
        requireName(name);
        var description = NetworkTemplate.read(template);
        return database.transact(tx -> {
            requireFree(tx, name);
            return insert(tx, name, Optional.empty(), description);
        });
    }

    /// @throws RefusalException if there is none, or a source network or an instance is in it
    public void delete(String name) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var stack = require(tx, name);
            for (var network : NetworkTables.SOURCES.select(tx, "where stack = ?", name)) {
                throw new RefusalException(
                        "stack-in-use",
                        "source network " + network.id() + " is recovered into stack " + name);
            }
            refuseWhileAttached(tx, stack);
            NetworkTables.STACKS.delete(tx, stack);
            return null;
        });
    }

    static void refuseWhileAttached(Transaction tx, NetworkStack stack) throws DatabaseException {
        for (var attachment :
                NetworkTables.ATTACHMENTS.select(tx, "where stack = ?", stack.name())) {
            if (isAlive(tx, attachment)) {
                throw new RefusalException(
                        "network-in-use",
                        "recovery instance "
                                + attachment.instance()
                                + " is in the network of stack "
                                + stack.name()
                                + ": terminate it first");
            }
        }
    }

    static NetworkStack require(Transaction tx, String name) throws DatabaseException {
        return NetworkTables.STACKS
                .find(tx, name)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-stack",
                                "no stack "
                                        + name
                                        + ": recoveries of source networks and imports of templates make them"));
    }

    static void requireFree(Transaction tx, String name) throws DatabaseException {
        if (NetworkTables.STACKS.find(tx, name).isPresent()) {
            throw new RefusalException(
                    "stack-exists", "there is a stack " + name + " already: choose another name");
        }
    }

    private static void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new RefusalException(
                    "malformed-stack-name",
                    "not a name of a stack: '"
                            + name
                            + "'; a letter and up to 127 letters, digits and hyphens are");
        }
    }

    /// A name that is free for a stack of a source network.
    static String freeName(Transaction tx, String network) throws DatabaseException {
        var name = "holdfast-" + network;
        for (var number = 2; NetworkTables.STACKS.find(tx, name).isPresent(); number++) {
            name = "holdfast-" + network + "-" + number;
        }
        return name;
    }

    NetworkStack insert(
            Transaction tx, String name, Optional<String> origin, NetworkDescription description)
            throws DatabaseException {
        var now = time.now();
        var stack = new NetworkStack(name, random.nextId("vpc"), origin, description, now, now);
        NetworkTables.STACKS.insert(tx, stack);
        return stack;
    }

    /// Makes a stack's network on the host, or brings it up to date.
    ///
    /// @param drill whether the one for drills is meant
    void apply(String name, boolean drill) throws IOException, InterruptedException {
        apply(name, drill, tx -> boundTo(tx, name));
    }

    /// Makes a stack's network for recoveries, or brings it up to date, and with it the one for
    /// drills if that is there.
    ///
    /// @param network the source network that is to be recovered into it
    void apply(String name, String network) throws IOException, InterruptedException {
        Database.Work<Optional<SourceNetwork>> source =
                tx -> NetworkTables.SOURCES.find(tx, network);
        apply(name, false, source);
        var drills = database.transact(tx -> require(tx, name)).network(true);
        if (host.networks().contains(drills)) {
            apply(name, true, source);
        }
    }

    /// The cards are those of the source network: an imported stack has none, and they may be
    /// others than when the stack was made.
    private void apply(String name, boolean drill, Database.Work<Optional<SourceNetwork>> source)
            throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var spec =
                    database.transact(tx -> {
                        var stack = require(tx, name);
                        return source.run(tx)
                                .flatMap(SourceNetwork::captured)
                                .map(captured -> stack.description().with(captured.members()))
                                .orElse(stack.description())
                                .spec(stack.network(drill));
                    });
            host.apply(spec);
        } finally {
            lock.unlock();
        }
    }

    private static Optional<SourceNetwork> boundTo(Transaction tx, String name)
            throws DatabaseException {
        return NetworkTables.SOURCES.select(tx, "where stack = ?", name).stream().findFirst();
    }

    /// Removes networks that nothing needs any more, and mends those that are needed and gone, such
    /// as after a restart of the host.
    void settle() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var needed = database.transact(NetworkStacks::needed);
            for (var network : host.networks()) {
                if (!needed.containsKey(network)) {
                    host.remove(network);
                }
            }
            nextRepairNanos.keySet().retainAll(needed.keySet());
            for (var entry : needed.entrySet()) {
                if (!host.isUp(entry.getKey())) {
                    repair(entry.getKey(), entry.getValue());
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void repair(String network, Need need) throws IOException, InterruptedException {
        var now = time.nanoTime();
        var next = nextRepairNanos.get(network);
        if (!need.mended() || (next != null && now - next < 0)) {
            return;
        }
        nextRepairNanos.put(network, now + REPAIR_EVERY.toNanos());
        LOG.log(System.Logger.Level.WARNING, "network={0} is gone and made again", network);
        apply(need.stack(), need.drill());
    }

    /// @param mended whether it is made again when it is gone; what a job makes, the job makes
    private record Need(String stack, boolean drill, boolean mended) {}

    private static Map<String, Need> needed(Transaction tx) throws DatabaseException {
        var needed = new HashMap<String, Need>();
        for (var job : Tables.JOBS.select(tx, "where state in ('PENDING', 'STARTED')")) {
            if (job.request() instanceof JobRequest.Networks(_, var targets)) {
                for (var target : targets) {
                    NetworkTables.STACKS
                            .find(tx, target.stack())
                            .ifPresent(stack -> need(needed, stack, false, false));
                }
            }
        }
        for (var network : NetworkTables.SOURCES.select(tx, "where stack is not null")) {
            need(needed, require(tx, network.stack().orElseThrow()), false, true);
        }
        for (var attachment : NetworkTables.ATTACHMENTS.select(tx, "")) {
            var stack = NetworkTables.STACKS.find(tx, attachment.stack());
            if (stack.isPresent() && isAlive(tx, attachment)) {
                var drill = !attachment.network().equals(stack.get().network(false));
                need(needed, stack.get(), drill, runs(tx, attachment));
            }
        }
        return needed;
    }

    private static void need(
            Map<String, Need> needed, NetworkStack stack, boolean drill, boolean mended) {
        needed.merge(
                stack.network(drill),
                new Need(stack.name(), drill, mended),
                (one, other) -> one.mended() ? one : other);
    }

    private static boolean runs(Transaction tx, Attachment attachment) throws DatabaseException {
        return Tables.INSTANCES
                .find(tx, attachment.instance())
                .filter(instance -> instance.state() == InstanceState.RUNNING)
                .isPresent();
    }

    /// Whether the instance may be in the network, or come back to it.
    static boolean isAlive(Transaction tx, Attachment attachment) throws DatabaseException {
        return Tables.INSTANCES
                .find(tx, attachment.instance())
                .filter(instance -> instance.state() != InstanceState.TERMINATED)
                .isPresent();
    }
}
