package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.volume.StoreException;
import holdfast.volume.StoreStatus;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Protects recovery instances: makes source servers of them, whose points are made here, since
/// what an instance writes goes through the journal anyhow and no agent is needed. Safe for any
/// thread.
///
/// A row of such a server among the others is DISCONNECTED for good, so that no agent is ever let
/// in as it.
public final class Reversals {
    private static final System.Logger LOG = System.getLogger("holdfast.reversals");

    private final Database database;
    private final VolumeStore store;
    private final TimeSource time;
    private final RandomSource random;
    private final Settings<ReplicationSettings> replication;
    private final Settings<LaunchSettings> launch;

    /// @param replication and
    /// @param launch have the templates that the servers begin with
    Reversals(
            Database database,
            VolumeStore store,
            TimeSource time,
            RandomSource random,
            Settings<ReplicationSettings> replication,
            Settings<LaunchSettings> launch) {
        this.database = database;
        this.store = store;
        this.time = time;
        this.random = random;
        this.replication = replication;
        this.launch = launch;
    }

    static Shown shown(SourceServer row, Reversal reversal) {
        var server =
                row.in(
                        new ReplicationState.Continuous(),
                        "what recovery instance " + reversal.instance() + " writes is here",
                        row.stateSince());
        return new Shown(
                server,
                reversal.instance(),
                Optional.empty(),
                Optional.of(reversal),
                Optional.of(reversal.origin()));
    }

    static Optional<Reversal> of(Transaction tx, String instance) throws DatabaseException {
        return AccessTables.REVERSALS.select(tx, "where instance_id = ?", instance).stream()
                .findFirst();
    }

    /// @throws RefusalException if the server is made of a recovery instance: its replication goes
    ///   with that
    static void refuse(Transaction tx, String server) throws DatabaseException {
        var reversal = AccessTables.REVERSALS.find(tx, server);
        if (reversal.isPresent()) {
            throw new RefusalException(
                    "server-reversed",
                    String.format(
                            Locale.ROOT,
                            "server %s is recovery instance %s: its points are made for as long as it is not disconnected",
                            server,
                            reversal.get().instance()));
        }
    }

    /// @throws RefusalException if a server is made of the instance
    static void refuseReversed(Transaction tx, String instance) throws DatabaseException {
        var reversal = of(tx, instance);
        if (reversal.isPresent()) {
            throw new RefusalException(
                    "instance-reversed",
                    String.format(
                            Locale.ROOT,
                            "recovery instance %s is protected as server %s, whose points are on its disks: disconnect that server first",
                            instance,
                            reversal.get().server()));
        }
    }

    /// Makes a source server of a recovery instance. It has a point at once.
    ///
    /// @return its id
    /// @throws RefusalException if there is no such instance, it is a drill, it is being launched
    ///   or has ended, or it is protected already
    public String create(String instance) throws IOException {
        database.transact(tx -> requireReversible(tx, instance));
        var point = store.branchPoint(instance);
        var server = database.transact(tx -> create(tx, requireReversible(tx, instance)));
        store.snapshotPolicy(instance, replication.of(server).policy());
        LOG.log(
                System.Logger.Level.INFO,
                "server={0} instance={1} protected from {2} on",
                server,
                instance,
                point.id());
        return server;
    }

    private static RecoveryInstance requireReversible(Transaction tx, String id)
            throws DatabaseException {
        var instance = Instances.require(tx, id);
        if (instance.drill()) {
            throw new RefusalException(
                    "instance-is-drill",
                    "recovery instance "
                            + id
                            + " is a drill, which the next one ends: recover the server instead");
        }
        Failbacks.requireFollowable(instance);
        refuseReversed(tx, id);
        ElsewhereInstances.refuse(tx, id);
        return instance;
    }

    private String create(Transaction tx, RecoveryInstance instance) throws IOException {
        var origin = Servers.require(tx, instance.server());
        var now = time.now();
        var server =
                new SourceServer(
                        random.nextId("s"),
                        origin.hostname(),
                        new ReplicationState.Disconnected(),
                        "made of recovery instance " + instance.id(),
                        now,
                        now,
                        Optional.empty(),
                        origin.machine(),
                        Optional.empty(),
                        disks(origin, instance.id()));
        Tables.SERVERS.insert(tx, server);
        AccessTables.REVERSALS.insert(tx, new Reversal(server.id(), instance.id(), origin.id()));
        for (var template : replication.adopt(tx, server.id())) { // encrypted as what it came of
            var none = template.settings().encryptedBy(Optional.empty());
            replication.change(server.id(), _ -> none);
        }
        for (var template : launch.adopt(tx, server.id())) {
            LaunchActions.adopt(tx, template.id(), server.id());
        }
        return server.id();
    }

    private List<SourceServer.Disk> disks(SourceServer origin, String instance) {
        var branches = RecoverWork.branches(store, instance);
        var disks = new ArrayList<SourceServer.Disk>();
        for (var disk : origin.disks()) { // in their order, the boot disk first
            branches.stream()
                    .filter(branch -> branch.name().equals(disk.name()))
                    .map(branch ->
                            new SourceServer.Disk(
                                    disk.name(),
                                    branch.id().text(),
                                    branch.sizeBytes(),
                                    disk.model(),
                                    disk.serial()))
                    .forEach(disks::add);
        }
        return disks;
    }

    /// Makes a point of each protected instance. One of which none can be made does not keep others
    /// from theirs; its lag tells.
    void makePoints() throws IOException {
        for (var reversal : database.transact(tx -> AccessTables.REVERSALS.select(tx, ""))) {
            var condition = store.condition(reversal.instance());
            try {
                if (condition.state() == StoreStatus.State.FAILING) { // it would be waited for
                    throw new StoreException(condition.reason());
                }
                store.branchPoint(reversal.instance());
            } catch (IOException | RefusalException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "server={0} instance={1} no point made: {2}",
                        reversal.server(),
                        reversal.instance(),
                        e.getMessage());
            }
        }
    }

    /// No more points are made of the instance as this server.
    static void detach(Transaction tx, String server) throws DatabaseException {
        var reversal = AccessTables.REVERSALS.find(tx, server);
        if (reversal.isPresent()) {
            AccessTables.REVERSALS.delete(tx, reversal.get());
        }
    }
}
