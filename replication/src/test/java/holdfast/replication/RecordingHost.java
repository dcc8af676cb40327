package holdfast.replication;

import holdfast.base.RefusalException;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.Volume;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/// A control plane that admits everyone but those it was told not to, and notes what it is told.
final class RecordingHost implements ReplicationHost {
    final Set<String> refused = ConcurrentHashMap.newKeySet();

    /// Boots of machines that are refused while another has the session.
    final Set<String> copies = ConcurrentHashMap.newKeySet();

    volatile long boots;
    final LinkedBlockingQueue<AgentReport> reports = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<ConsistencyPoint> points = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<Long> finished = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<Ended> ended = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<Instant> certified = new LinkedBlockingQueue<>();
    final Map<String, SessionControl> sessions = new ConcurrentHashMap<>();
    private final FakeStore store;

    record Ended(String serverId, Optional<String> error) {}

    RecordingHost(FakeStore store) {
        this.store = store;
    }

    @Override
    public void admit(String serverId, Newcomer newcomer) throws InterruptedException {
        if (copies.contains(newcomer.machine().bootId()) && newcomer.incumbent().answers()) {
            throw new RefusalException(SessionControl.OTHER_MACHINE, "a copy of " + serverId);
        }
    }

    @Override
    public synchronized Begun begin(String serverId, MachineFacts machine, List<DiskFacts> disks) {
        if (refused.contains(serverId)) {
            throw new RefusalException("server-stopped", "server " + serverId + " is stopped");
        }
        return new Begun(disks.stream().map(disk -> volume(serverId, disk)).toList(), boots);
    }

    private Volume volume(String serverId, DiskFacts disk) {
        return store.volumes().stream()
                .filter(volume -> volume.owner().equals(serverId))
                .filter(volume -> volume.name().equals(disk.name()))
                .findFirst()
                .orElseGet(() -> store.create(serverId, disk.name(), disk.sizeBytes()));
    }

    @Override
    public void began(String serverId, SessionControl session) {
        sessions.put(serverId, session);
    }

    @Override
    public void certified(String serverId, Instant expiresAt) {
        certified.add(expiresAt);
    }

    @Override
    public void renewing(String serverId) {
        if (refused.contains(serverId)) {
            throw new RefusalException("server-stopped", "server " + serverId + " is stopped");
        }
    }

    @Override
    public void reported(String serverId, AgentReport report) {
        reports.add(report);
    }

    @Override
    public void pointMade(String serverId, ConsistencyPoint point) {
        points.add(point);
    }

    @Override
    public void finished(String serverId, long round) {
        finished.add(round);
        sessions.get(serverId).end(new RefusalException(SessionControl.FINISHED, "recorded"));
    }

    @Override
    public void ended(String serverId, Optional<String> error) {
        ended.add(new Ended(serverId, error));
    }
}
