package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.replication.SessionControl;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What operators order of source servers: to stop, to begin anew, to go. Safe for any thread.
///
/// An order counts once its transaction is committed: from then on the agent is refused. Then its
/// session is ended, and the replica deleted, its keys destroyed at once and its room reclaimed
/// behind; what something still reads goes with a later [#deleteReplicas].
public final class ServerOrders {
    private static final System.Logger LOG = System.getLogger("holdfast.servers");

    private final Database database;
    private final Servers servers;
    private final VolumeStore store;
    private final Placement placement;
    private final Settings<ReplicationSettings> settings;
    private final EncryptionKeys encryptionKeys;
    private final TimeSource time;

    ServerOrders(
            Database database,
            Servers servers,
            VolumeStore store,
            Settings<ReplicationSettings> settings,
            EncryptionKeys encryptionKeys,
            TimeSource time) {
        this.database = database;
        this.servers = servers;
        this.store = store;
        this.placement = new Placement(store);
        this.settings = settings;
        this.encryptionKeys = encryptionKeys;
        this.time = time;
    }

    /// Ends replication for a time: the replica and all its points go, the agent waits.
    ///
    /// @throws RefusalException if there is no such server, it does not replicate, or its replica
    ///   is needed
    public ServerView stop(String id) throws IOException {
        return carryOut(
                id,
                tx -> {
                    refuseOthers(tx, id);
                    var server = Servers.requireActive(tx, id);
                    refuseWhileUsed(tx, id);
                    servers.change(tx, server.silent(), new ReplicationEvent.Stop());
                    return Servers.refusal(Servers.require(tx, id));
                });
    }

    /// Lets a stopped server replicate again, from the first byte on.
    ///
    /// @throws RefusalException if there is no such server, or it is not stopped
    public ServerView start(String id) throws IOException {
        return carryOut(
                id,
                tx -> {
                    var server = Servers.require(tx, id);
                    refuseOthers(tx, id);
                    if (!(server.state() instanceof ReplicationState.Stopped)) {
                        throw new RefusalException(
                                "server-not-stopped",
                                String.format(
                                        Locale.ROOT,
                                        "server %s is %s: only one that is STOPPED can be started",
                                        id,
                                        server.state().name()));
                    }
                    beginAnew(tx, server);
                    return Optional.empty();
                });
    }

    /// The operator's word that a server is the machine that was refused as a copy of it: from then
    /// on the machine that replicated so far is one.
    ///
    /// @param boot id of the boot of that machine; empty if only one was refused
    /// @throws RefusalException if there is no such server, or no such machine was refused
    public ServerView acceptMachine(String id, Optional<String> boot) throws IOException {
        return carryOut(
                id,
                tx -> {
                    refuseOthers(tx, id);
                    return Optional.of(servers.machines().accept(tx, id, boot));
                });
    }

    /// Has the agent of a server that is stalled, stopped or disconnected begin anew as soon as it
    /// is heard, instead of after its pause.
    ///
    /// @throws RefusalException if there is no such server, or it replicates
    public ServerView retry(String id) throws IOException {
        return carryOut(
                id,
                tx -> {
                    var server = Servers.require(tx, id);
                    refuseOthers(tx, id);
                    if (!server.state().idle()
                            && !(server.state() instanceof ReplicationState.Stalled)) {
                        throw new RefusalException(
                                "server-not-stalled",
                                String.format(
                                        Locale.ROOT,
                                        "server %s is %s: there is nothing to try again",
                                        id,
                                        server.state().name()));
                    }
                    beginAnew(tx, server);
                    return Optional.of(
                            new RefusalException(
                                    SessionControl.AGAIN,
                                    "the operator wants replication begun anew"));
                });
    }

    /// Changes how a server is replicated; this acts at once. Another encryption key wraps the data
    /// keys of its volumes on return; what keeps it from that is made good when the agent's next
    /// session begins.
    ///
    /// @throws RefusalException if there is none, the encryption key cannot be changed, or its
    ///   disks are to be in different storage classes
    public ReplicationSettings configure(String id, UnaryOperator<ReplicationSettings> change)
            throws IOException {
        var source =
                database.transact(tx -> {
                    Extensions.refuse(tx, id);
                    return AccessTables.REVERSALS.find(tx, id).map(Reversal::instance).orElse(id);
                });
        var changed =
                database.transact(tx -> {
                    var before = settings.of(tx, id);
                    var after = settings.change(id, change);
                    placement.requirePossible(before, after);
                    if (!after.encryptionKey().equals(before.encryptionKey())) {
                        requireRewrappable(tx, id, after);
                    }
                    return new Changed(before, after);
                });
        if (!changed.after.encryptionKey().equals(changed.before.encryptionKey())) {
            store.encryptionKey(id, changed.after.encryptionKey());
        } else if (source.equals(id)) {
            servers.keys().prepare(id); // where that is not possible, the server is stalled anyhow
        }
        servers.apply(source, changed.after);
        return changed.after;
    }

    private record Changed(ReplicationSettings before, ReplicationSettings after) {}

    private void requireRewrappable(Transaction tx, String id, ReplicationSettings wanted)
            throws IOException {
        var reversal = AccessTables.REVERSALS.find(tx, id);
        if (reversal.isPresent()) {
            throw new RefusalException(
                    "server-reversed",
                    String.format(
                            Locale.ROOT,
                            "server %s is recovery instance %s, whose disks are encrypted as those of server %s, which they are branches of: set the encryption key of that",
                            id,
                            reversal.get().instance(),
                            reversal.get().origin()));
        }
        var key = wanted.encryptionKey();
        if (key.isPresent()) {
            encryptionKeys.requireUsable(tx, key.get(), id);
        }
        var fault = servers.keys().fault(id);
        if (fault.isPresent()) {
            throw new RefusalException(
                    SessionControl.KEY_MISSING,
                    "the data keys cannot be wrapped anew: " + fault.get());
        }
    }

    /// Finishes what a crash may have interrupted; a server of which that is not possible now does
    /// not keep the others from it.
    void resume() throws IOException {
        var encrypted =
                database.transact(tx ->
                        settings.where(tx, one -> one.encryptionKey().isPresent()).stream()
                                .filter(user -> !settings.isTemplate(user))
                                .toList());
        for (var id : encrypted) {
            var isReversed =
                    database.transact(tx -> AccessTables.REVERSALS.find(tx, id)).isPresent();
            try {
                if (!isReversed) {
                    store.encryptionKey(id, settings.of(id).encryptionKey());
                }
            } catch (IOException | RefusalException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "server={0} not wrapped by its encryption key: {1}",
                        id,
                        e.getMessage());
            }
        }
    }

    /// @throws RefusalException if the server's replication is not ordered by itself
    private static void refuseOthers(Transaction tx, String id) throws DatabaseException {
        Extensions.refuse(tx, id);
        Reversals.refuse(tx, id);
    }

    private void beginAnew(Transaction tx, SourceServer server) throws IOException {
        if (server.state().idle()) {
            for (var volume : store.volumes()) {
                if (volume.owner().equals(server.id())) {
                    throw new RefusalException(
                            "server-has-replica",
                            String.format(
                                    Locale.ROOT,
                                    "something still reads the former replica of server %s: try again when that has ended",
                                    server.id()));
                }
            }
        }
        servers.change(tx, server, new ReplicationEvent.Again());
    }

    /// Ends protection for good: the replica goes, and the agent is told to uninstall itself. The
    /// server stays listed until it is deleted.
    ///
    /// @throws RefusalException if there is none, or it has a recovery instance, export or job
    public ServerView disconnect(String id) throws IOException {
        var reversal = database.transact(tx -> AccessTables.REVERSALS.find(tx, id));
        var view =
                carryOut(
                        id,
                        tx -> {
                            disconnect(tx, id);
                            return Servers.refusal(Servers.require(tx, id));
                        });
        forgetSnapshots(reversal);
        return view;
    }

    /// Of an instance that is no server any more. Where a crash prevents it, they go with the
    /// instance.
    private void forgetSnapshots(Optional<Reversal> reversal) throws IOException {
        if (reversal.isPresent()) {
            store.snapshotPolicy(reversal.get().instance(), new SnapshotPolicy(List.of()));
        }
    }

    private void disconnect(Transaction tx, String id) throws DatabaseException {
        var server = Servers.require(tx, id);
        refuseWhileUsed(tx, id);
        detach(tx, server);
        servers.change(tx, server.silent(), new ReplicationEvent.Disconnect());
    }

    /// Forgets a disconnected server.
    ///
    /// @throws RefusalException if there is none, or it is not disconnected
    public void delete(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var server = Servers.require(tx, id);
            if (!(server.state() instanceof ReplicationState.Disconnected)) {
                throw new RefusalException(
                        "server-not-disconnected",
                        String.format(
                                Locale.ROOT,
                                "server %s is %s: disconnect it first",
                                id,
                                server.state().name()));
            }
            forget(tx, id);
            return null;
        });
    }

    /// Disconnects and forgets a server.
    ///
    /// @throws RefusalException if there is none, or it has a recovery instance, export or job
    public void remove(String id) throws IOException {
        var reversal = database.transact(tx -> AccessTables.REVERSALS.find(tx, id));
        var word =
                database.transact(tx -> {
                    disconnect(tx, id);
                    var gone = Servers.refusal(Servers.require(tx, id)).orElseThrow();
                    forget(tx, id);
                    return gone;
                });
        servers.end(id, word);
        deleteReplicas();
        forgetSnapshots(reversal);
    }

    private void forget(Transaction tx, String id) throws DatabaseException {
        var server = Servers.require(tx, id);
        detach(tx, server);
        servers.change(tx, server, new ReplicationEvent.Delete());
        Tags.forget(tx, id);
        Settings.forget(tx, id);
        LaunchActions.forget(tx, id);
    }

    private void detach(Transaction tx, SourceServer server) throws DatabaseException {
        Extensions.detach(tx, server, time.now());
        Reversals.detach(tx, server.id());
    }

    /// @param order returns what the agent is to be told, if its session is to end
    private ServerView carryOut(String id, Database.Work<Optional<RefusalException>> order)
            throws IOException {
        var word = database.transact(order);
        word.ifPresent(why -> servers.end(id, why));
        deleteReplicas();
        return servers.get(id);
    }

    /// Deletes the volumes of all servers that are to have none; what is still read is left for the
    /// next time.
    void deleteReplicas() throws IOException {
        var idle =
                database
                        .transact(tx ->
                                Tables.SERVERS.select(
                                        tx,
                                        "where state in ('STOPPED', 'DISCONNECTED', 'DELETED')"))
                        .stream()
                        .map(SourceServer::id)
                        .collect(Collectors.toSet());
        if (idle.isEmpty()) {
            return;
        }
        for (var volume : store.volumes()) {
            if (!idle.contains(volume.owner())) {
                continue;
            }
            try {
                store.delete(volume.id());
                LOG.log(
                        System.Logger.Level.INFO,
                        "server={0} volume={1} deleted, its key destroyed",
                        volume.owner(),
                        volume.id());
            } catch (RefusalException e) {
                LOG.log(
                        System.Logger.Level.INFO,
                        "server={0} deletion waits: {1}",
                        volume.owner(),
                        e.getMessage());
            } catch (IOException e) { // others may be in another staging area
                LOG.log(
                        System.Logger.Level.WARNING,
                        "server={0} volume={1} not deleted, tried again: {2}",
                        volume.owner(),
                        volume.id(),
                        e.getMessage());
            }
        }
    }

    private static void refuseWhileUsed(Transaction tx, String id) throws DatabaseException {
        refuseWhileUsedHere(tx, id);
        for (var extension : Extensions.of(tx, id)) {
            try {
                refuseWhileUsedHere(tx.whole(), extension.server());
            } catch (RefusalException _) { // what it is, is the other account's business
                throw new RefusalException(
                        "server-used-elsewhere",
                        String.format(
                                Locale.ROOT,
                                "account %s, into which server %s is extended, has a recovery instance, export or job of it: that must end first",
                                Accounts.holder(tx.whole(), extension.server()),
                                id));
            }
        }
    }

    private static void refuseWhileUsedHere(Transaction tx, String id) throws DatabaseException {
        refuseWithJob(tx, List.of(id)); // which may be launching the instance below
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
    }

    /// @throws RefusalException if a job works on one of these servers
    static void refuseWithJob(Transaction tx, List<String> ids) throws DatabaseException {
        for (var job : Tables.JOBS.select(tx, "where state in ('PENDING', 'STARTED')")) {
            for (var id : ids) {
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
    }
}
