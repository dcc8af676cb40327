package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.recovery.BootProof;
import holdfast.recovery.Machine;
import holdfast.recovery.MachineHost;
import holdfast.recovery.MachineSpec;
import holdfast.recovery.ScriptRun;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/// Machines that outlive the controllers, and die with them at each call, before or after the
/// effect.
final class FakeHost implements MachineHost {
    final Map<String, MachineSpec> machines = new LinkedHashMap<>();
    final List<String> scripts = new CopyOnWriteArrayList<>();
    String note = "";
    int launches;
    boolean refusing;
    boolean broken;
    boolean booting = true;
    boolean running = true;

    private final Crash.Fuse fuse;

    FakeHost(Crash.Fuse fuse) {
        this.fuse = fuse;
    }

    @Override
    public synchronized Machine launch(MachineSpec spec) {
        fuse.step();
        if (refusing) {
            throw new RefusalException("qemu-missing", "qemu-system-x86_64 is not installed");
        }
        if (machines.put(spec.id(), spec) == null) {
            launches++;
        }
        fuse.step();
        return machine(spec.id());
    }

    private Machine machine(String id) {
        return new Machine(id, running, 4711, "tcg", FakeTime.START, note);
    }

    @Override
    public synchronized Optional<Machine> find(String id) {
        return machines.containsKey(id) ? Optional.of(machine(id)) : Optional.empty();
    }

    @Override
    public synchronized List<String> machines() {
        return List.copyOf(machines.keySet());
    }

    @Override
    public BootProof awaitBoot(String id, Duration timeout, Consumer<String> progress) {
        fuse.step();
        if (broken) {
            throw new IllegalStateException("a fault of the host's own");
        }
        progress.accept("GRUB");
        var evidence = booting ? "login prompt" : "Kernel panic";
        return new BootProof(
                booting, evidence, Duration.ofSeconds(9), Path.of("console.log"), Optional.empty());
    }

    @Override
    public synchronized boolean stop(String id, Duration timeout) {
        fuse.step();
        running = false;
        fuse.step();
        return true;
    }

    @Override
    public ScriptRun runScript(
            String id, byte[] script, Map<String, String> environment, Duration timeout) {
        fuse.step();
        var text = new String(script, StandardCharsets.UTF_8);
        scripts.add(text + environment.get("HOLDFAST_INSTANCE").equals(id));
        fuse.step();
        return new ScriptRun(text.startsWith("bad") ? 3 : 0, "said " + environment.get("PORT"));
    }

    @Override
    public synchronized void terminate(String id) {
        fuse.step();
        machines.remove(id);
        fuse.step();
    }
}
