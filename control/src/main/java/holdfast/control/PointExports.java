package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.nbd.Exports;
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
    private final TimeSource time;
    private final RandomSource random;
    private final Map<String, VolumeView> held = new ConcurrentHashMap<>();
    private final Set<String> ended = ConcurrentHashMap.newKeySet();
    private volatile Consumer<String> disconnect = _ -> {};

    PointExports(
            Database database,
            VolumeStore store,
            Points points,
            TimeSource time,
            RandomSource random) {
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
        var export =
                new PointExport(random.nextId("export"), server, disk, volume, time.now(), point);
        database.<@Nullable Void>transact(tx -> {
            Tables.EXPORTS.insert(tx, export);
            return null;
        });
        try {
            hold(export);
        } catch (IOException | RefusalException e) {
            delete(export.id());
            throw e;
        }
        LOG.log(
                System.Logger.Level.INFO,
                "export={0} server={1} disk={2} point={3} served",
                export.id(),
                server,
                disk,
                point.id());
        return export;
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

    /// Ends the serving of a branch that is about to be deleted.
    void end(VolumeId branch) {
        ended.add(branch.text());
        disconnect.accept(branch.text());
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
