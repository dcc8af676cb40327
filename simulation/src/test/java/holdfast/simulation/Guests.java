package holdfast.simulation;

import holdfast.base.RefusalException;
import holdfast.control.Instances;
import holdfast.recovery.MachineSpec;
import holdfast.volume.DamagedDataException;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// The guests in the machines of recovery instances. Each boots when it has read its disks, which
/// must equal the point that the instance is launched from, and then writes to them. They act by a
/// thread of the server, as its NBD server does for them: when the server is not up, they wait.
final class Guests {
    /// No other branches have these numbers.
    private static final int NUMBERS_FROM = 10_000;

    private final Ground ground;
    private final Ledger ledger;
    private final SimMachineHost host;
    private final SplittableRandom random;

    /// What their disks hold, by instance and disk; outlives the machines.
    private final Map<String, Map<VolumeId, BranchModel>> disks = new LinkedHashMap<>();

    private int made;

    Guests(Ground ground, Ledger ledger, SimMachineHost host, SplittableRandom random) {
        this.ground = ground;
        this.ledger = ledger;
        this.host = host;
        this.random = random;
    }

    /// The server was started again.
    void restarted() {
        disks.values().forEach(models -> models.values().forEach(BranchModel::restarted));
    }

    /// What each of them does next.
    void act(VolumeStore store, Instances instances) {
        for (var machine : host.running()) {
            try {
                act(machine, store, instances);
                host.booted(machine.id());
            } catch (DamagedDataException e) {
                if (!ledger.rotten && !ledger.syncsFail) {
                    throw new BrokenInvariantException(
                            Invariant.NO_WRONG_BYTE, "damage without a cause: " + e.getMessage());
                }
            } catch (IOException | RefusalException e) {
                ground.log("guest of " + machine.id() + ": " + e.getMessage());
            }
        }
    }

    private void act(MachineSpec machine, VolumeStore store, Instances instances)
            throws IOException {
        var known = disks.get(machine.id());
        if (known == null) {
            disks.put(machine.id(), firstLook(machine, store, instances));
            return;
        }
        var used = List.copyOf(known.keySet()).get(random.nextInt(known.size()));
        try (var branch = store.openBranch(used)) {
            known.get(used).use(branch);
        }
    }

    private Map<VolumeId, BranchModel> firstLook(
            MachineSpec machine, VolumeStore store, Instances instances) throws IOException {
        var point = instances.get(machine.id()).point();
        var models = new LinkedHashMap<VolumeId, BranchModel>();
        var content = new ArrayList<long[]>();
        for (var disk : machine.disks()) {
            var id = new VolumeId(disk.export());
            var number = NUMBERS_FROM + ++made;
            var model = new BranchModel(machine.id(), number, ledger, random.split());
            try (var branch = store.openBranch(id)) {
                content.add(ledger.sectors(branch));
            }
            model.base(content.getLast());
            models.put(id, model);
        }
        ledger.checkLaunched(point, content.toArray(long[][]::new));
        return models;
    }
}
