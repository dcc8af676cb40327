package holdfast.simulation;

import holdfast.replication.AgentReport;
import holdfast.replication.ComparedDisk;
import holdfast.replication.DiskFacts;
import holdfast.replication.FailbackHost;
import holdfast.replication.MachineFacts;
import java.util.List;
import java.util.Optional;

/// A world in which nobody fails back: no certificate is a failback client's, so nothing else is
/// ever asked.
final class NoFailbacks implements FailbackHost {
    @Override
    public boolean isClient(String name) {
        return false;
    }

    @Override
    public Followed begin(String clientId, MachineFacts machine, List<DiskFacts> disks) {
        throw unexpected(clientId);
    }

    @Override
    public Turn nextPoint(String clientId) {
        throw unexpected(clientId);
    }

    @Override
    public long bytesPerSecondMax(String clientId) {
        throw unexpected(clientId);
    }

    @Override
    public void reported(String clientId, AgentReport report) {
        throw unexpected(clientId);
    }

    @Override
    public void reached(String clientId, long sequence) {
        throw unexpected(clientId);
    }

    @Override
    public void verified(String clientId, long sequence, List<ComparedDisk> disks) {
        throw unexpected(clientId);
    }

    @Override
    public void ended(String clientId, Optional<String> error) {
        throw unexpected(clientId);
    }

    private static AssertionError unexpected(String clientId) {
        return new AssertionError(clientId + " is no failback client");
    }
}
