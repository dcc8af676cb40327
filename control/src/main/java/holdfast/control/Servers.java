package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.replication.AgentReport;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.ReplicationHost;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Source servers: what their agents say, their state and their end. Safe for any thread.
public final class Servers implements ReplicationHost {
    private static final Duration SAVE_EVERY = Duration.ofSeconds(30);

    private static final System.Logger LOG = System.getLogger("holdfast.servers");

    private final Database database;
    private final VolumeStore store;
    private final TimeSource time;
    private final SnapshotPolicy policy;
    private final Duration silence;
    private final long startNanos;
    private final Map<String, Presence> presences = new ConcurrentHashMap<>();
    private final Map<String, Instant> certificates = new ConcurrentHashMap<>();

    /// @param silence an agent that says nothing for so long counts as lost
    Servers(
            Database database,
            VolumeStore store,
            TimeSource time,
            SnapshotPolicy policy,
            Duration silence) {
        this.database = database;
        this.store = store;
        this.time = time;
        this.policy = policy;
        this.silence = silence;
        this.startNanos = time.nanoTime();
    }

    public List<ServerView> list() throws IOException {
        var views = new ArrayList<ServerView>();
        for (var server :
                database.transact(tx -> Tables.SERVERS.select(tx, "order by hostname, id"))) {
            views.add(view(server));
        }
        return views;
    }

    /// @throws RefusalException if there is none
    public ServerView get(String id) throws IOException {
        return view(database.transact(tx -> require(tx, id)));
    }

    static SourceServer require(Transaction tx, String id) throws DatabaseException {
        return Tables.SERVERS
                .find(tx, id)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-server",
                                "no server " + id + ": `holdfast servers` lists those there are"));
    }

    /// Cuts the server off: from now on its agent is refused. Its volumes and then its row go at
    /// once, or with the next [#finishDisconnects] if something still reads them.
    ///
    /// @throws RefusalException if there is none, or it has a recovery instance, export or job
    public void disconnect(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var server = require(tx, id);
            refuseWhileUsed(tx, id);
            change(tx, server, new ReplicationEvent.Disconnect());
            return null;
        });
        finishDisconnects();
    }

    private static void refuseWhileUsed(Transaction tx, String id) throws DatabaseException {
        for (var instance :
                Tables.INSTANCES.select(tx, "where server_id = ? and state <> 'TERMINATED'", id)) {
            throw new RefusalException(
                    "server-has-instance",
                    String.format(
                            Locale.ROOT,
                            "server %s has the recovery instance %s (%s): terminate it first",
                            id,
                            instance.id(),
                            instance.state()));
        }
        for (var export : Tables.EXPORTS.select(tx, "where server_id = ?", id)) {
            throw new RefusalException(
                    "server-has-export",
                    String.format(
                            Locale.ROOT,
                            "a point of server %s is exported as %s: delete that export first",
                            id,
                            export.id()));
        }
        for (var job : Tables.JOBS.select(tx, "where state in ('PENDING', 'STARTED')")) {
            if (job.request().servers().contains(id)) {
                throw new RefusalException(
                        "server-has-job",
                        String.format(
                                Locale.ROOT,
                                "job %s works on server %s: wait for its end",
                                job.id(),
                                id));
            }
        }
    }

    /// Deletes volumes and rows of servers that were disconnected; what is still read is left for
    /// the next time.
    void finishDisconnects() throws IOException {
        for (var server :
                database.transact(
                        tx -> Tables.SERVERS.select(tx, "where state = 'DISCONNECTED'"))) {
            try {
                for (var volume : ownedBy(server.id())) {
                    store.delete(volume.id());
                }
            } catch (RefusalException e) {
                LOG.log(
                        System.Logger.Level.INFO,
                        "server={0} deletion waits: {1}",
                        server.id(),
                        e.getMessage());
                continue;
            }
            database.<@Nullable Void>transact(tx -> {
                if (Tables.SERVERS.find(tx, server.id()).isPresent()) {
                    Tables.SERVERS.delete(tx, server);
                }
                return null;
            });
            presences.remove(server.id());
            certificates.remove(server.id());
            LOG.log(
                    System.Logger.Level.INFO,
                    "server={0} deleted, its keys destroyed",
                    server.id());
        }
    }

    private List<Volume> ownedBy(String owner) {
        return store.volumes().stream().filter(volume -> volume.owner().equals(owner)).toList();
    }

    @Override
    public List<Volume> begin(String serverId, MachineFacts machine, List<DiskFacts> facts)
            throws IOException {
        var server = database.transact(tx -> requireAdmitted(tx, serverId));
        var volumes = new ArrayList<Volume>();
        for (var disk : facts) {
            volumes.add(volumeFor(serverId, disk));
        }
        if (!store.snapshotPolicy(serverId).equals(policy)) {
            store.snapshotPolicy(serverId, policy);
        }
        database.<@Nullable Void>transact(tx -> {
            var current = requireAdmitted(tx, serverId);
            var known = current.with(machine, merged(server.disks(), facts, volumes));
            Tables.SERVERS.update(tx, known);
            change(tx, known, new ReplicationEvent.SessionBegan());
            return null;
        });
        presences.compute(serverId, (_, known) -> seenNow(known).session(1));
        return volumes;
    }

    static SourceServer requireAdmitted(Transaction tx, String id) throws DatabaseException {
        var server = require(tx, id);
        if (server.state() instanceof ReplicationState.Disconnected) {
            throw new RefusalException(
                    "server-disconnected",
                    String.format(
                            Locale.ROOT,
                            "server %s was disconnected by the operator: enrol it again to protect it",
                            id));
        }
        return server;
    }

    /// The volume is found by owner and name, so that one made just before a crash is not made
    /// twice.
    private Volume volumeFor(String serverId, DiskFacts disk) throws IOException {
        for (var volume : ownedBy(serverId)) {
            if (!volume.name().equals(disk.name())) {
                continue;
            }
            if (disk.sizeBytes() < volume.sizeBytes()) {
                throw new RefusalException(
                        "disk-shrank",
                        String.format(
                                Locale.ROOT,
                                "disk %s has %d bytes and had %d: a volume does not shrink; disconnect the server and enrol it again",
                                disk.name(),
                                disk.sizeBytes(),
                                volume.sizeBytes()));
            }
            return disk.sizeBytes() > volume.sizeBytes()
                    ? store.grow(volume.id(), disk.sizeBytes())
                    : volume;
        }
        return store.create(serverId, disk.name(), disk.sizeBytes());
    }

    /// Disks that this session does not name are kept: their replicas are.
    private static List<SourceServer.Disk> merged(
            List<SourceServer.Disk> before, List<DiskFacts> facts, List<Volume> volumes) {
        var disks = new ArrayList<SourceServer.Disk>();
        for (var i = 0; i < facts.size(); i++) {
            var disk = facts.get(i);
            disks.add(
                    new SourceServer.Disk(
                            disk.name(),
                            volumes.get(i).id().text(),
                            disk.sizeBytes(),
                            disk.model(),
                            disk.serial()));
        }
        for (var disk : before) {
            if (disks.stream().noneMatch(newer -> newer.name().equals(disk.name()))) {
                disks.add(disk);
            }
        }
        return disks;
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
        var status = store.status();
        var event =
                new ReplicationEvent.Reported(
                        report.state(),
                        report.detail(),
                        store.newestPoint(serverId).isPresent(),
                        status.state(),
                        status.reason());
        apply(serverId, event, presence);
    }

    @Override
    public void pointMade(String serverId, ConsistencyPoint point) {
        presences.compute(serverId, (_, known) -> seenNow(known));
    }

    @Override
    public void ended(String serverId, Optional<String> error) {
        var presence = presences.compute(serverId, (_, known) -> seenNow(known).session(-1));
        if (presence.sessions() == 0) {
            apply(serverId, new ReplicationEvent.SessionEnded(error), presence);
        }
    }

    /// Marks servers whose agents have gone silent without their sessions ending, or that did not
    /// come back after a restart of ours.
    void noticeSilence() throws IOException {
        for (var server : database.transact(tx -> Tables.SERVERS.select(tx, ""))) {
            var presence = presences.get(server.id());
            var seenNanos = presence == null ? startNanos : presence.seenNanos();
            var seenAt = presence == null ? server.lastSeenAt() : Optional.of(presence.seenAt());
            if (seenAt.isPresent() && time.nanoTime() - seenNanos > silence.toNanos()) {
                apply(server.id(), new ReplicationEvent.NotSeen(seenAt.get()), presence);
            }
        }
    }

    private Presence seenNow(@Nullable Presence known) {
        return known == null
                ? new Presence(
                        0,
                        time.now(),
                        time.nanoTime(),
                        time.nanoTime() - SAVE_EVERY.toNanos(),
                        Optional.empty(),
                        0,
                        Optional.empty())
                : known.seen(time.now(), time.nanoTime());
    }

    /// The callers are sessions, which a fault of the database must not end: it is logged, and the
    /// next report tries again.
    private void apply(String serverId, ReplicationEvent event, @Nullable Presence presence) {
        try {
            var saved =
                    database.transact(tx -> {
                        var server = Tables.SERVERS.find(tx, serverId);
                        return server.isPresent() && apply(tx, server.get(), event, presence);
                    });
            if (saved) {
                presences.computeIfPresent(serverId, (_, known) -> known.saved(time.nanoTime()));
            }
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "server={0} event not recorded: {1}",
                    serverId,
                    e.getMessage());
        }
    }

    private boolean apply(
            Transaction tx,
            SourceServer server,
            ReplicationEvent event,
            @Nullable Presence presence)
            throws DatabaseException {
        var changed = !server.state().on(event).equals(server.state());
        var due =
                presence != null && time.nanoTime() - presence.savedNanos() >= SAVE_EVERY.toNanos();
        if (!changed && !due) {
            return false;
        }
        var current = presence == null ? server : server.seen(presence.seenAt(), presence.report());
        Tables.SERVERS.update(tx, current);
        change(tx, current, event);
        return presence != null;
    }

    private void change(Transaction tx, SourceServer server, ReplicationEvent event)
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

    private ServerView view(SourceServer server) {
        var presence = Optional.ofNullable(presences.get(server.id()));
        var newest = store.newestPoint(server.id());
        var now = time.now();
        return new ServerView(
                server,
                Optional.ofNullable(certificates.get(server.id())),
                presence.map(Presence::seenAt).or(server::lastSeenAt),
                presence.flatMap(Presence::report).or(server::report),
                newest,
                newest.map(point -> ServerView.lagMillis(point, now, skew(server, presence))),
                presence.filter(known -> known.report().isPresent())
                        .map(Presence::clockSkewMillis));
    }
}
