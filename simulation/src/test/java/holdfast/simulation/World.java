package holdfast.simulation;

import holdfast.agent.Agent;
import holdfast.agent.AgentSeams;
import holdfast.agent.AgentSettings;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.replication.BandwidthLimit;
import holdfast.replication.ReplicationLinks;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.EnrolmentToken;
import holdfast.volume.FaultyFilesystem;
import holdfast.volume.LeftStores;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.StoreSettings;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// One seed's world: source machines with writers and agents, a server, faults, and an onlooker who
/// holds them to the invariants. It lives for two minutes with faults; then everything is mended,
/// the writers go on for a while and stop, and what the server has must equal the disks.
final class World implements AutoCloseable {
    private static final long FAULTS_NANOS = Duration.ofSeconds(120).toNanos();
    private static final Duration POINT_WITHIN = Duration.ofMinutes(5);
    private static final Path AGENT_STATE = Path.of("/var/lib/holdfast-agent");
    private static final Pattern LAST_POINT = Pattern.compile("\"lastPoint\":\"([^\"]+)\"");

    final Scheduler scheduler;
    final SimNetwork network;
    final Ledger ledger;
    final Operator operator;
    final List<SourceMachine> machines = new ArrayList<>();
    final StoreSettings storeSettings;
    final SnapshotPolicy policy = StagingServer.policy();

    /// For pauses of the server's threads, in which no process has a say.
    final SplittableRandom pace;

    private final SplittableRandom random;
    private final List<Source> sources = new ArrayList<>();
    private final SimHost serverHost = new SimHost("server");
    private final FaultyFilesystem serverDisk;
    private final SimFiles.DiskSpeed serverSpeed = new SimFiles.DiskSpeed();
    private final List<VolumeStore> stores = new ArrayList<>();
    private final List<Fault> faults;
    private final boolean verbose;
    private Optional<StagingServer> server = Optional.empty();
    private boolean serverMayRun = true;
    private Optional<Throwable> broken = Optional.empty();
    private int processCount;
    private int failedStarts;

    /// How a world went.
    ///
    /// @param trace equal for equal runs
    record Outcome(long trace, long steps, int points, long errands) {}

    /// A source machine with what runs on it.
    private final class Source {
        private final SourceMachine machine;
        private final FaultyFilesystem disk;
        private final SimFiles.DiskSpeed speed = new SimFiles.DiskSpeed();
        private final AgentSettings settings;
        private Optional<Writers> writers = Optional.empty();
        private Optional<SimProcess> writing = Optional.empty();
        private Optional<SimProcess> agent = Optional.empty();

        Source(SourceMachine machine) {
            this.machine = machine;
            this.disk = new FaultyFilesystem(random.nextLong());
            this.settings =
                    new AgentSettings(
                            AGENT_STATE,
                            IntStream.range(0, machine.device.length)
                                    .mapToObj(SourceMachine::path)
                                    .toList(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            OptionalLong.empty(),
                            Optional.empty(),
                            AgentSettings.Pacing.USUAL,
                            new AgentSettings.Resources(
                                    1 + random.nextInt(3),
                                    1 + random.nextInt(2),
                                    (256L << 10) << random.nextInt(4),
                                    1 << 10));
        }

        void boot() {
            if (machine.host.isPowered() && writing.isPresent()) {
                return; // the power was cut twice
            }
            machine.host.power(true);
            var process = process(machine.host, "writers of " + machine.serverId);
            writing = Optional.of(process);
            var record = writers.map(Writers::record).orElse(0);
            writers = Optional.of(new Writers(scheduler, machine, random.split(), process, record));
            startAgent();
        }

        void startAgent() {
            var process = process(machine.host, "agent of " + machine.serverId);
            agent = Optional.of(process);
            process.whenEnded(() -> restart(process));
            process.start("agent", () -> runAgent(process));
            process.start("status", () -> watchStatus(process));
        }

        private void restart(SimProcess process) {
            scheduler.after(
                    500_000_000 + random.nextLong(3_000_000_000L),
                    () -> {
                        if (machine.host.isPowered() && agent.equals(Optional.of(process))) {
                            startAgent();
                        }
                    });
        }

        private void runAgent(SimProcess process) {
            var time = new SimTime(scheduler, process);
            var source = randomSource();
            var files = new SimFiles(scheduler, process, disk, speed, random.split());
            var view = network.of(process);
            var seams =
                    new AgentSeams(
                            time,
                            source,
                            files,
                            view,
                            machine.disks(),
                            Path.of("/nonexistent"),
                            "0.1",
                            _ -> new SimTracker(scheduler, machine, time),
                            (identity, _, facts, disks) ->
                                    new ReplicationLinks(
                                                    view,
                                                    time,
                                                    source,
                                                    identity,
                                                    new BandwidthLimit(time, 0))
                                            .connect(StagingServer.ADDRESS, facts, disks),
                            (_, _) -> {
                                throw new IOException("nothing to freeze");
                            });
            try {
                new Agent(settings, seams).run();
            } catch (IOException | RefusalException e) {
                log(machine.serverId + "'s agent ends: " + e.getMessage());
            }
            process.kill();
        }

        /// What the agent says of itself must be so.
        private void watchStatus(SimProcess process) {
            while (true) {
                scheduler.sleepThroughInterrupts(3_000_000_000L);
                try {
                    var status = Agent.status(network.of(process), AGENT_STATE);
                    var point = LAST_POINT.matcher(status);
                    if (point.find()) {
                        ledger.claimed(machine, Instant.parse(point.group(1)));
                    }
                } catch (IOException _) {
                    // it is not up yet
                }
            }
        }

        void cutPower() {
            machine.host.power(false);
            agent.ifPresent(SimProcess::kill);
            writing.ifPresent(SimProcess::kill);
            agent = Optional.empty();
            writing = Optional.empty();
            machine.cutPower();
            disk.crash();
            scheduler.after(2_000_000_000L + random.nextLong(8_000_000_000L), this::boot);
        }
    }

    World(long seed, boolean verbose) {
        this(seed, Optional.empty(), verbose);
    }

    /// @param only the faults to let happen, by their place in the plan; all without
    World(long seed, Optional<List<Integer>> only, boolean verbose) {
        this.verbose = verbose;
        this.random = new SplittableRandom(seed);
        SimulatedRandom.restart(random.nextLong());
        this.scheduler = new Scheduler(random.split());
        this.network = new SimNetwork(scheduler, random.split());
        this.serverDisk = new FaultyFilesystem(random.nextLong());
        this.pace = random.split();
        this.storeSettings =
                StagingServer.settings(
                        Duration.ofSeconds(20 + random.nextInt(40)),
                        (16L << 10) << random.nextInt(4),
                        (64L << 10) << random.nextInt(4));
        for (var i = 0; i < 1 + random.nextInt(2); i++) {
            var machine =
                    new SourceMachine(
                            scheduler,
                            random.split(),
                            new SimHost("source-" + i),
                            "s-" + i,
                            1 + random.nextInt(2),
                            256);
            machines.add(machine);
            sources.add(new Source(machine));
        }
        this.ledger = new Ledger(scheduler, machines, storeSettings.journalWindow(), policy);
        this.operator = new Operator(ledger, random.split());
        var plan = Fault.plan(random.split(), machines.size(), FAULTS_NANOS);
        this.faults = only.map(kept -> kept.stream().map(plan::get).toList()).orElse(plan);
    }

    List<Fault> faults() {
        return faults;
    }

    void log(String what) {
        if (verbose) {
            System.out.printf("%10.6f  %s%n", scheduler.nanos() / 1e9, what);
        }
    }

    /// @throws BrokenInvariantException if one is
    Outcome run() {
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {
            if (broken.isEmpty()) {
                broken =
                        Optional.of(
                                e instanceof BrokenInvariantException
                                        ? e
                                        : new BrokenInvariantException(
                                                        Invariant.NO_THREAD_DIES,
                                                        thread.getName() + ": " + e)
                                                .because(e));
            }
        });
        install();
        startServer();
        sources.forEach(Source::boot);
        for (var fault : faults) {
            scheduler.at(fault.atNanos(), () -> happen(fault));
        }
        until(FAULTS_NANOS);
        mend();
        awaitPoints("while writers go on");
        sources.forEach(source -> source.writers.orElseThrow().stop());
        await(
                "writers stop",
                () -> sources.stream().allMatch(s -> s.writers.orElseThrow().haveStopped()));
        awaitPoints("after the writers stopped");
        checkErrands();
        var outcome =
                new Outcome(
                        scheduler.trace(), scheduler.steps(), ledger.pointCount(), operator.done);
        sources.forEach(source -> source.agent.ifPresent(SimProcess::kill));
        checkLast();
        return outcome;
    }

    /// Keys and certificates, before anything can go wrong.
    private void install() {
        var process = process(serverHost, "installation");
        var done = new boolean[1];
        process.start(
                "install",
                () -> {
                    try {
                        var source = randomSource();
                        var time = new SimTime(scheduler, process);
                        var authority = StagingServer.authority(serverFiles(process), time, source);
                        for (var one : sources) {
                            enrol(process, one, authority, source);
                        }
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                    done[0] = true;
                });
        await("installation", () -> done[0]);
    }

    private void enrol(
            SimProcess process, Source source, CertificateAuthority authority, RandomSource random)
            throws IOException {
        var request = CertificateRequest.create(random, source.machine.serverId);
        var identity =
                request.identity(
                        authority.issueToAgent(request.pem(), source.machine.serverId),
                        authority.certificatePem(),
                        EnrolmentToken.create(random, authority).fingerprint());
        var files =
                new SimFiles(scheduler, process, source.disk, source.speed, this.random.split());
        try (var file = files.openForWriting(AGENT_STATE.resolve("replicator"))) {
            file.write(ByteBuffer.wrap("server:1500".getBytes(StandardCharsets.UTF_8)), 0);
            file.sync();
        }
        identity.save(files, AGENT_STATE.resolve("identity.pem"));
        files.syncDirectory(AGENT_STATE);
    }

    private SimProcess process(SimHost host, String name) {
        return new SimProcess(scheduler, host, name, ++processCount);
    }

    private SimFiles serverFiles(SimProcess process) {
        return new SimFiles(scheduler, process, serverDisk, serverSpeed, random.split());
    }

    private RandomSource randomSource() {
        var own = random.split();
        return own::nextBytes;
    }

    private void startServer() {
        serverHost.power(true);
        var process = process(serverHost, "server");
        process.whenEnded(() -> {
            if (serverMayRun) {
                scheduler.after(300_000_000 + random.nextLong(5_000_000_000L), this::startServer);
            }
        });
        var started = new StagingServer(this, process, serverFiles(process), randomSource());
        server = Optional.of(started);
        started.start();
    }

    void opened(VolumeStore store) {
        stores.add(store);
        failedStarts = 0;
    }

    /// The server could not start, and is started again.
    void serverFailed(Exception why) {
        failedStarts++;
        if (failedStarts > 20 && ledger.rotten) {
            broken = Optional.of(new RottenException(String.valueOf(why.getMessage())));
        } else if (failedStarts > 200) {
            throw new BrokenInvariantException(
                    Invariant.ACKNOWLEDGED_IS_DURABLE, "the store does not open any more: " + why);
        }
    }

    /// So much rotted that the server refuses to start, and says why: an end that is in order.
    private static final class RottenException extends RuntimeException {
        private static final long serialVersionUID = 1;

        RottenException(String message) {
            super(message);
        }
    }

    boolean endedRotten() {
        return broken.filter(RottenException.class::isInstance).isPresent();
    }

    private void happen(Fault fault) {
        log("FAULT " + fault);
        scheduler.note(fault.hashCode() * 0L + fault.kind().ordinal());
        var source = sources.get(fault.machine());
        var host = source.machine.host;
        var steps = (int) (fault.amount() % 600);
        var nanos = fault.amount() * 1_000_000;
        switch (fault.kind()) {
            case KILL_AGENT -> source.agent.ifPresent(agent -> agent.killAfter(steps));
            case KILL_SERVER -> server.ifPresent(one -> one.process().killAfter(steps));
            case CUT_POWER_OF_SERVER -> {
                serverHost.power(false);
                server.ifPresent(one -> one.process().kill());
                serverDisk.crash();
            }
            case CUT_POWER_OF_SOURCE -> source.cutPower();
            case CUT_NETWORK_OF_SERVER -> cut(serverHost, nanos * 2);
            case CUT_NETWORK_OF_SOURCE -> cut(host, nanos * 2);
            case SLOW_NETWORK -> {
                network.slow(Duration.ofMillis(1 + fault.amount() % 400));
                scheduler.after(nanos, () -> network.slow(Duration.ZERO));
            }
            case RESET_CONNECTIONS -> network.breakConnections(host, false, true);
            case RESET_ONE_SIDE -> network.breakConnections(host, false, false);
            case FORGET_CONNECTIONS -> network.breakConnections(host, true, true);
            case SET_CLOCK_OF_SERVER -> setClock(serverHost, fault);
            case SET_CLOCK_OF_SOURCE -> setClock(host, fault);
            case FILL_DISK -> {
                serverDisk.capacity(serverDisk.usedBytes() + fault.amount() * 4);
                scheduler.after(nanos, () -> serverDisk.capacity(Long.MAX_VALUE / 4));
            }
            case FAIL_SYNCS -> {
                serverDisk.failSyncs(1 + (int) (fault.amount() % 4));
                ledger.syncsFail = true;
                scheduler.after(10_000_000_000L, () -> ledger.syncsFail = false);
            }
            case SLOW_DISK_OF_SERVER -> {
                serverSpeed.factor = 2 + fault.amount() % 60;
                scheduler.after(nanos, () -> serverSpeed.factor = 1);
            }
            case SLOW_DISK_OF_SOURCE -> {
                source.machine.slowness = 2 + fault.amount() % 60;
                scheduler.after(nanos, () -> source.machine.slowness = 1);
            }
            case LOSE_EVENTS ->
                    source.machine.loseEvents((int) fault.amount() % source.machine.device.length);
            case ROT -> rot(fault.amount());
        }
    }

    private void cut(SimHost host, long nanos) {
        network.cut(host);
        scheduler.after(nanos, () -> network.join(host));
    }

    private void setClock(SimHost host, Fault fault) {
        ledger.clocksJumped = true;
        host.setClock(Duration.ofMillis(fault.amount() * 2 - 30_000));
    }

    private void rot(long amount) {
        var files =
                serverDisk.contents().entrySet().stream()
                        .filter(file -> file.getKey().toString().matches(".*/staging/.*/.*"))
                        .filter(file -> file.getValue().length > 0)
                        .toList();
        if (files.isEmpty()) {
            return;
        }
        ledger.rotten = true;
        var file = files.get((int) (amount % files.size()));
        serverDisk.flip(
                file.getKey(),
                (int) (amount * 7919 % file.getValue().length),
                1 << (int) (amount % 8));
    }

    private void mend() {
        log("everything is mended");
        server.ifPresent(one -> one.process().spare());
        sources.forEach(source -> source.agent.ifPresent(SimProcess::spare));
        network.join(serverHost);
        machines.forEach(machine -> {
            network.join(machine.host);
            machine.slowness = 1;
        });
        network.slow(Duration.ZERO);
        serverSpeed.factor = 1;
        serverDisk.capacity(Long.MAX_VALUE / 4);
        serverDisk.failSyncs(0);
    }

    /// A new point of each machine must come.
    private void awaitPoints(String when) {
        var since = scheduler.nanos();
        await(
                "a point of each machine " + when,
                () ->
                        endedRotten()
                                || machines.stream()
                                        .allMatch(m -> ledger.newestPointNanos(m) > since));
    }

    private void await(String what, java.util.function.BooleanSupplier condition) {
        var late = scheduler.nanos() + POINT_WITHIN.toNanos();
        var watch = scheduler.at(late, () -> {});
        scheduler.run(
                () -> broken.isPresent() || condition.getAsBoolean() || scheduler.nanos() >= late);
        watch.cancel();
        rethrow();
        if (!condition.getAsBoolean()) {
            throw new BrokenInvariantException(
                    Invariant.JOBS_END, "waited in vain for " + POINT_WITHIN + ": " + what);
        }
    }

    private void until(long nanos) {
        var watch = scheduler.at(nanos, () -> {});
        scheduler.run(() -> broken.isPresent() || scheduler.nanos() >= nanos);
        watch.cancel();
        rethrow();
    }

    private void rethrow() {
        broken.filter(e -> !(e instanceof RottenException))
                .ifPresent(e -> {
                    throw (RuntimeException) e;
                });
    }

    private void checkErrands() {
        if (operator.busyWith.isPresent()
                && server.orElseThrow().process().isAlive()
                && scheduler.nanos() - operator.busySinceNanos > POINT_WITHIN.toNanos()) {
            throw new BrokenInvariantException(
                    Invariant.JOBS_END, "the operator waits for the end of an errand");
        }
    }

    /// Everything has come to rest: each machine's newest point equals its disks, now and after a
    /// restart in order.
    private void checkLast() {
        if (endedRotten()) {
            return;
        }
        for (var life = 0; life < 2; life++) {
            await("the server is up", () -> server.orElseThrow().store.isPresent());
            var current = server.orElseThrow();
            var checked = new boolean[1];
            current.process()
                    .start(
                            "last check",
                            () -> {
                                checkLast(current);
                                checked[0] = true;
                            });
            await("the last check", () -> checked[0] || !current.process().isAlive());
            if (life == 0) {
                serverMayRun = false;
                current.close();
                await("the server ends", () -> current.closed);
                current.process().kill();
                serverMayRun = true;
                startServer();
            }
        }
    }

    private void checkLast(StagingServer current) {
        var store = current.store.orElseThrow();
        var now = SimTime.BEGINNING.plusNanos(scheduler.nanos()).plus(serverHost.clockError());
        try {
            for (var machine : machines) {
                var newest = ledger.newest(machine).orElseThrow();
                var content = ledger.check(store, newest, now);
                for (var disk = 0; content.isPresent() && disk < machine.device.length; disk++) {
                    if (!java.util.Arrays.equals(content.get()[disk], machine.device[disk])) {
                        throw new BrokenInvariantException(
                                Invariant.ACKNOWLEDGED_IS_DURABLE,
                                machine.serverId + "'s disk " + disk + " is not in its last point");
                    }
                }
            }
        } catch (IOException e) {
            throw new BrokenInvariantException(Invariant.RECLAIM_KEEPS_WHAT_IS_REACHABLE, "" + e);
        }
    }

    /// Frees what threads that were killed would have freed.
    @Override
    public void close() {
        stores.forEach(LeftStores::free);
    }
}
