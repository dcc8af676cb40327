package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Whether the data keys of servers can be had, and what wraps them. Safe for any thread.
final class ServerKeys {
    private static final System.Logger LOG = System.getLogger("holdfast.servers");

    private final VolumeStore store;
    private final Settings<ReplicationSettings> settings;

    /// Of servers that have a session, since they are asked for at each report.
    private final Map<String, List<VolumeId>> replicas = new ConcurrentHashMap<>();

    ServerKeys(VolumeStore store, Settings<ReplicationSettings> settings) {
        this.store = store;
        this.settings = settings;
    }

    /// Has them wrapped as the server's settings say, should a crash have come between.
    ///
    /// @return why they, or what is to wrap them, cannot be had now, if so
    Optional<String> prepare(String server) throws IOException {
        var fault = fault(server);
        if (fault.isPresent()) {
            return fault;
        }
        try {
            store.encryptionKey(server, settings.of(server).encryptionKey());
            return Optional.empty();
        } catch (RefusalException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    void began(String server, List<Volume> volumes) {
        replicas.put(server, volumes.stream().map(Volume::id).toList());
    }

    void ended(String server) {
        replicas.remove(server);
    }

    /// Why data of a server cannot be had, if so.
    Optional<String> fault(String server) throws IOException {
        return fault(
                store.volumes().stream()
                        .filter(volume -> volume.owner().equals(server))
                        .map(Volume::id)
                        .toList());
    }

    private Optional<String> fault(List<VolumeId> volumes) throws IOException {
        for (var volume : volumes) {
            if (store.find(volume).isPresent()) { // it may have been deleted meanwhile
                var fault = store.keyFault(volume);
                if (fault.isPresent()) {
                    return fault;
                }
            }
        }
        return Optional.empty();
    }

    /// Told in the place of what a server's agent says, where that does not matter any more.
    ReplicationEvent missingOr(String server, ReplicationEvent said) {
        try {
            return fault(replicas.getOrDefault(server, List.of()))
                    .<ReplicationEvent>map(ReplicationEvent.KeyMissing::new)
                    .orElse(said);
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "server={0} keys not looked at: {1}",
                    server,
                    e.getMessage());
            return said;
        }
    }
}
