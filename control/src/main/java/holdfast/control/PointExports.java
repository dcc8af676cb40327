package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.nbd.Exports;
import holdfast.replication.SessionControl;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeStore;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What the NBD server offers: branches of recovery instances, by their ids, to write; and points
/// that were asked for, by the export's id, read-only.
///
/// Keeps one view open for each exported point, so that reclaim leaves alone what it reaches for as
/// long as the export exists. Safe for any thread; closed by its controller.
public final class PointExports implements Exports, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("holdfast.exports");

    private final Database database;
    private final VolumeStore store;
    private final Points points;
    private final ElsewhereInstances elsewhere;
    private final TimeSource time;
    private final RandomSource random;
    private final Map<String, VolumeView> held = new ConcurrentHashMap<>();
    private final Set<String> ended = ConcurrentHashMap.newKeySet();
    private volatile Consumer<String> disconnect = _ -> {};

    PointExports(
            Database database,
            VolumeStore store,
            Points points,
            ElsewhereInstances elsewhere,
            TimeSource time,
            RandomSource random) {
        this.elsewhere = elsewhere;
        this.database = database;
        this.store = store;
        this.points = points;
        this.time = time;
        this.random = random;
    }

    /// @param disconnect ends the NBD connections to an export that is no longer opened, and
    ///   returns once the views they had are closed
    public void onEnd(Consumer<String> disconnect) {
        this.disconnect = disconnect;
    }

    /// Serves again what an earlier process served. A point that is gone since is no longer an
    /// export.
    void resume() throws IOException {
        for (var export : database.transact(tx -> Tables.EXPORTS.select(tx, ""))) {
            try {
                hold(export);
            } catch (RefusalException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "export={0} dropped: {1}",
                        export.id(),
                        e.getMessage());
                delete(export.id());
            }
        }
    }

    /// Serves a point of one disk until [#delete].
    ///
    /// @param disk its name on the source
    /// @throws RefusalException if there is no such server, disk or point
    public PointExport create(String server, String disk, PointChoice choice) throws IOException {
        var source = database.transact(tx -> Servers.requireActive(tx, server));
        var point = points.choose(server, choice);
        var volume =
                source.disks().stream()
                        .filter(known -> known.name().equals(disk))
                        .findFirst()
                        .orElseThrow(() -> unknownDisk(source, disk))
                        .volume();
        return serve(List.of(export(server, disk, volume, point))).getFirst();
    }

    /// Makes a point of all disks of a recovery instance and serves each until [#delete], or until
    /// the instance is terminated.
    ///
    /// @throws RefusalException if there is no such instance, or its disks are not there
    public List<PointExport> createOfInstance(String id) throws IOException {
        var instance = database.transact(tx -> Instances.require(tx, id));
        switch (instance.state()) {
            case RUNNING, STOPPED, FAILED -> {}
            case LAUNCHING, TERMINATING, TERMINATED ->
                    throw new RefusalException(
                            "instance-" + instance.state().name().toLowerCase(Locale.ROOT),
                            String.format(
                                    Locale.ROOT,
                                    "recovery instance %s is %s: its disks cannot be exported",
                                    id,
                                    instance.state()));
        }
        var branches = RecoverWork.branches(store, id);
        if (branches.isEmpty()) {
            throw new RefusalException(
                    "no-disks", "recovery instance " + id + " has no disks: its launch failed");
        }
        var point = elsewhere.point(id);
        return serve(
                branches.stream()
                        .map(branch ->
                                export(instance.server(), branch.name(), branch.id().text(), point))
                        .toList());
    }

    private PointExport export(String server, String disk, String volume, ConsistencyPoint point) {
        return new PointExport(random.nextId("export"), server, disk, volume, time.now(), point);
    }

    private List<PointExport> serve(List<PointExport> exports) throws IOException {
        for (var export : exports) { // whoever reads is told of an I/O error only
            var fault = store.keyFault(new VolumeId(export.volume()));
            if (fault.isPresent()) {
                throw new RefusalException(SessionControl.KEY_MISSING, fault.get());
            }
        }
        database.<@Nullable Void>transact(tx -> {
            for (var export : exports) {
                Tables.EXPORTS.insert(tx, export);
            }
            return null;
        });
        try {
            for (var export : exports) {
                hold(export);
            }
        } catch (IOException | RefusalException e) {
            for (var export : exports) {
                delete(export.id());
            }
            throw e;
        }
        for (var export : exports) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "export={0} server={1} disk={2} point={3} served",
                    export.id(),
                    export.server(),
                    export.disk(),
                    export.point().id());
        }
        return exports;
    }

    public List<PointExport> list() throws IOException {
        return database.transact(tx -> Tables.EXPORTS.select(tx, "order by created_at, id"));
    }

    /// Ends an export and its connections.
    ///
    /// @throws RefusalException if there is none
    public void delete(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var export =
                    Tables.EXPORTS
                            .find(tx, id)
                            .orElseThrow(() ->
                                    new RefusalException("unknown-export", "no export " + id));
            Tables.EXPORTS.delete(tx, export);
            return null;
        });
        var view = held.remove(id);
        if (view != null) {
            view.close();
        }
        disconnect.accept(id);
        LOG.log(System.Logger.Level.INFO, "export={0} ended", id);
    }

    /// Ends the serving of a branch that is about to be deleted, and of its points.
    void end(VolumeId branch) throws IOException {
        ended.add(branch.text());
        disconnect.accept(branch.text());
        for (var export :
                database.transact(
                        tx -> Tables.EXPORTS.select(tx, "where volume_id = ?", branch.text()))) {
            delete(export.id());
        }
    }

    private void hold(PointExport export) throws IOException {
        held.put(export.id(), store.view(new VolumeId(export.volume()), export.point().sequence()));
    }

    private static RefusalException unknownDisk(SourceServer server, String disk) {
        var names =
                server.disks().stream()
                        .map(SourceServer.Disk::name)
                        .collect(Collectors.joining(", "));
        return new RefusalException(
                "unknown-disk",
                String.format(
                        Locale.ROOT,
                        "server %s has no disk %s; it has: %s",
                        server.id(),
                        disk,
                        names));
    }

    @Override
    public List<String> names() {
        var names = new ArrayList<String>();
        for (var volume : store.volumes()) {
            if (volume.origin().isPresent() && !ended.contains(volume.id().text())) {
                names.add(volume.id().text());
            }
        }
        names.addAll(held.keySet());
        names.sort(null);
        return names;
    }

    @Override
    public Optional<VolumeView> open(String name) throws IOException {
        var view = held.get(name);
        if (view != null) {
            return Optional.of(store.view(view.volume().id(), view.sequence()));
        }
        if (ended.contains(name)) {
            return Optional.empty();
        }
        for (var volume : store.volumes()) {
            if (volume.origin().isPresent() && volume.id().text().equals(name)) {
                return Optional.of(store.openBranch(volume.id()));
            }
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        held.values().forEach(VolumeView::close);
        held.clear();
    }
}
