package holdfast.simulation;

import holdfast.base.Network;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.control.ControlSettings;
import holdfast.control.Controller;
import holdfast.control.Database;
import holdfast.control.LaunchScripts;
import holdfast.control.LeftDatabases;
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
import holdfast.volume.EncryptionKeyFiles;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.StoreSettings;
import holdfast.volume.VolumeStore;
import holdfast.volume.VolumeStores;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The process that keeps the copies: store, control plane and replicator as they are, put together
/// as the server does it, and those who use them. One life; a world has several.
///
/// Stands between replicator and control plane to tell the ledger what agents are told.
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
    private Optional<Database> database = Optional.empty();
    private Optional<Controller> controller = Optional.empty();
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
            var rows = Database.open(machine.database.path(), time);
            database = Optional.of(rows);
            process.whenEnded(this::freeDatabase);
            var opened =
                    VolumeStores.open(
                            machine.settings, files, DIRECTORY.resolve("staging"), time, random);
            store = Optional.of(opened);
            machine.opened(opened);
            machine.ledger.opened(opened, time.now());
            machine.operator.opened(opened);
            machine.homecoming.opened(opened);
            machine.guests.restarted();
            var control =
                    controller(
                            rows, opened, files, machine.machines, settings(machine), time, random);
            controller = Optional.of(control);
            control.resume();
            machine.jobOperator.jobs.opened(control);
            machine.jobOperator.jobs.checkInstances(control, opened);
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
            control.start();
        } catch (IOException | RefusalException e) {
            ground.log("server does not start: " + e.getMessage());
            machine.failed(e);
            process.kill();
            return;
        }
        ground.log("server is up");
        process.start("auditor", () -> repeat(2000, 5000, this::audit));
        process.start("operator", () -> repeat(300, 4000, this::operate));
        process.start("guest", () -> repeat(200, 2500, this::runGuest));
        process.start("guests", () -> repeat(500, 6000, this::runGuests));
        process.start("job operator", () -> repeat(1000, 5000, this::operateJobs));
    }

    static Controller controller(
            Database database,
            VolumeStore store,
            SimFiles files,
            SimMachineHost machines,
            ControlSettings settings,
            SimTime time,
            RandomSource random) {
        return new Controller(
                database,
                store,
                new EncryptionKeyFiles(files, DIRECTORY.resolve("encryption-keys"), time),
                machines,
                new SimNetworkHost(),
                DIRECTORY.resolve("nbd.sock"),
                new LaunchScripts(files, DIRECTORY.resolve("launch-scripts")),
                settings,
                time,
                random);
    }

    private static ControlSettings settings(ServerMachine machine) {
        var usual = ControlSettings.DEFAULT;
        return new ControlSettings(
                machine.policy,
                Duration.ofSeconds(40),
                usual.stopTimeout(),
                usual.agentSilence(),
                usual.scrubEvery(),
                machine.settings.journalWindow().dividedBy(4),
                usual.quotas());
    }

    /// What one of those who use the server does again and again.
    @FunctionalInterface
    private interface Errand {
        void run() throws IOException;
    }

    private void repeat(long leastMillis, long mostMillis, Errand errand) {
        while (true) {
            pause(leastMillis, mostMillis);
            if (closing) {
                return;
            }
            errands++;
            try {
                errand.run();
            } catch (IOException | RefusalException e) {
                ground.log(Thread.currentThread().getName() + ": " + e.getMessage());
            }
            errands--;
        }
    }

    private void audit() throws IOException {
        machine.ledger.checkKept(store.orElseThrow(), time.now());
    }

    private void runGuests() {
        machine.guests.act(store.orElseThrow(), controller.orElseThrow().instances());
    }

    private void operateJobs() throws IOException {
        machine.jobOperator.act(controller.orElseThrow(), store.orElseThrow(), time.now());
    }

    /// What the kernel does to the database when the process ends.
    void freeDatabase() {
        database.ifPresent(LeftDatabases::free);
    }

    private void operate() throws IOException {
        var operator = machine.operator;
        operator.busyWith = Optional.of("an errand");
        operator.busySinceNanos = ground.scheduler.nanos();
        try {
            operator.act(store.orElseThrow(), time.now());
            operator.done++;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            operator.busyWith = Optional.empty();
        }
    }

    private void runGuest() throws IOException {
        if (machine.homecoming.isGoingOn()) {
            machine.homecoming.act();
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
                        controller.orElseThrow().close();
                        store.orElseThrow().close();
                        database.orElseThrow().close();
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

    private ReplicationHost control() {
        return controller.orElseThrow().agents();
    }

    @Override
    public void admit(String serverId, Newcomer newcomer) throws IOException, InterruptedException {
        control().admit(serverId, newcomer);
    }

    @Override
    public Begun begin(String serverId, MachineFacts facts, List<DiskFacts> disks)
            throws IOException {
        try {
            return control().begin(serverId, facts, disks);
        } catch (RefusalException e) {
            // nobody has an encryption key here: both copies of a data key are damaged
            if (machine.ledger.rotten && e.code().equals(SessionControl.KEY_MISSING)) {
                machine.cannotGoOn(e.getMessage());
            }
            throw e;
        }
    }

    @Override
    public void began(String serverId, SessionControl session) {
        control().began(serverId, session);
    }

    @Override
    public void certified(String serverId, Instant expiresAt) {
        control().certified(serverId, expiresAt);
    }

    @Override
    public void renewing(String serverId) throws IOException {
        control().renewing(serverId);
    }

    @Override
    public void reported(String serverId, AgentReport report) {
        control().reported(serverId, report);
    }

    @Override
    public void pointMade(String serverId, ConsistencyPoint point) {
        machine.ledger.acknowledged(point);
        ground.log("point " + point.sequence() + " of " + serverId + " at " + point.instant());
        control().pointMade(serverId, point);
    }

    @Override
    public void finished(String serverId, long round) {
        control().finished(serverId, round);
    }

    @Override
    public void ended(String serverId, Optional<String> error) {
        if (machine.ledger.rotten
                && error.filter(e -> e.startsWith("volume-key-missing")).isPresent()) {
            machine.cannotGoOn(error.get());
        }
        ground.log("session of " + serverId + " ended: " + error.orElse("in order"));
        control().ended(serverId, error);
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
