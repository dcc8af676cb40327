package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.replication.AgentReport;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.Newcomer;
import holdfast.replication.ReplicationHost;
import holdfast.replication.SessionControl;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Source servers: what their agents say, and their state. Safe for any thread.
public final class Servers implements ReplicationHost {
    /// Points of recovery instances are made far more often.
    private static final long POINTS_LATE_MILLIS = 60_000;

    private static final System.Logger LOG = System.getLogger("holdfast.servers");

    private final Database database;
    private final VolumeStore store;
    private final TimeSource time;
    private final Settings<ReplicationSettings> settings;
    private final Map<String, Presence> presences = new ConcurrentHashMap<>();
    private final Attendance attendance;
    private final ServerMachines machines;
    private final ServerVolumes volumes;
    private final ServerKeys keys;
    private final ConnectionLosses losses;
    private final Map<String, SessionControl> sessions = new ConcurrentHashMap<>();
    private final Map<String, Instant> certificates = new ConcurrentHashMap<>();

    /// @param silence an agent that says nothing for so long counts as lost
    Servers(
            Database database,
            VolumeStore store,
            TimeSource time,
            Settings<ReplicationSettings> settings,
            Duration silence) {
        this.database = database;
        this.store = store;
        this.time = time;
        this.settings = settings;
        this.machines = new ServerMachines(database, time);
        this.volumes = new ServerVolumes(store);
        this.keys = new ServerKeys(store, settings);
        this.losses = new ConnectionLosses(time);
        this.attendance = new Attendance(database, time, silence, presences, this::apply);
    }

    public List<ServerView> list() throws IOException {
        return views("where state <> 'DELETED' order by hostname, id");
    }

    /// A part of all, by id; costs the same however many there are.
    ///
    /// @param after the last id of the part before; empty to begin
    public List<ServerView> list(String after, int limit) throws IOException {
        return views(
                "where id > ? and state <> 'DELETED' order by id limit ?", after, (long) limit);
    }

    private List<ServerView> views(String clauses, Object... arguments) throws IOException {
        return database
                .transact(tx -> Shown.of(tx, Tables.SERVERS.select(tx, clauses, arguments)))
                .stream()
                .map(this::view)
                .toList();
    }

    /// Those of these ids that there are.
    public List<ServerView> list(Collection<String> ids) throws IOException {
        var found =
                database.transact(tx -> {
                    var servers = new ArrayList<SourceServer>();
                    for (var id : Set.copyOf(ids)) {
                        row(tx, id).ifPresent(servers::add);
                    }
                    return Shown.of(tx, servers);
                });
        return found.stream().map(this::view).toList();
    }

    /// @throws RefusalException if there is none
    public ServerView get(String id) throws IOException {
        return view(
                database.transact(tx -> Shown.of(tx, row(tx, id).orElseThrow(() -> unknown(id)))));
    }

    /// An extended server is seen as what it is extended from.
    static SourceServer require(Transaction tx, String id) throws DatabaseException {
        return find(tx, id).orElseThrow(() -> unknown(id));
    }

    static Optional<SourceServer> find(Transaction tx, String id) throws DatabaseException {
        var row = row(tx, id);
        return row.isPresent() ? Optional.of(Shown.of(tx, row.get()).server()) : Optional.empty();
    }

    /// A deleted server is not found.
    static Optional<SourceServer> row(Transaction tx, String id) throws DatabaseException {
        return Tables.SERVERS
                .find(tx, id)
                .filter(server -> !(server.state() instanceof ReplicationState.Deleted));
    }

    static RefusalException unknown(String id) {
        return new RefusalException(
                "unknown-server", "no server " + id + ": `holdfast servers` lists those there are");
    }

    /// @throws RefusalException if there is none, or it has no replica by the operator's will
    static SourceServer requireActive(Transaction tx, String id) throws DatabaseException {
        var server = require(tx, id);
        Extensions.requireIntact(tx, id);
        throwIfPresent(refusal(server));
        return server;
    }

    private static void throwIfPresent(Optional<RefusalException> refusal) {
        if (refusal.isPresent()) {
            throw refusal.get();
        }
    }

    /// Why the server may not replicate, if so; this is what its agent is told.
    static Optional<RefusalException> refusal(SourceServer server) {
        return switch (server.state()) {
            case ReplicationState.Stopped() ->
                    Optional.of(
                            new RefusalException(
                                    SessionControl.STOPPED,
                                    String.format(
                                            Locale.ROOT,
                                            "replication of server %s was stopped by the operator:"
                                                    + " start it to protect the server again",
                                            server.id())));
            case ReplicationState.Disconnected(), ReplicationState.Deleted() ->
                    Optional.of(
                            new RefusalException(
                                    SessionControl.DISCONNECTED,
                                    String.format(
                                            Locale.ROOT,
                                            "server %s was disconnected by the operator: enrol it"
                                                    + " again to protect it",
                                            server.id())));
            case ReplicationState.Initiating(),
                    ReplicationState.InitialSync(),
                    ReplicationState.Rescan(),
                    ReplicationState.CreatingSnapshot(),
                    ReplicationState.Continuous(),
                    ReplicationState.Backlog(),
                    ReplicationState.Stalled(_) ->
                    Optional.empty();
        };
    }

    @Override
    public void admit(String serverId, Newcomer newcomer) throws IOException, InterruptedException {
        machines.admit(serverId, newcomer);
    }

    /// Which machines they are.
    ServerMachines machines() {
        return machines;
    }

    /// Machines that asked to replicate as the server and may not: copies of it.
    public List<ServerMachine.Refused> refusedMachines(String id) throws IOException {
        return machines.refused(id);
    }

    @Override
    public Begun begin(String serverId, MachineFacts machine, List<DiskFacts> facts)
            throws IOException {
        var server = database.transact(tx -> Tables.SERVERS.find(tx, serverId));
        if (server.isPresent()) {
            presences.compute(serverId, (_, known) -> seenNow(known)); // also one that may not
        }
        database.transact(tx -> requireAdmitted(tx, serverId));
        requireKeys(serverId);
        var prepared = volumes.prepare(serverId, facts, settings.of(serverId));
        keys.began(serverId, prepared);
        var boots =
                database.transact(tx -> {
                    var current = requireAdmitted(tx, serverId);
                    var taken = machines.began(tx, serverId, machine);
                    var known =
                            current.with(
                                    machine,
                                    ServerVolumes.merged(current.disks(), facts, prepared));
                    Tables.SERVERS.update(tx, known);
                    change(tx, known, new ReplicationEvent.SessionBegan());
                    return taken;
                });
        presences.compute(serverId, (_, known) -> seenNow(known).session(1));
        losses.began(serverId, machine.run());
        return new Begun(prepared, boots);
    }

    /// @throws RefusalException if the server's data keys cannot be had now
    private void requireKeys(String serverId) throws IOException {
        var fault = keys.prepare(serverId);
        if (fault.isPresent()) {
            var presence = presences.compute(serverId, (_, known) -> seenNow(known));
            apply(serverId, new ReplicationEvent.KeyMissing(fault.get()), presence);
            throw new RefusalException(SessionControl.KEY_MISSING, fault.get());
        }
    }

    ServerKeys keys() {
        return keys;
    }

    /// A deleted server's agent is told that it was disconnected, too.
    private static SourceServer requireAdmitted(Transaction tx, String id)
            throws DatabaseException {
        var server = Tables.SERVERS.find(tx, id).orElseThrow(() -> unknown(id));
        throwIfPresent(refusal(server));
        return server;
    }

    @Override
    public void began(String serverId, SessionControl session) {
        sessions.put(serverId, session);
        try { // an order given since the session asked to begin may have missed it
            database.transact(tx -> requireAdmitted(tx, serverId));
            session.limit(settings.of(serverId).limitBytesPerSecond());
        } catch (RefusalException e) {
            session.end(e);
        } catch (IOException e) {
            session.end(new RefusalException(SessionControl.AGAIN, String.valueOf(e.getMessage())));
        }
    }

    /// Lets new settings act.
    void apply(String serverId, ReplicationSettings changed) throws IOException {
        volumes.apply(serverId, changed);
        var session = sessions.get(serverId);
        if (session != null) {
            session.limit(changed.limitBytesPerSecond());
        }
    }

    /// Ends the session of a server's agent, if it has one, and forgets what it said in it.
    void end(String serverId, RefusalException why) {
        var session = sessions.get(serverId);
        if (session != null) {
            session.end(why);
        }
        presences.computeIfPresent(serverId, (_, known) -> known.silent());
    }

    @Override
    public void certified(String serverId, Instant expiresAt) {
        certificates.put(serverId, expiresAt);
    }

    @Override
    public void renewing(String serverId) throws IOException {
        database.transact(tx -> requireAdmitted(tx, serverId));
    }

    @Override
    public void reported(String serverId, AgentReport report) {
        var presence = presences.compute(serverId, (_, known) -> seenNow(known).reported(report));
        var staging = store.condition(serverId);
        var event =
                new ReplicationEvent.Reported(
                        report.state(),
                        report.detail(),
                        store.newestPoint(serverId).isPresent(),
                        staging.state(),
                        staging.reason());
        apply(serverId, keys.missingOr(serverId, event), presence);
    }

    @Override
    public void pointMade(String serverId, ConsistencyPoint point) {
        presences.compute(serverId, (_, known) -> seenNow(known));
    }

    /// Servers are not failed back, instances are: nobody asks for this.
    @Override
    public void finished(String serverId, long round) {}

    @Override
    public void ended(String serverId, Optional<String> error) {
        sessions.remove(serverId);
        var presence = presences.compute(serverId, (_, known) -> seenNow(known).session(-1));
        if (presence.sessions() == 0) {
            var event = new ReplicationEvent.SessionEnded(error);
            apply(serverId, keys.missingOr(serverId, event), presence);
            keys.ended(serverId);
        }
    }

    /// What is to be done again and again about what is heard of agents, and what is not.
    Attendance attendance() {
        return attendance;
    }

    /// Forgets servers that were deleted before that time.
    void prune(Instant before) throws IOException {
        for (var old :
                database.transact(tx ->
                        Tables.SERVERS.select(
                                tx,
                                "where state = 'DELETED' and state_since < ?",
                                before.toEpochMilli()))) {
            database.<@Nullable Void>transact(tx -> {
                Tables.SERVERS.delete(tx, old);
                ServerMachines.forget(tx, old.id());
                return null;
            });
            presences.remove(old.id());
            certificates.remove(old.id());
            losses.forget(old.id());
        }
    }

    private Presence seenNow(@Nullable Presence known) {
        return known == null
                ? new Presence(
                        0,
                        time.now(),
                        time.nanoTime(),
                        time.nanoTime() - Attendance.SAVE_EVERY.toNanos(),
                        Optional.empty(),
                        0,
                        Optional.empty())
                : known.seen(time.now(), time.nanoTime());
    }

    /// The callers are sessions, which a fault of the database must not end: it is logged, and the
    /// next report tries again.
    private void apply(String serverId, ReplicationEvent event, Presence presence) {
        try {
            database.<@Nullable Void>transact(tx -> {
                var server = Tables.SERVERS.find(tx, serverId);
                if (server.isPresent()) {
                    apply(tx, server.get(), event, presence);
                }
                return null;
            });
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "server={0} event not recorded: {1}",
                    serverId,
                    e.getMessage());
        }
    }

    /// Writes a change of state, and with it what is known of the agent.
    private void apply(
            Transaction tx,
            SourceServer server,
            ReplicationEvent event,
            @Nullable Presence presence)
            throws DatabaseException {
        if (!server.state().on(event).equals(server.state())) {
            var current =
                    presence == null ? server : server.seen(presence.seenAt(), presence.report());
            Tables.SERVERS.update(tx, current);
            change(tx, current, event);
        }
    }

    void change(Transaction tx, SourceServer server, ReplicationEvent event)
            throws DatabaseException {
        var next = server.state().on(event);
        if (next.equals(server.state())) {
            return;
        }
        Tables.SERVERS.update(tx, server.in(next, event.reason(), time.now()));
        tx.afterCommit(() ->
                LOG.log(
                        System.Logger.Level.INFO,
                        "server={0} state={1} -> {2} ({3})",
                        server.id(),
                        server.state().name(),
                        next.name(),
                        event.reason()));
    }

    /// From what was kept of an agent that has not been heard since the start, if need be.
    private static Optional<Long> skew(SourceServer server, Optional<Presence> presence) {
        return presence.flatMap(Presence::promptSkewMillis)
                .or(() ->
                        server.report()
                                .flatMap(report ->
                                        server.lastSeenAt()
                                                .map(at ->
                                                        report.clockMillis() - at.toEpochMilli())));
    }

    private ServerView view(Shown shown) {
        var server = shown.server();
        var source = shown.source();
        var presence = Optional.ofNullable(presences.get(source));
        var idle = server.state().idle(); // then what is left of the replica does not count
        var newest = idle ? Optional.<ConsistencyPoint>empty() : store.newestPoint(source);
        var now = time.now();
        var lag = newest.map(point -> ServerView.lagMillis(point, now, skew(server, presence)));
        var late = shown.reversal().isPresent() && lag.orElse(Long.MAX_VALUE) > POINTS_LATE_MILLIS;
        return new ServerView(
                late
                        ? server.in(
                                new ReplicationState.Stalled("staging-points"),
                                "no points are made, see the server's log",
                                server.stateSince())
                        : server,
                shown.extension(),
                shown.reversal(),
                shown.opposite(),
                Optional.ofNullable(certificates.get(source)),
                presence.map(Presence::seenAt).or(server::lastSeenAt),
                idle ? Optional.empty() : presence.flatMap(Presence::report).or(server::report),
                newest,
                lag,
                store.storageClass(source),
                presence.filter(known -> known.report().isPresent()).map(Presence::clockSkewMillis),
                losses.lately(source));
    }
}
