package holdfast.simulation;

import holdfast.base.Network;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.replication.AgentReport;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.Newcomer;
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

    private final ServerMachine machine;
    private final Ground ground;
    private final SimProcess process;
    private final SimTime time;
    private final SimFiles files;
    private final Network network;
    private final RandomSource random;
    Optional<VolumeStore> store = Optional.empty();
    Optional<CertificateAuthority> issuer = Optional.empty();
    private Optional<Replicator> replicator = Optional.empty();

    /// Whether it was told to end in order, and whether it has.
    private boolean closing;

    boolean closed;
    private int errands;

    StagingServer(ServerMachine machine, SimProcess process) {
        this.machine = machine;
        this.ground = machine.ground;
        this.process = process;
        this.time = new SimTime(ground.scheduler, process);
        this.files = ground.files(process);
        this.network = ground.network.of(process);
        this.random = ground.randomSource();
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
                            machine.settings, files, DIRECTORY.resolve("staging"), time, random);
            store = Optional.of(opened);
            machine.opened(opened);
            machine.ledger.opened(opened, time.now());
            machine.operator.opened(opened);
            machine.homecoming.opened(opened);
            var authority = authority(files, time, random);
            issuer = Optional.of(authority);
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
                                    machine.homecoming,
                                    time,
                                    Replicator.Limits.DEFAULT));
        } catch (IOException | RefusalException e) {
            ground.log("server does not start: " + e.getMessage());
            machine.failed(e);
            process.kill();
            return;
        }
        ground.log("server is up");
        process.start("housekeeping", this::keepHouse);
        process.start("operator", this::operate);
        process.start("guest", this::runGuest);
    }

    private void keepHouse() {
        var pace = machine.settings.journalWindow().dividedBy(4).toMillis();
        while (!closing) {
            pause(pace / 2, pace);
            if (closing) {
                return;
            }
            errands++;
            try {
                var opened = store.orElseThrow();
                ground.log("reclaimed: " + opened.reclaim());
                machine.ledger.checkKept(opened, time.now());
            } catch (IOException | RefusalException e) {
                ground.log("reclaim: " + e.getMessage());
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
            var operator = machine.operator;
            operator.busyWith = Optional.of("an errand");
            operator.busySinceNanos = ground.scheduler.nanos();
            try {
                operator.act(store.orElseThrow(), time.now());
                operator.done++;
            } catch (IOException | RefusalException | java.io.UncheckedIOException e) {
                ground.log("operator: " + e.getMessage());
            }
            operator.busyWith = Optional.empty();
            errands--;
        }
    }

    private void runGuest() {
        while (!closing && machine.homecoming.isGoingOn()) {
            pause(200, 2500);
            if (closing) {
                return;
            }
            errands++;
            try {
                machine.homecoming.act();
            } catch (IOException | RefusalException e) {
                ground.log("guest: " + e.getMessage());
            }
            errands--;
        }
    }

    private void pause(long leastMillis, long mostMillis) {
        ground.scheduler.sleepThroughInterrupts(
                Duration.ofMillis(leastMillis + machine.pace.nextLong(mostMillis - leastMillis))
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
                    } catch (IOException e) {
                        if (!machine.ledger.syncsFailed) {
                            throw new BrokenInvariantException(
                                    Invariant.JOBS_END, "closing: " + e.getMessage());
                        }
                        ground.log("closing: " + e.getMessage()); // it asks for the restart
                    }
                    closed = true;
                });
    }

    /// Machines are not copied here.
    @Override
    public void admit(String serverId, Newcomer newcomer) {}

    @Override
    public Begun begin(String serverId, MachineFacts facts, List<DiskFacts> disks)
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
        if (!opened.snapshotPolicy(serverId).equals(machine.policy)) {
            opened.snapshotPolicy(serverId, machine.policy);
        }
        return new Begun(volumes, 0);
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
        machine.ledger.acknowledged(point);
        ground.log("point " + point.sequence() + " of " + serverId + " at " + point.instant());
    }

    @Override
    public void finished(String serverId, long round) {}

    @Override
    public void ended(String serverId, Optional<String> error) {
        if (machine.ledger.rotten
                && error.filter(e -> e.startsWith("volume-key-missing")).isPresent()) {
            machine.cannotGoOn(error.get());
        }
        ground.log("session of " + serverId + " ended: " + error.orElse("in order"));
    }

    /// Small segments, so that many are sealed, merged and deleted within a world's few minutes.
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
                        new SnapshotPolicy.Rule(Duration.ofSeconds(8), Duration.ofSeconds(40)),
                        new SnapshotPolicy.Rule(Duration.ofSeconds(30), Duration.ofMinutes(5))));
    }
}
