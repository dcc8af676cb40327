package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Networks of source servers that are kept to be made again, as rows. What all of it means:
/// `docs/operations/networks.md`. Safe for any thread.
public final class SourceNetworks {
    /// How long an exported template can be fetched.
    static final Duration EXPORT_KEPT = Duration.ofHours(24);

    private static final System.Logger LOG = System.getLogger("holdfast.networks");

    private static final int TOKEN_BYTES = 16;

    private final Database database;
    private final TimeSource time;
    private final RandomSource random;
    private final Quotas quotas;

    SourceNetworks(Database database, TimeSource time, RandomSource random, Quotas quotas) {
        this.database = database;
        this.time = time;
        this.random = random;
        this.quotas = quotas;
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
            requireHome(tx);
            var found = Networks.find(tx, vpc).orElseThrow(() -> Networks.unknown(vpc));
            for (var known : NetworkTables.SOURCES.select(tx, "where vpc = ?", vpc)) {
                throw new RefusalException(
                        "source-network-exists",
                        "network " + vpc + " is source network " + known.id() + " already");
            }
            quotas.requireNetwork(tx);
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

    /// Networks are known by their subnets, and the launch host makes them: those of one account
    /// only, or one would meet another's.
    private static void requireHome(Transaction tx) {
        if (tx.scope().flatMap(Scope::further).isPresent()) {
            throw new RefusalException(
                    "malformed-account",
                    "networks are replicated and recovered in the home account only: ask there");
        }
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
            var found = Networks.list(tx.in(Scope.HOME));
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

    static SourceNetwork requireIdle(Transaction tx, String id) throws DatabaseException {
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
}
