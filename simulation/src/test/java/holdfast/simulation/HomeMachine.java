package holdfast.simulation;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.failback.SimulatedClient;
import holdfast.replication.MachineFacts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/// The machine that an instance comes home to: its disks hold something old, and the failback
/// client on it is started again whenever it ends before it is done.
final class HomeMachine {
    final SimHost host;
    private final Ground ground;
    private final SplittableRandom random;
    private final List<SimulatedClient.Disk> disks;
    private SimulatedClient.Controller controller;
    private Optional<SimProcess> client = Optional.empty();
    private int boots;
    private boolean done;

    @SuppressWarnings("NullAway.Init") // the controller comes before the first boot
    HomeMachine(Ground ground, List<SimulatedClient.Disk> disks, SplittableRandom random) {
        this.ground = ground;
        this.disks = disks;
        this.random = random;
        var old = new HashMap<Path, byte[]>();
        for (var disk : disks) {
            old.put(disk.file(), content(disk));
        }
        this.host = new SimHost("home", old, random.nextLong());
    }

    static Path file(String name) {
        return Path.of("/dev/home" + name.charAt(name.length() - 1));
    }

    /// Here and there what no source disk ever held.
    private byte[] content(SimulatedClient.Disk disk) {
        var content = new byte[Math.toIntExact(disk.sizeBytes())];
        for (var at = 0; at < content.length; at += Blocks.SECTOR_BYTES) {
            if (random.nextInt(8) == 0) {
                SourceMachine.fill(content, at, Long.MAX_VALUE - at);
            }
        }
        return content;
    }

    void boot(SimulatedClient.Controller answers) {
        controller = answers;
        boot();
    }

    private void boot() {
        host.power(true);
        boots++;
        start();
    }

    private void start() {
        var process = ground.process(host, "failback client");
        client = Optional.of(process);
        process.whenEnded(() ->
                ground.scheduler.after(
                        500_000_000 + random.nextLong(3_000_000_000L),
                        () -> {
                            if (!done && host.isPowered() && client.equals(Optional.of(process))) {
                                start();
                            }
                        }));
        process.start("failback", () -> run(process));
    }

    private void run(SimProcess process) {
        try {
            new SimulatedClient(
                            ground.files(process),
                            new SimTime(ground.scheduler, process),
                            ground.randomSource(),
                            ground.network.of(process),
                            StagingServer.ADDRESS,
                            facts(),
                            Homecoming.INSTANCE,
                            disks,
                            controller)
                    .run();
            if (controller.completedAt().isEmpty()) {
                throw new BrokenInvariantException(
                        Invariant.FAILED_BACK_IS_EQUAL,
                        "the client says it is complete; it is not");
            }
            done = true;
            ground.log("the failback client is done");
        } catch (IOException | RefusalException e) {
            ground.log("the failback client ends: " + e.getMessage());
        } catch (InterruptedException _) {
            // nobody interrupts it
        }
        process.kill();
    }

    private MachineFacts facts() {
        return new MachineFacts(
                "home",
                "os",
                "kernel",
                "amd64",
                "cpu",
                1,
                1L << 32,
                false,
                "boot-" + boots,
                "0.1",
                "none",
                List.of());
    }

    void kill(int afterSteps) {
        client.ifPresent(one -> one.killAfter(afterSteps));
    }

    void spare() {
        client.ifPresent(SimProcess::spare);
    }

    void cutPower() {
        if (!host.isPowered()) {
            return;
        }
        host.power(false);
        client.ifPresent(SimProcess::kill);
        client = Optional.empty();
        host.disk.crash();
        ground.scheduler.after(2_000_000_000L + random.nextLong(8_000_000_000L), this::boot);
    }

    boolean isDone() {
        return done;
    }

    /// Whether everything written to the disks is on stable storage.
    boolean isAtRest() {
        return disks.stream().allMatch(disk -> host.disk.isSynced(disk.file()));
    }

    /// Whether a write went elsewhere since the disks were last compared as a whole: then they may
    /// differ from what the client knows, until it reads them back.
    boolean isMisled() {
        return host.diskState.misled;
    }

    /// What a disk holds.
    long[] sectors(String name) {
        var data = host.disk.contents(file(name));
        var sectors = new long[data.length / Blocks.SECTOR_BYTES];
        for (var i = 0; i < sectors.length; i++) {
            sectors[i] = SourceMachine.contentOf(data, i * Blocks.SECTOR_BYTES);
        }
        return sectors;
    }
}
