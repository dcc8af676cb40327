package holdfast.simulation;

import holdfast.base.RefusalException;
import holdfast.volume.Branch;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.DamagedDataException;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/// Uses recovery points as jobs of the controller do: reads them, branches them, writes to the
/// branches and deletes them, and holds each branch to what was written to it. What it knows of the
/// branches outlives the server.
final class Operator {
    private static final int BRANCHES_MAX = 4;

    private final Ledger ledger;
    private final List<SourceMachine> machines;
    private final SplittableRandom random;
    private final Map<String, Known> branches = new LinkedHashMap<>();
    private final Set<String> deleted = new HashSet<>();
    private int made;

    /// What it is at, and since when; for who asks why nothing comes to an end.
    Optional<String> busyWith = Optional.empty();

    long busySinceNanos;
    long done;

    private static final class Known {
        private final String owner;
        private final BranchModel model;
        private boolean deleting;

        Known(String owner, BranchModel model) {
            this.owner = owner;
            this.model = model;
        }
    }

    Operator(Ledger ledger, List<SourceMachine> machines, SplittableRandom random) {
        this.ledger = ledger;
        this.machines = machines;
        this.random = random;
    }

    /// The store was opened: what was under way when the server died has happened or not.
    void opened(VolumeStore store) {
        for (var volume : store.volumes()) {
            if (deleted.contains(volume.owner()) && !ledger.rotten) {
                throw new BrokenInvariantException(
                        Invariant.ACKNOWLEDGED_IS_DURABLE,
                        "the deleted branch of " + volume.owner() + " is there again");
            }
        }
        for (var known : List.copyOf(branches.values())) {
            known.model.restarted();
            var there = find(store, known).isPresent();
            if (!there && (known.deleting || !known.model.isMade())) {
                branches.remove(known.owner);
            } else if (!there && !ledger.rotten) {
                throw new BrokenInvariantException(
                        Invariant.ACKNOWLEDGED_IS_DURABLE, "branch of " + known.owner + " is gone");
            }
        }
    }

    private static Optional<Volume> find(VolumeStore store, Known known) {
        return store.volumes().stream()
                .filter(volume -> volume.owner().equals(known.owner))
                .findFirst();
    }

    /// One errand.
    void act(VolumeStore store, Instant now) throws IOException {
        var machine = machines.get(random.nextInt(machines.size()));
        try {
            switch (random.nextInt(10)) {
                case 0, 1, 2, 3 ->
                        pick(store, machine).ifPresent(point -> check(store, point, now));
                case 4 -> {
                    var at = now.minusMillis(random.nextLong(90_000));
                    var point = store.pointAt(machine.serverId, at);
                    if (point.isPresent()) {
                        check(store, point.get(), now);
                    }
                }
                case 5, 6 -> branch(store, machine, now);
                case 7, 8 -> useBranch(store);
                default -> deleteBranch(store);
            }
        } catch (DamagedDataException e) {
            if (!ledger.rotten && !ledger.syncsFail) {
                throw new BrokenInvariantException(
                        Invariant.NO_WRONG_BYTE, "damage without a cause: " + e.getMessage());
            }
        }
    }

    private Optional<ConsistencyPoint> pick(VolumeStore store, SourceMachine machine)
            throws IOException {
        var points = store.points(machine.serverId, Instant.MIN, Instant.MAX, Integer.MAX_VALUE);
        return points.isEmpty()
                ? Optional.empty()
                : Optional.of(points.get(random.nextInt(points.size())));
    }

    private void check(VolumeStore store, ConsistencyPoint point, Instant now) {
        try {
            ledger.check(store, point, now);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void branch(VolumeStore store, SourceMachine machine, Instant now) throws IOException {
        var point = pick(store, machine);
        if (point.isEmpty() || branches.size() >= BRANCHES_MAX) {
            return;
        }
        var content = ledger.check(store, point.get(), now);
        if (content.isEmpty()) {
            return;
        }
        var parent =
                store.volumes().stream()
                        .filter(volume -> volume.owner().equals(machine.serverId))
                        .toList()
                        .get(random.nextInt(machine.device.length));
        var owner = "i-" + ++made;
        var known = new Known(owner, new BranchModel(owner, made, ledger, random.split()));
        branches.put(known.owner, known);
        try {
            store.branch(parent.id(), point.get().sequence(), known.owner, parent.name());
        } catch (RefusalException e) {
            branches.remove(known.owner); // the point was reclaimed meanwhile
            return;
        }
        known.model.base(content.get()[Ledger.diskOf(parent)]);
        useBranch(store, known);
        // the parent is as it was
        ledger.check(store, point.get(), now);
    }

    private void useBranch(VolumeStore store) throws IOException {
        var all = new ArrayList<>(branches.values());
        all.removeIf(known -> known.deleting);
        if (!all.isEmpty()) {
            useBranch(store, all.get(random.nextInt(all.size())));
        }
    }

    private void useBranch(VolumeStore store, Known known) throws IOException {
        var volume = find(store, known);
        if (volume.isEmpty()) {
            return;
        }
        VolumeId id = volume.get().id();
        Branch branch;
        try {
            branch = store.openBranch(id);
        } catch (IOException e) {
            if (ledger.rotten) {
                return;
            }
            throw e;
        }
        try (branch) {
            known.model.use(branch);
        }
    }

    private void deleteBranch(VolumeStore store) throws IOException {
        var all = new ArrayList<>(branches.values());
        if (all.isEmpty()) {
            return;
        }
        var known = all.get(random.nextInt(all.size()));
        known.deleting = true;
        var volume = find(store, known);
        if (volume.isPresent()) {
            store.delete(volume.get().id());
            deleted.add(known.owner);
        }
        branches.remove(known.owner);
    }
}
