package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Networks of source servers that are kept to be made again, as rows. What all of it means:
/// `docs/operations/networks.md`. Safe for any thread.
public final class SourceNetworks {
    /// How long an exported template can be fetched.
    static final Duration EXPORT_KEPT = Duration.ofHours(24);

    private static final System.Logger LOG = System.getLogger("holdfast.networks");

    private static final int TARGETS_MAX = 100;
    private static final int TOKEN_BYTES = 16;

    private final Database database;
    private final NetworkStacks stacks;
    private final Jobs jobs;
    private final TimeSource time;
    private final RandomSource random;

    /// A source network to be recovered.
    ///
    /// @param stack its name; empty for the one that the network is recovered into, or a new one
    public record Target(String network, Optional<String> stack) {}

    SourceNetworks(
            Database database,
            NetworkStacks stacks,
            Jobs jobs,
            TimeSource time,
            RandomSource random) {
        this.database = database;
        this.stacks = stacks;
        this.jobs = jobs;
        this.time = time;
        this.random = random;
    }

    /// Oldest first.
    public List<SourceNetwork> list() throws IOException {
        return database.transact(SourceNetworks::list);
    }

    private static List<SourceNetwork> list(Transaction tx) throws DatabaseException {
        return NetworkTables.SOURCES.select(tx, "order by created_at, id");
    }

    static SourceNetwork require(Transaction tx, String id) throws DatabaseException {
        return NetworkTables.SOURCES
                .find(tx, id)
                .orElseThrow(() ->
                        new RefusalException("unknown-source-network", "no source network " + id));
    }

    /// Begins to know of a network; it is not replicated yet.
    ///
    /// @param vpc see [Networks]
    /// @param region under which it is asked for
    /// @throws RefusalException if there is no such network, or it is a source network already
    public SourceNetwork create(String vpc, String region, Map<String, String> tags)
            throws IOException {
        return database.transact(tx -> {
            var found = Networks.find(tx, vpc).orElseThrow(() -> Networks.unknown(vpc));
            for (var known : NetworkTables.SOURCES.select(tx, "where vpc = ?", vpc)) {
                throw new RefusalException(
                        "source-network-exists",
                        "network " + vpc + " is source network " + known.id() + " already");
            }
            var network =
                    new SourceNetwork(
                            random.nextId("sn"),
                            found.id(),
                            region,
                            NetworkState.STOPPED,
                            "not replicated yet",
                            time.now(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty());
            NetworkTables.SOURCES.insert(tx, network);
            Tags.put(tx, network.id(), tags);
            return network;
        });
    }

    /// Forgets a network with the stacks that were made of it. Their networks on the host go soon
    /// after.
    ///
    /// @throws RefusalException if there is none, it is replicated or recovered at the time, or
    ///   instances are in one of the networks
    public void delete(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var network = requireIdle(tx, id);
            if (network.state() != NetworkState.STOPPED) {
                throw new RefusalException(
                        "network-replicating",
                        "source network " + id + " is replicated: stop that first");
            }
            for (var stack : NetworkTables.STACKS.select(tx, "where origin = ?", id)) {
                refuseWhileInUse(tx, network, stack);
                NetworkTables.STACKS.delete(tx, stack);
            }
            if (network.stack().isPresent()) {
                var imported = NetworkTables.STACKS.find(tx, network.stack().get());
                if (imported.isPresent()) {
                    NetworkStacks.refuseWhileAttached(tx, imported.get());
                }
            }
            NetworkTables.SOURCES.delete(tx, network);
            Tags.forget(tx, id);
            return null;
        });
    }

    private static void refuseWhileInUse(Transaction tx, SourceNetwork network, NetworkStack stack)
            throws DatabaseException {
        NetworkStacks.refuseWhileAttached(tx, stack);
        for (var other : NetworkTables.SOURCES.select(tx, "where stack = ?", stack.name())) {
            if (!other.id().equals(network.id())) {
                throw new RefusalException(
                        "stack-in-use",
                        "source network "
                                + other.id()
                                + " is recovered into its stack "
                                + stack.name());
            }
        }
    }

    /// @throws RefusalException if there is none, or it is replicated already
    public SourceNetwork start(String id) throws IOException {
        return change(id, NetworkState.Event.START, "replication was asked for");
    }

    /// What was captured stays, and can be recovered.
    ///
    /// @throws RefusalException if there is none, or it is not replicated
    public SourceNetwork stop(String id) throws IOException {
        return change(id, NetworkState.Event.STOP, "stopped by the operator");
    }

    private SourceNetwork change(String id, NetworkState.Event event, String why)
            throws IOException {
        return database.transact(tx -> {
            var network = require(tx, id);
            return save(tx, network, network.in(network.state().on(event), why, Optional.empty()));
        });
    }

    private static SourceNetwork save(Transaction tx, SourceNetwork before, SourceNetwork after)
            throws DatabaseException {
        NetworkTables.SOURCES.update(tx, after);
        if (before.state() != after.state()) {
            tx.afterCommit(() ->
                    LOG.log(
                            System.Logger.Level.INFO,
                            "network={0} state={1} -> {2} ({3})",
                            after.id(),
                            before.state(),
                            after.state(),
                            after.reason()));
        }
        return after;
    }

    /// Captures what has changed of the networks that are replicated.
    void replicate() throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var replicated = NetworkTables.SOURCES.select(tx, "where state <> 'STOPPED'");
            if (replicated.isEmpty()) {
                return null; // reading all servers is not for nothing
            }
            var found = Networks.list(tx);
            for (var network : replicated) {
                var now = found.stream().filter(one -> one.id().equals(network.vpc())).findFirst();
                var event = now.isPresent() ? NetworkState.Event.CAPTURED : NetworkState.Event.LOST;
                var why =
                        now.isPresent()
                                ? "captured"
                                : "no protected server is in network "
                                        + network.vpc()
                                        + " any more";
                var next =
                        network.in(
                                network.state().on(event),
                                why,
                                now.map(Networks.Network::description));
                if (!next.equals(network)) {
                    save(tx, network, next);
                }
            }
            return null;
        });
    }

    /// Begins to make networks on the launch host as they were captured, for their servers to be
    /// recovered into.
    ///
    /// @param asNew whether each gets a new stack, though it has one
    /// @throws RefusalException if one is unknown, was never captured or is being recovered, or a
    ///   stack is another's
    public Job.View recover(List<Target> targets, boolean asNew, Map<String, String> tags)
            throws IOException {
        var ids = targets.stream().map(Target::network).toList();
        if (ids.isEmpty() || ids.size() > TARGETS_MAX || new HashSet<>(ids).size() < ids.size()) {
            throw new RefusalException(
                    "malformed-request",
                    String.format(
                            Locale.ROOT,
                            "a recovery is of 1 to %d different source networks, %d were named",
                            TARGETS_MAX,
                            ids.size()));
        }
        return database.transact(tx -> {
            var chosen = new ArrayList<JobRequest.NetworkTarget>();
            for (var target : targets) {
                var network = requireIdle(tx, target.network());
                if (network.captured().isEmpty()) {
                    throw new RefusalException(
                            "network-not-captured",
                            "source network "
                                    + network.id()
                                    + " was never captured: start its replication, and wait until it is PROTECTED");
                }
                chosen.add(chosen(tx, network, target.stack(), asNew));
            }
            if (chosen.stream().map(JobRequest.NetworkTarget::stack).distinct().count()
                    < chosen.size()) {
                throw new RefusalException(
                        "malformed-request", "each source network needs a stack of its own");
            }
            var purpose =
                    chosen.stream().anyMatch(JobRequest.NetworkTarget::isNew)
                            ? JobRequest.NetworkPurpose.CREATE
                            : JobRequest.NetworkPurpose.UPDATE;
            return submit(tx, new JobRequest.Networks(purpose, chosen), tags);
        });
    }

    private static JobRequest.NetworkTarget chosen(
            Transaction tx, SourceNetwork network, Optional<String> wanted, boolean asNew)
            throws DatabaseException {
        if (asNew && wanted.isPresent()) {
            NetworkStacks.requireFree(tx, wanted.get());
        }
        var name = wanted.or(() -> asNew ? Optional.empty() : network.stack());
        if (name.isEmpty()) {
            return new JobRequest.NetworkTarget(
                    network.id(), NetworkStacks.freeName(tx, network.id()), true);
        }
        var stack = NetworkTables.STACKS.find(tx, name.get());
        if (stack.isPresent() && !stack.get().origin().equals(Optional.of(network.id()))) {
            throw new RefusalException(
                    "stack-of-another",
                    "stack "
                            + name.get()
                            + " was not made of source network "
                            + network.id()
                            + ": recover it as new, or under another name");
        }
        return new JobRequest.NetworkTarget(network.id(), name.get(), stack.isEmpty());
    }

    /// Begins to make the network of a stack that there is the one that a source network's servers
    /// are recovered into.
    ///
    /// @throws RefusalException if one is unknown, another source network has the stack, or this
    ///   one is being recovered
    public Job.View associate(String id, String stack) throws IOException {
        return database.transact(tx -> {
            var network = requireIdle(tx, id);
            NetworkStacks.require(tx, stack);
            for (var other : NetworkTables.SOURCES.select(tx, "where stack = ?", stack)) {
                if (!other.id().equals(network.id())) {
                    throw new RefusalException(
                            "stack-in-use",
                            "source network " + other.id() + " is recovered into stack " + stack);
                }
            }
            return submit(
                    tx,
                    new JobRequest.Networks(
                            JobRequest.NetworkPurpose.ASSOCIATE,
                            List.of(new JobRequest.NetworkTarget(id, stack, false))),
                    Map.of());
        });
    }

    private Job.View submit(Transaction tx, JobRequest.Networks request, Map<String, String> tags)
            throws DatabaseException {
        var job = jobs.submit(tx, request);
        Tags.put(tx, job.id(), tags);
        for (var target : request.targets()) {
            var asked =
                    new SourceNetwork.Recovery(
                            job.id(), time.now(), SourceNetwork.Result.IN_PROGRESS);
            NetworkTables.SOURCES.update(tx, require(tx, target.network()).with(asked));
        }
        return new Job.View(job, List.of(), List.of());
    }

    private static SourceNetwork requireIdle(Transaction tx, String id) throws DatabaseException {
        var network = require(tx, id);
        if (network.recovering()) {
            throw new RefusalException(
                    "network-busy",
                    "job "
                            + network.recovery().orElseThrow().job()
                            + " works on source network "
                            + id
                            + ": wait for its end");
        }
        return network;
    }

    /// Writes the template of what was captured.
    ///
    /// @return the secret by which [#template] gives it out
    /// @throws RefusalException if there is none, or it was never captured
    public String export(String id) throws IOException {
        return database.transact(tx -> {
            var network = require(tx, id);
            var captured =
                    network.captured()
                            .orElseThrow(() ->
                                    new RefusalException(
                                            "network-not-captured",
                                            "source network "
                                                    + id
                                                    + " was never captured: start its replication, and wait until it is PROTECTED"));
            var secret = new byte[TOKEN_BYTES];
            random.fill(secret);
            var export =
                    new SourceNetwork.Export(
                            HexFormat.of().formatHex(secret),
                            NetworkTemplate.of(captured),
                            time.now());
            NetworkTables.SOURCES.update(tx, network.with(export));
            return export.token();
        });
    }

    /// The template that was exported last, for whoever has its secret.
    ///
    /// @throws RefusalException if there is none, or it is too old
    public String template(String token) throws IOException {
        return database.transact(tx ->
                list(tx).stream()
                        .flatMap(network -> network.export().stream())
                        .filter(export -> isSame(export.token(), token))
                        .filter(export -> export.at().plus(EXPORT_KEPT).isAfter(time.now()))
                        .findFirst()
                        .map(SourceNetwork.Export::template)
                        .orElseThrow(() ->
                                new RefusalException(
                                        "unknown-template",
                                        "no template is to be had here, or not any more: export it again")));
    }

    /// Takes the same time wherever they differ.
    private static boolean isSame(String known, String given) {
        return MessageDigest.isEqual(
                known.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }

    /// Makes the stack of a target that is to be recovered, or brings it up to date.
    void prepare(Transaction tx, JobRequest.NetworkTarget target) throws DatabaseException {
        var captured = require(tx, target.network()).captured().orElseThrow();
        var known = NetworkTables.STACKS.find(tx, target.stack());
        if (known.isPresent()) {
            if (!isOf(known.get(), target)) { // it came into being since it was asked for
                throw new RefusalException(
                        "stack-exists", "stack " + target.stack() + " is another network's by now");
            }
            NetworkTables.STACKS.update(tx, known.get().with(captured, time.now()));
        } else {
            stacks.insert(tx, target.stack(), Optional.of(target.network()), captured);
        }
    }

    private static boolean isOf(NetworkStack stack, JobRequest.NetworkTarget target) {
        return stack.origin().equals(Optional.of(target.network()));
    }

    /// From now on the network's servers are recovered into the stack.
    static void bind(Transaction tx, JobRequest.NetworkTarget target, SourceNetwork.Result result)
            throws DatabaseException {
        var network = require(tx, target.network()).bound(target.stack());
        var recovery = network.recovery().orElseThrow();
        NetworkTables.SOURCES.update(
                tx,
                network.with(
                        new SourceNetwork.Recovery(recovery.job(), recovery.askedAt(), result)));
    }

    /// Of a network that was recovered.
    SourceNetwork.Result lastResult(String id) throws IOException {
        return database.transact(tx -> require(tx, id).recovery().orElseThrow().result());
    }

    /// Servers are recovered into what they were before; a stack that was to be new goes.
    static void failed(Transaction tx, JobRequest.Networks request, JobRequest.NetworkTarget target)
            throws DatabaseException {
        var network = require(tx, target.network());
        if (!network.recovering()) {
            return;
        }
        var recovery = network.recovery().orElseThrow();
        NetworkTables.SOURCES.update(
                tx,
                network.with(
                        new SourceNetwork.Recovery(
                                recovery.job(),
                                recovery.askedAt(),
                                request.purpose() == JobRequest.NetworkPurpose.ASSOCIATE
                                        ? SourceNetwork.Result.NOT_ASSOCIATED
                                        : SourceNetwork.Result.FAILED)));
        var stack = NetworkTables.STACKS.find(tx, target.stack());
        if (target.isNew() && stack.isPresent() && isOf(stack.get(), target)) {
            NetworkTables.STACKS.delete(tx, stack.get());
        }
    }
}
