package holdfast.failback;

import holdfast.base.Network;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.replication.BandwidthLimit;
import holdfast.replication.BranchLink;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.ReplicationLinks;
import holdfast.replication.SessionEndedException;
import holdfast.replication.certificates.Identity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// Follows a recovery instance with the local disks until they are complete, through cuts of the
/// network.
///
/// Used once, by one thread.
final class Pursuit {
    private static final Duration REPORT_EVERY = Duration.ofSeconds(1);

    /// What trying again does not mend.
    private static final Set<String> FINAL =
            Set.of(
                    "failback-stopped",
                    "failback-completed",
                    "failback-not-started",
                    "instance-disconnected",
                    "instance-terminating",
                    "instance-terminated",
                    "unknown-instance",
                    "unknown-disk",
                    "certificate-invalid",
                    "version-mismatch",
                    "superseded");

    private final Seams seams;
    private final Operator operator;
    private final List<MappedDisk> mapped;
    private final Identity identity;
    private final FailbackDirectory.Kept kept;
    private long sentBytes;
    private long receivedBytes;

    /// What it touches of the world.
    ///
    /// @param address of a replicator by `host:port`, looked up anew for each link
    record Seams(
            TimeSource time,
            RandomSource random,
            Network network,
            MachineFacts machine,
            Function<String, SocketAddress> address,
            TargetDisk.Opener disks) {}

    /// @param kept where the disks stand
    Pursuit(
            Seams seams,
            Operator operator,
            List<MappedDisk> mapped,
            Identity identity,
            FailbackDirectory.Kept kept) {
        this.seams = seams;
        this.operator = operator;
        this.mapped = List.copyOf(mapped);
        this.identity = identity;
        this.kept = kept;
    }

    static SocketAddress address(String hostAndPort) {
        var colon = hostAndPort.lastIndexOf(':');
        var host = hostAndPort.substring(0, colon).replaceAll("[\\[\\]]", "");
        return new InetSocketAddress(host, Integer.parseInt(hostAndPort.substring(colon + 1)));
    }

    /// To the server so far.
    long sentBytes() {
        return sentBytes;
    }

    /// From the server so far.
    long receivedBytes() {
        return receivedBytes;
    }

    /// Finds out what a failback would do; writes nothing.
    Outcome dryRun() throws IOException, InterruptedException {
        var open = new ArrayList<TargetDisk>();
        try {
            open(open, false);
            var meter = new Meter(seams.time(), mapped);
            try (var link = connect();
                    var _ = new Reporter(link, meter, operator, seams.time(), REPORT_EVERY)) {
                return new DryRun(mapped, open, seams.time(), meter).run(link);
            }
        } finally {
            open.forEach(TargetDisk::close);
        }
    }

    /// Until it is done, whatever the network does meanwhile.
    ///
    /// @return where the disks stand: complete
    /// @throws SessionEndedException if the server refuses for good
    Position follow(FailbackDirectory directory) throws IOException, InterruptedException {
        var open = new ArrayList<TargetDisk>();
        try {
            open(open, true);
            var meter = new Meter(seams.time(), mapped);
            var follower = new Follower(mapped, open, directory, kept, seams.time(), meter);
            follow(follower, meter);
            return follower.position();
        } finally {
            open.forEach(TargetDisk::close);
        }
    }

    private void open(List<TargetDisk> open, boolean writable) throws IOException {
        for (var disk : mapped) {
            open.add(seams.disks().open(disk, writable));
        }
    }

    private void follow(Follower follower, Meter meter) throws IOException, InterruptedException {
        var pauses = new Pauses(seams.time(), operator);
        while (true) {
            try (var link = connect()) {
                try (var _ = new Reporter(link, meter, operator, seams.time(), REPORT_EVERY)) {
                    pauses.begin();
                    follower.follow(link);
                    return;
                } finally {
                    sentBytes += link.sentBytes();
                    receivedBytes += link.receivedBytes();
                }
            } catch (SessionEndedException e) {
                if (FINAL.contains(e.code())) {
                    throw e;
                }
                pauses.next(e);
            } catch (IOException e) {
                pauses.next(e);
            }
        }
    }

    private BranchLink connect() throws IOException {
        var links =
                new ReplicationLinks(
                        seams.network(),
                        seams.time(),
                        seams.random(),
                        identity,
                        new BandwidthLimit(seams.time(), 0));
        var facts =
                mapped.stream()
                        .map(disk ->
                                new DiskFacts(
                                        disk.recovery().name(),
                                        disk.local().sizeBytes(),
                                        disk.local().model(),
                                        disk.local().serial()))
                        .toList();
        var address = kept.replicationAddress();
        try {
            return links.follow(seams.address().apply(address), seams.machine(), facts);
        } catch (SessionEndedException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(
                    address
                            + ": "
                            + e.getMessage()
                            + ": TCP port "
                            + address.substring(address.lastIndexOf(':') + 1)
                            + " of the server must be open to this machine",
                    e);
        }
    }
}
