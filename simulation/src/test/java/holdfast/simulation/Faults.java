package holdfast.simulation;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Makes the faults of a plan happen, and mends everything in the end.
final class Faults {
    private static final long PLENTY_BYTES = Long.MAX_VALUE / 4;

    /// Of a map file; where the newest checkpoint's are.
    private static final int NEWEST_PAGES_BYTES = 4096;

    private static final List<String> FOLDERS =
            List.of("catalogue", "checkpoints", "maps", "segments", "snapshots");

    /// Of a file, its directory and both of its copy.
    private static final int SYNCS_MAX = 4;

    private final Ground ground;
    private final ServerMachine server;
    private final List<ProtectedMachine> sources;
    private final HomeMachine home;
    private final Ledger ledger;

    Faults(
            Ground ground,
            ServerMachine server,
            List<ProtectedMachine> sources,
            HomeMachine home,
            Ledger ledger) {
        this.home = home;
        this.ground = ground;
        this.server = server;
        this.sources = sources;
        this.ledger = ledger;
    }

    /// How long the server needs to get over what was wrong with its disk or its clock.
    private static final long RECOVERY_NANOS = 20_000_000_000L;

    void happen(Fault fault) {
        ground.log("FAULT " + fault);
        ground.scheduler.note(fault.kind().ordinal());
        var network = ground.network;
        var source = sources.get(fault.machine() % sources.size());
        var host = source.machine.host;
        var steps = (int) (fault.amount() % 600);
        var nanos = fault.amount() * 1_000_000;
        switch (fault.kind()) {
            case KILL_AGENT -> source.agent.ifPresent(agent -> agent.killAfter(steps));
            case KILL_SERVER -> server.current().process().killAfter(steps);
            case CUT_POWER_OF_SERVER -> server.cutPower();
            case CUT_POWER_AFTER_FLUSH ->
                    ledger.afterFlush =
                            Optional.of(() -> ground.scheduler.after(0, server::cutPower));
            case CUT_POWER_AFTER_SYNC -> cutPowerAfterSync(fault.amount());
            case CUT_POWER_OF_SOURCE -> source.cutPower();
            case CUT_NETWORK_OF_SERVER -> cut(server.host, nanos * 2);
            case CUT_NETWORK_OF_SOURCE -> cut(host, nanos * 2);
            case SLOW_NETWORK -> {
                network.slow(Duration.ofMillis(1 + fault.amount() % 400));
                ground.scheduler.after(nanos, () -> network.slow(Duration.ZERO));
            }
            case RESET_CONNECTIONS -> network.breakConnections(host, false, true);
            case RESET_ONE_SIDE -> network.breakConnections(host, false, false);
            case FORGET_CONNECTIONS -> network.breakConnections(host, true, true);
            case SET_CLOCK_OF_SERVER -> {
                ledger.disturb(RECOVERY_NANOS);
                setClock(server.host, fault);
            }
            case SET_CLOCK_OF_SOURCE -> setClock(host, fault);
            case FILL_DISK -> {
                var disk = server.host.disk;
                disk.capacity(disk.usedBytes() + fault.amount() * 4);
                ledger.disturb(nanos + RECOVERY_NANOS);
                ground.scheduler.after(nanos, () -> disk.capacity(PLENTY_BYTES));
            }
            case FAIL_SYNCS -> {
                server.host.disk.failSyncs(1 + (int) (fault.amount() % 4));
                ledger.syncsFail = true;
                ledger.syncsFailed = true;
                ledger.disturb(RECOVERY_NANOS);
                ground.scheduler.after(10_000_000_000L, () -> ledger.syncsFail = false);
            }
            case SLOW_DISK_OF_SERVER -> {
                server.host.diskState.slowness = 2 + fault.amount() % 60;
                ledger.disturb(nanos + RECOVERY_NANOS);
                ground.scheduler.after(nanos, () -> server.host.diskState.slowness = 1);
            }
            case SLOW_DISK_OF_SOURCE -> {
                source.machine.slowness = 2 + fault.amount() % 60;
                ground.scheduler.after(nanos, () -> source.machine.slowness = 1);
            }
            case LOSE_EVENTS ->
                    source.machine.loseEvents((int) fault.amount() % source.machine.device.length);
            case MISDIRECT_READS_OF_SERVER -> {
                ledger.rotten = true;
                server.host.diskState.readsToMisdirect = 1 + (int) (fault.amount() % 3);
            }
            case ROT -> rot(fault.amount(), ".*/staging/.*/.*", Integer.MAX_VALUE);
            case ROT_MAP -> {
                rot(fault.amount(), ".*/staging/maps/.*", NEWEST_PAGES_BYTES);
                server.current().process().killAfter(steps); // what is in memory would hide it
            }
            case KILL_FAILBACK_CLIENT -> home.kill(steps);
            case CUT_POWER_OF_HOME -> home.cutPower();
            case CUT_NETWORK_OF_HOME -> cut(home.host, nanos);
            case MISDIRECT_WRITES_OF_HOME ->
                    home.host.diskState.writesToMisdirect = 1 + (int) (fault.amount() % 3);
        }
    }

    /// When something in one of the folders of the staging area has become durable, and what is
    /// elsewhere need not be: by chance that hardly happens where something is written once a
    /// minute.
    private void cutPowerAfterSync(long amount) {
        var staging = StagingServer.DIRECTORY.resolve("staging");
        server.host.diskState.syncs =
                Optional.of(
                        new SimFiles.CountedSyncs(
                                staging.resolve(FOLDERS.get((int) (amount % FOLDERS.size()))),
                                1 + (int) (amount / FOLDERS.size() % SYNCS_MAX),
                                () -> ground.scheduler.after(0, server::cutPower)));
    }

    private void cut(SimHost host, long nanos) {
        ground.network.cut(host);
        ground.scheduler.after(nanos, () -> ground.network.join(host));
    }

    private void setClock(SimHost host, Fault fault) {
        ledger.clockIsSet(server.now());
        host.setClock(Duration.ofMillis(fault.amount() * 2 - 30_000));
    }

    /// @param where pattern of the paths of files, of one of which a byte changes
    /// @param lastBytes it is one of so many at the end
    private void rot(long amount, String where, int lastBytes) {
        var disk = server.host.disk;
        var files =
                disk.contents().entrySet().stream()
                        .filter(file -> file.getKey().toString().matches(where))
                        .filter(file -> file.getValue().length > 0)
                        .toList();
        if (files.isEmpty()) {
            return;
        }
        ledger.rotten = true;
        var file = files.get((int) (amount % files.size()));
        var length = file.getValue().length;
        disk.flip(
                file.getKey(),
                length - 1 - (int) (amount * 7919 % Math.min(length, lastBytes)),
                1 << (int) (amount % 8));
    }

    void mend() {
        ground.log("everything is mended");
        server.current().process().spare();
        sources.forEach(source -> source.agent.ifPresent(SimProcess::spare));
        home.spare();
        ledger.afterFlush = Optional.empty();
        server.host.diskState.syncs = Optional.empty();
        ground.network.join(home.host);
        home.host.diskState.writesToMisdirect = 0;
        server.host.diskState.readsToMisdirect = 0;
        ground.network.join(server.host);
        sources.forEach(source -> {
            ground.network.join(source.machine.host);
            source.machine.slowness = 1;
        });
        ground.network.slow(Duration.ZERO);
        server.host.diskState.slowness = 1;
        server.host.disk.capacity(PLENTY_BYTES);
        server.host.disk.failSyncs(0);
    }
}
