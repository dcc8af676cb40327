package holdfast.agent;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.replication.BandwidthLimit;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.ReplicationLink;
import holdfast.replication.ReplicationLinks;
import holdfast.replication.certificates.Identity;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;

/// What an agent needs of the world.
///
/// @param time clocks
/// @param random for keys and jitter
/// @param files of the state directory
/// @param network for the status socket
/// @param disks of this machine
/// @param root where /proc, /sys and /etc are
/// @param version of this program
/// @param trackers opens a tracker over all disks
/// @param links opens a link to the replicator
/// @param freezer for the last resort, used only where the settings allow it
public record AgentSeams(
        TimeSource time,
        RandomSource random,
        Filesystem files,
        Network network,
        SourceDisks disks,
        Path root,
        String version,
        Trackers trackers,
        Links links,
        Freezer freezer) {
    @FunctionalInterface
    public interface Trackers {
        /// Goes on where an earlier agent stopped, or begins anew.
        Tracker open(List<TrackedDisk> disks) throws TrackerException;
    }

    @FunctionalInterface
    public interface Links {
        /// @param replicationAddress `host:port`
        ReplicationLink open(
                Identity identity,
                String replicationAddress,
                MachineFacts machine,
                List<DiskFacts> disks)
                throws IOException;
    }

    /// Those of this machine.
    ///
    /// @param version of this program
    public static AgentSeams system(AgentSettings settings, String version) {
        var time = TimeSource.system();
        var random = RandomSource.system();
        var network = Network.system();
        var limit = new BandwidthLimit(time, settings.limitBytesPerSecond().orElse(0));
        return new AgentSeams(
                time,
                random,
                Filesystem.local(),
                network,
                SourceDisks.local(),
                Path.of("/"),
                version,
                disks ->
                        holdfast.tracking.Trackers.open(
                                trackerName(settings.stateDirectory()),
                                disks,
                                settings.tracker(),
                                time),
                (identity, address, machine, disks) ->
                        new ReplicationLinks(network, time, random, identity, limit)
                                .connect(socketAddress(address), machine, disks),
                new GuardedFreezer(Processes.system(), time));
    }

    /// Agents with state directories of their own do not meet in the kernel.
    static String trackerName(Path stateDirectory) {
        var path = stateDirectory.toAbsolutePath().normalize();
        return "agent-" + Long.toHexString(DiskMemo.replicaOf(path.toString(), ""));
    }

    /// Looked up anew for each link: an address may move.
    private static InetSocketAddress socketAddress(String hostAndPort) throws IOException {
        var colon = hostAndPort.lastIndexOf(':');
        try {
            var host = hostAndPort.substring(0, colon).replaceAll("^\\[|]$", "");
            return new InetSocketAddress(host, Integer.parseInt(hostAndPort.substring(colon + 1)));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new IOException("'" + hostAndPort + "' is no replicator's address", e);
        }
    }
}
