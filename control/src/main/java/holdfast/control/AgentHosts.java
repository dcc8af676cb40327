package holdfast.control;

import holdfast.replication.AgentReport;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.Newcomer;
import holdfast.replication.ReplicationHost;
import holdfast.replication.SessionControl;
import holdfast.volume.ConsistencyPoint;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Agents of source servers and of recovery instances that run elsewhere, told apart by their
/// names.
record AgentHosts(Servers servers, ElsewhereInstances instances) implements ReplicationHost {
    private ReplicationHost of(String name) {
        return ElsewhereInstances.isInstance(name) ? instances : servers;
    }

    @Override
    public void admit(String name, Newcomer newcomer) throws IOException, InterruptedException {
        of(name).admit(name, newcomer);
    }

    @Override
    public Begun begin(String name, MachineFacts machine, List<DiskFacts> disks)
            throws IOException {
        return of(name).begin(name, machine, disks);
    }

    @Override
    public void began(String name, SessionControl session) {
        of(name).began(name, session);
    }

    @Override
    public void certified(String name, Instant expiresAt) {
        of(name).certified(name, expiresAt);
    }

    @Override
    public void renewing(String name) throws IOException {
        of(name).renewing(name);
    }

    @Override
    public void reported(String name, AgentReport report) {
        of(name).reported(name, report);
    }

    @Override
    public void pointMade(String name, ConsistencyPoint point) {
        of(name).pointMade(name, point);
    }

    @Override
    public void finished(String name, long round) {
        of(name).finished(name, round);
    }

    @Override
    public void ended(String name, Optional<String> error) {
        of(name).ended(name, error);
    }
}
