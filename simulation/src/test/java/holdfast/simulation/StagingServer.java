package holdfast.simulation;

import holdfast.base.Network;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.replication.AgentReport;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.ReplicationHost;
import holdfast.replication.Replicator;
import holdfast.replication.SessionControl;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.TlsContexts;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.StoreSettings;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import holdfast.volume.VolumeStores;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The process that keeps the copies: store and replicator as they are, around them what the server
/// does besides (volumes for disks, reclaim, use of points). One life; a world has several.
final class StagingServer implements ReplicationHost {
    static final Path DIRECTORY = Path.of("/srv/holdfast");
    static final SocketAddress ADDRESS = InetSocketAddress.createUnresolved("server", 1500);

    private final World world;
    private final SimProcess process;
    private final SimTime time;
    private final SimFiles files;
    private final Network network;
    private final RandomSource random;
    Optional<VolumeStore> store = Optional.empty();
    private Optional<Replicator> replicator = Optional.empty();

    /// Whether it was told to end in order, and whether it has.
    private boolean closing;

    boolean closed;
    private int errands;

    StagingServer(World world, SimProcess process, SimFiles files, RandomSource random) {
        this.world = world;
        this.process = process;
        this.time = new SimTime(world.scheduler, process);
        this.files = files;
        this.network = world.network.of(process);
        this.random = random;
    }

    SimProcess process() {
        return process;
    }

    static CertificateAuthority authority(SimFiles files, SimTime time, RandomSource random)
            throws IOException {
        return CertificateAuthority.open(
                files, DIRECTORY, CertificateAuthority.Validity.DEFAULT, time, random);
    }

    void start() {
        process.start("server", this::run);
    }

    private void run() {
        try {
            var opened =
                    VolumeStores.open(
                            world.storeSettings, files, DIRECTORY.resolve("staging"), time, random);
            store = Optional.of(opened);
            world.opened(opened);
            world.ledger.opened(opened, time.now());
            world.operator.opened(opened);
            var authority = authority(files, time, random);
            replicator =
                    Optional.of(
                            Replicator.start(
                                    network,
                                    ADDRESS,
                                    TlsContexts.server(authority, List.of()),
                                    authority,
                                    opened,
                                    this,
                                    opened,
                                    new NoFailbacks(),
                                    time,
                                    Replicator.Limits.DEFAULT));
        } catch (IOException | RefusalException e) {
            world.log("server does not start: " + e.getMessage());
            world.serverFailed(e);
            process.kill();
            return;
        }
        world.log("server is up");
        process.start("housekeeping", this::keepHouse);
        process.start("operator", this::operate);
    }

    private void keepHouse() {
        var pace = world.storeSettings.journalWindow().dividedBy(4).toMillis();
        while (!closing) {
            pause(pace / 2, pace);
            if (closing) {
                return;
            }
            errands++;
            try {
                var opened = store.orElseThrow();
                world.log("reclaimed: " + opened.reclaim());
                world.ledger.checkKept(opened, time.now());
            } catch (IOException | RefusalException e) {
                world.log("reclaim: " + e.getMessage());
            }
            errands--;
        }
    }

    private void operate() {
        while (!closing) {
            pause(300, 4000);
            if (closing) {
                return;
            }
            errands++;
            var operator = world.operator;
            operator.busyWith = Optional.of("an errand");
            operator.busySinceNanos = world.scheduler.nanos();
            try {
                operator.act(store.orElseThrow(), world.machines, time.now());
                operator.done++;
            } catch (IOException | RefusalException | java.io.UncheckedIOException e) {
                world.log("operator: " + e.getMessage());
            }
            operator.busyWith = Optional.empty();
            errands--;
        }
    }

    private void pause(long leastMillis, long mostMillis) {
        world.scheduler.sleepThroughInterrupts(
                Duration.ofMillis(leastMillis + world.pace.nextLong(mostMillis - leastMillis))
                        .toNanos());
    }

    /// Ends the process in order.
    void close() {
        process.start(
                "close",
                () -> {
                    closing = true;
                    while (errands > 0) {
                        pause(10, 20);
                    }
                    try {
                        replicator.orElseThrow().close();
                        store.orElseThrow().close();
                        closed = true;
                    } catch (IOException e) {
                        throw new BrokenInvariantException(
                                Invariant.JOBS_END, "closing: " + e.getMessage());
                    }
                });
    }

    @Override
    public List<Volume> begin(String serverId, MachineFacts machine, List<DiskFacts> disks)
            throws IOException {
        var opened = store.orElseThrow();
        var volumes = new ArrayList<Volume>();
        for (var disk : disks) {
            var known =
                    opened.volumes().stream()
                            .filter(volume -> volume.owner().equals(serverId))
                            .filter(volume -> volume.name().equals(disk.name()))
                            .findFirst();
            volumes.add(
                    known.isPresent()
                            ? known.get()
                            : opened.create(serverId, disk.name(), disk.sizeBytes()));
        }
        if (!opened.snapshotPolicy(serverId).equals(world.policy)) {
            opened.snapshotPolicy(serverId, world.policy);
        }
        return volumes;
    }

    @Override
    public void began(String serverId, SessionControl session) {}

    @Override
    public void certified(String serverId, Instant expiresAt) {}

    @Override
    public void renewing(String serverId) {}

    @Override
    public void reported(String serverId, AgentReport report) {}

    @Override
    public void pointMade(String serverId, ConsistencyPoint point) {
        world.ledger.acknowledged(point);
        world.log("point " + point.sequence() + " of " + serverId + " at " + point.instant());
    }

    @Override
    public void ended(String serverId, Optional<String> error) {
        world.log("session of " + serverId + " ended: " + error.orElse("in order"));
    }

    /// Small segments, so that many are sealed, compacted and deleted within a world's few minutes.
    static StoreSettings settings(Duration window, long segmentBytes, long checkpointBytes) {
        return new StoreSettings(
                window,
                Optional.empty(),
                segmentBytes,
                64 << 10,
                4 << 20,
                64 << 10,
                64 << 10,
                checkpointBytes);
    }

    static SnapshotPolicy policy() {
        return new SnapshotPolicy(
                List.of(
                        new SnapshotPolicy.Rule(Duration.ofSeconds(15), Duration.ofSeconds(75)),
                        new SnapshotPolicy.Rule(Duration.ofMinutes(1), Duration.ofMinutes(10))));
    }
}
