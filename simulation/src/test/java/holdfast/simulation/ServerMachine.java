package holdfast.simulation;

import holdfast.failback.SimulatedClient;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.LeftStores;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.StoreSettings;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/// The machine with the staging area, and the lives of the server process on it, which is started
/// again whenever it ends.
final class ServerMachine implements AutoCloseable {
    private static final int FAILED_STARTS_MAX = 200;
    private static final int FAILED_STARTS_OF_ROTTEN = 20;

    final Ground ground;
    final Ledger ledger;
    final Operator operator;
    final Homecoming homecoming;
    final JobOperator jobOperator;
    final SimMachineHost machines;
    final Guests guests;
    final StoreSettings settings;
    final SnapshotPolicy policy;
    final SimHost host;

    /// For pauses of the server's threads, in which no process has a say.
    final SplittableRandom pace;

    /// Of the control plane.
    final DatabaseFile database = new DatabaseFile(Installation.made().database());

    private final SplittableRandom random;
    private final List<VolumeStore> stores = new ArrayList<>();
    private Optional<StagingServer> server = Optional.empty();
    private boolean mayRun = true;
    private int failedStarts;

    ServerMachine(
            Ground ground,
            Ledger ledger,
            Operator operator,
            Homecoming homecoming,
            List<SourceMachine> sources,
            StoreSettings settings,
            SnapshotPolicy policy,
            SplittableRandom random) {
        this.ground = ground;
        this.ledger = ledger;
        this.operator = operator;
        this.homecoming = homecoming;
        this.settings = settings;
        this.policy = policy;
        this.random = random;
        this.pace = random.split();
        this.host = new SimHost("server", Installation.made().server(), random.nextLong());
        this.machines = new SimMachineHost(ground, host, random.split());
        this.guests = new Guests(ground, ledger, machines, random.split());
        this.jobOperator =
                new JobOperator(
                        ground,
                        sources,
                        new JobLedger(ground, ledger, sources, machines),
                        random.split());
    }

    /// So much rotted that the server refuses to go on, and says why: an end that is in order.
    static final class RottenException extends RuntimeException {
        private static final long serialVersionUID = 1;

        RottenException(String message) {
            super(message);
        }
    }

    void start() {
        host.power(true);
        var process = ground.process(host, "server");
        process.whenEnded(() -> {
            if (mayRun) {
                ground.scheduler.after(300_000_000 + random.nextLong(5_000_000_000L), this::start);
            }
        });
        var started = new StagingServer(this, process);
        server = Optional.of(started);
        started.start();
    }

    /// The life that is on, or was last.
    StagingServer current() {
        return server.orElseThrow();
    }

    /// What a failback client asks of the API.
    SimulatedClient.Controller controller() {
        return new SimulatedClient.Controller() {
            @Override
            public SimulatedClient.Paired pair(String csr) throws IOException {
                var authority =
                        current()
                                .issuer
                                .filter(_ -> current().process().isAlive())
                                .orElseThrow(() -> new IOException("the server is not up"));
                return new SimulatedClient.Paired(
                        Homecoming.CLIENT,
                        authority.issueToAgent(csr, Homecoming.CLIENT),
                        authority.certificatePem());
            }

            @Override
            public OptionalLong completedAt() {
                return homecoming.completedWith().stream()
                        .mapToLong(ConsistencyPoint::sequence)
                        .findFirst();
            }
        };
    }

    void opened(VolumeStore store) {
        stores.add(store);
        failedStarts = 0;
    }

    /// The server could not start, and is started again.
    void failed(Exception why) {
        failedStarts++;
        if (failedStarts > FAILED_STARTS_OF_ROTTEN && ledger.rotten) {
            ground.broke(new RottenException(String.valueOf(why.getMessage())));
        } else if (failedStarts > FAILED_STARTS_MAX) {
            throw new BrokenInvariantException(
                    Invariant.ACKNOWLEDGED_IS_DURABLE, "the store does not open any more: " + why);
        }
    }

    /// What rotted leaves a machine without protection, and was named.
    void cannotGoOn(String why) {
        ground.broke(new RottenException(why));
    }

    void cutPower() {
        ledger.disturb(0);
        host.power(false);
        server.ifPresent(one -> one.process().kill());
        machines.cutPower();
        host.disk.crash();
    }

    /// The process ended in order, and is started anew.
    void restartAfter(StagingServer ended) {
        mayRun = false;
        ended.process().kill();
        mayRun = true;
        start();
    }

    Instant now() {
        return SimTime.BEGINNING.plusNanos(ground.scheduler.nanos()).plus(host.clockError());
    }

    /// Frees what threads that were killed would have freed.
    @Override
    public void close() {
        server.ifPresent(StagingServer::freeDatabase);
        database.close();
        stores.forEach(LeftStores::free);
    }
}
