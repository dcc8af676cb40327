package holdfast.simulation;

import holdfast.base.RefusalException;
import holdfast.recovery.BootProof;
import holdfast.recovery.Machine;
import holdfast.recovery.MachineHost;
import holdfast.recovery.MachineSpec;
import holdfast.recovery.ScriptRun;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/// Runs machines on the server's machine, as QEMU does: they outlive the server process, and end
/// when the power is cut. What is kept of them outlives that.
final class SimMachineHost implements MachineHost {
    private static final long LOOK_EVERY_NANOS = 300_000_000;

    private final Ground ground;
    private final SimHost host;
    private final SplittableRandom random;
    private final Map<String, Launched> machines = new LinkedHashMap<>();

    /// @param host that they run on
    SimMachineHost(Ground ground, SimHost host, SplittableRandom random) {
        this.ground = ground;
        this.host = host;
        this.random = random;
    }

    /// A machine that was launched and not terminated.
    private static final class Launched {
        private MachineSpec spec;
        private Instant at;
        private boolean running = true;
        private boolean booted;

        Launched(MachineSpec spec, Instant at) {
            this.spec = spec;
            this.at = at;
        }
    }

    private Instant now() {
        return SimTime.BEGINNING.plusNanos(ground.scheduler.nanos()).plus(host.clockError());
    }

    /// What starting and ending a process and writing small files take.
    private void takeTime() throws InterruptedException {
        ground.scheduler.sleep(Duration.ofMillis(5 + random.nextLong(200)).toNanos());
    }

    @Override
    public Machine launch(MachineSpec spec) throws InterruptedException {
        takeTime();
        var known = machines.get(spec.id());
        if (known == null || !known.running) {
            machines.put(spec.id(), new Launched(spec, now()));
            ground.log("machine " + spec.id() + " starts");
        }
        takeTime();
        return find(spec.id())
                .orElseThrow(() -> new RefusalException("machine-gone", "it was terminated"));
    }

    @Override
    public Optional<Machine> find(String id) {
        return Optional.ofNullable(machines.get(id))
                .map(known -> new Machine(id, known.running, 1, "tcg", known.at, ""));
    }

    @Override
    public List<String> machines() {
        return List.copyOf(machines.keySet());
    }

    @Override
    public BootProof awaitBoot(String id, Duration timeout, Consumer<String> progress)
            throws InterruptedException {
        var began = ground.scheduler.nanos();
        while (true) {
            var machine = machines.get(id);
            if (machine == null) {
                throw new RefusalException("machine-gone", "it was terminated");
            }
            if (machine.booted) {
                return proof(true, "login prompt", machine);
            }
            if (!machine.running) {
                return proof(false, "the machine ended", machine);
            }
            if (ground.scheduler.nanos() - began > timeout.toNanos()) {
                return proof(false, "nothing was said", machine);
            }
            progress.accept("GRUB");
            ground.scheduler.sleep(LOOK_EVERY_NANOS);
        }
    }

    private BootProof proof(boolean proven, String evidence, Launched machine) {
        return new BootProof(
                proven,
                evidence,
                Duration.between(machine.at, now()),
                Path.of("console.log"),
                Optional.empty());
    }

    @Override
    public boolean stop(String id, Duration timeout) throws InterruptedException {
        takeTime();
        end(id);
        takeTime();
        return true;
    }

    private void end(String id) {
        var machine = machines.get(id);
        if (machine != null) {
            machine.running = false;
        }
    }

    @Override
    public ScriptRun runScript(
            String id, byte[] script, Map<String, String> environment, Duration timeout)
            throws IOException {
        throw new IOException("no guest agent answers");
    }

    @Override
    public void terminate(String id) throws InterruptedException {
        takeTime();
        end(id);
        takeTime();
        machines.remove(id);
        ground.log("machine " + id + " is gone");
        takeTime();
    }

    /// The machines that run, by what they were launched with.
    List<MachineSpec> running() {
        return machines.values().stream()
                .filter(machine -> machine.running)
                .map(machine -> machine.spec)
                .toList();
    }

    /// The machine has read its disks: a login prompt is on its console.
    void booted(String id) {
        var machine = machines.get(id);
        if (machine != null) {
            machine.booted = machine.running;
        }
    }

    void cutPower() {
        machines.values().forEach(machine -> machine.running = false);
    }
}
