package holdfast.simulation;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/// One seed's world: source machines with writers and agents, a server, faults, and an onlooker who
/// holds them to the invariants. It lives for a minute or so with faults; then everything is
/// mended, the writers go on for a while and stop, and what the server has must equal the disks.
final class World implements AutoCloseable {
    private static final int FAULTS_SECONDS_MIN = 30;
    private static final int FAULTS_SECONDS_MAX = 90;

    /// The smallest disk that an agent protects.
    private static final int BLOCKS = 256;

    private static final Duration POINT_WITHIN = Duration.ofMinutes(5);

    /// Buffers off the heap that worlds may leave behind; a world takes some 20 MB of them.
    private static final long BUFFERS_BYTES = 256 << 20;

    final Ledger ledger;
    private final Ground ground;
    private final Scheduler scheduler;
    private final Operator operator;
    private final ServerMachine server;
    private final List<SourceMachine> machines = new ArrayList<>();
    private final List<ProtectedMachine> sources = new ArrayList<>();
    private final HomeMachine home;
    private final Homecoming homecoming;

    /// Whether an instance comes home in this world: one of two.
    private final boolean comesHome;

    private final List<Fault> faults;
    private final long faultsNanos;

    /// How a world went.
    ///
    /// @param trace equal for equal runs
    record Outcome(long trace, long steps, int points, long errands) {}

    World(long seed, boolean verbose) {
        this(seed, 0, Optional.empty(), verbose);
    }

    /// @param salt zero, or another course of the same world with the same plan of faults
    /// @param only the faults to let happen, by their place in the plan; all without
    World(long seed, int salt, Optional<List<Integer>> only, boolean verbose) {
        var installation = Installation.made(); // before the seed's own random numbers
        var random = new SplittableRandom(seed);
        SimulatedRandom.restart(random.nextLong());
        var course = random.nextLong();
        this.ground = new Ground(new SplittableRandom(course + salt), verbose);
        this.scheduler = ground.scheduler;
        var shape = random.split();
        for (var i = 0; i < 1 + shape.nextInt(Installation.MACHINES_MAX); i++) {
            var source = installation.sources().get(i);
            machines.add(
                    new SourceMachine(
                            scheduler,
                            random.split(),
                            new SimHost("source-" + i, source.files(), random.nextLong()),
                            source.serverId(),
                            1 + shape.nextInt(2),
                            BLOCKS));
        }
        var settings =
                StagingServer.settings(
                        Duration.ofSeconds(12 + shape.nextInt(20)),
                        (16L << 10) << shape.nextInt(4),
                        (64L << 10) << shape.nextInt(4));
        var policy = StagingServer.policy();
        this.ledger = new Ledger(scheduler, machines, settings.journalWindow(), policy);
        this.operator = new Operator(ledger, machines, random.split());
        this.comesHome = shape.nextBoolean();
        var first = machines.getFirst();
        this.home = new HomeMachine(ground, Homecoming.disks(first), random.split());
        this.homecoming = new Homecoming(ground, ledger, first, home, comesHome, random.split());
        this.server =
                new ServerMachine(
                        ground,
                        ledger,
                        operator,
                        homecoming,
                        machines,
                        settings,
                        policy,
                        random.split());
        for (var machine : machines) {
            sources.add(new ProtectedMachine(ground, ledger, machine, random.split()));
        }
        var seconds = FAULTS_SECONDS_MIN + shape.nextInt(FAULTS_SECONDS_MAX - FAULTS_SECONDS_MIN);
        this.faultsNanos = Duration.ofSeconds(seconds).toNanos();
        var plan = Fault.plan(random.split(), machines.size(), comesHome, faultsNanos);
        this.faults = only.map(kept -> kept.stream().map(plan::get).toList()).orElse(plan);
    }

    List<Fault> faults() {
        return faults;
    }

    /// Whether so much rotted that the server refused to start, which ends a world in order.
    boolean endedRotten() {
        return ground.broken().filter(ServerMachine.RottenException.class::isInstance).isPresent();
    }

    /// @throws BrokenInvariantException if one is
    Outcome run() {
        Thread.setDefaultUncaughtExceptionHandler(ground::died);
        server.start();
        sources.forEach(ProtectedMachine::boot);
        if (comesHome) {
            home.boot(server.controller());
        }
        var happening = new Faults(ground, server, sources, home, ledger);
        for (var fault : faults) {
            scheduler.at(fault.atNanos(), () -> happening.happen(fault));
        }
        runUntil(faultsNanos, () -> false);
        happening.mend();
        homecoming.finish();
        server.jobOperator.finish();
        awaitPoints("while writers go on");
        await("the failback ends", () -> !comesHome || ledger.rotten || home.isDone());
        await("jobs end", () -> ledger.rotten || server.jobOperator.isDone());
        sources.forEach(ProtectedMachine::stopWriters);
        await("writers stop", () -> sources.stream().allMatch(ProtectedMachine::isAtRest));
        awaitPoints("after the writers stopped");
        checkErrands();
        var points = ledger.pointCount();
        sources.forEach(source -> source.agent.ifPresent(SimProcess::kill));
        checkLast();
        return new Outcome(scheduler.trace(), scheduler.steps(), points, operator.done);
    }

    /// A new point of each machine must come.
    private void awaitPoints(String when) {
        var since = scheduler.nanos();
        await(
                "a point of each machine " + when,
                () -> machines.stream().allMatch(m -> ledger.newestPointNanos(m) > since));
    }

    private void await(String what, BooleanSupplier condition) {
        runUntil(scheduler.nanos() + POINT_WITHIN.toNanos(), condition);
        if (!endedRotten() && !condition.getAsBoolean()) {
            throw new BrokenInvariantException(
                    Invariant.JOBS_END, "waited in vain for " + POINT_WITHIN + ": " + what);
        }
    }

    /// Until it is so late, or the condition holds, or an invariant broke, which is thrown.
    private void runUntil(long nanos, BooleanSupplier condition) {
        var watch = scheduler.at(nanos, () -> {});
        scheduler.run(() ->
                ground.broken().isPresent()
                        || scheduler.nanos() >= nanos
                        || condition.getAsBoolean());
        watch.cancel();
        if (!endedRotten() && ground.broken().isPresent()) {
            throw ground.broken().get();
        }
    }

    private void checkErrands() {
        if (operator.busyWith.isPresent()
                && server.current().process().isAlive()
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
            await("the server is up", () -> server.current().store.isPresent());
            var current = server.current();
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
                current.close();
                await("the server ends", () -> current.closed);
                server.restartAfter(current);
            }
        }
    }

    private void checkLast(StagingServer current) {
        var store = current.store.orElseThrow();
        try {
            for (var machine : machines) {
                var newest = ledger.newest(machine).orElseThrow();
                var content = ledger.check(store, newest, server.now());
                for (var disk = 0; content.isPresent() && disk < machine.device.length; disk++) {
                    if (!Arrays.equals(content.get()[disk], machine.device[disk])) {
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

    /// Buffers of processes that were killed go with their objects. The heap is small, so nothing
    /// would have those collected before there is no room for buffers; and then whoever asks for
    /// one waits by the real clock, in the middle of a simulated step, and time goes on without it.
    /// There must be room for those of one more world then (`simulation.jvm.options`).
    @Override
    public void close() {
        server.close();
        var buffersBytes =
                ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                        .mapToLong(BufferPoolMXBean::getMemoryUsed)
                        .sum();
        if (buffersBytes > BUFFERS_BYTES) {
            System.gc();
        }
    }
}
