package holdfast.simulation;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.volume.Branch;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.DamagedDataException;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/// Uses recovery points as jobs of the controller do: reads them, branches them, writes to the
/// branches and deletes them, and holds each branch to what was written to it. What it knows of the
/// branches outlives the server.
final class Operator {
    private static final long OWN_CONTENT = 1L << 60;
    private static final long INHERITED = Long.MIN_VALUE;
    private static final int BRANCHES_MAX = 4;

    private final Ledger ledger;
    private final SplittableRandom random;
    private final Map<String, Known> branches = new LinkedHashMap<>();
    private long made;
    private int life;
    private long content = OWN_CONTENT;

    /// What it is at, and since when; for who asks why nothing comes to an end.
    Optional<String> busyWith = Optional.empty();

    long busySinceNanos;
    long done;

    /// A branch, block by block: the last value that is on stable storage, and those after it.
    private static final class Known {
        private final String owner;
        private Optional<long[]> base = Optional.empty();
        private final Map<Integer, List<Long>> written = new LinkedHashMap<>();
        private final Map<Integer, Integer> writtenIn = new LinkedHashMap<>();
        private boolean deleting;

        Known(String owner) {
            this.owner = owner;
        }
    }

    Operator(Ledger ledger, SplittableRandom random) {
        this.ledger = ledger;
        this.random = random;
    }

    /// The store was opened: what was under way when the server died has happened or not.
    void opened(VolumeStore store) {
        life++;
        for (var known : List.copyOf(branches.values())) {
            var there = find(store, known).isPresent();
            if (!there && (known.deleting || known.base.isEmpty())) {
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
    void act(VolumeStore store, List<SourceMachine> machines, Instant now) throws IOException {
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
        var known = new Known("i-" + ++made);
        branches.put(known.owner, known);
        try {
            store.branch(parent.id(), point.get().sequence(), known.owner, parent.name());
        } catch (RefusalException e) {
            branches.remove(known.owner); // the point was reclaimed meanwhile
            return;
        }
        known.base = Optional.of(content.get()[Ledger.diskOf(parent)]);
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
            compare(branch, known);
            for (var i = 1 + random.nextInt(4); i > 0; i--) {
                write(branch, known);
            }
            if (random.nextBoolean()) {
                branch.flush();
                known.written.replaceAll((_, values) -> lastOf(values));
            }
            compare(branch, known);
        }
    }

    private static List<Long> lastOf(List<Long> values) {
        return new ArrayList<>(List.of(values.getLast()));
    }

    private void write(Branch branch, Known known) throws IOException {
        var blocks = (int) Blocks.count(branch.sizeBytes());
        var block = random.nextInt(3) == 0 ? random.nextInt(blocks) : random.nextInt(8);
        var zero = random.nextInt(5) == 0;
        var value = zero ? 0 : ++content;
        var durable = random.nextInt(3) == 0;
        var values = known.written.computeIfAbsent(block, _ -> new ArrayList<>());
        if (values.isEmpty()) {
            values.add(INHERITED);
        }
        values.add(value);
        known.writtenIn.put(block, life);
        try {
            write(branch, block, value, durable);
        } catch (IOException e) {
            known.writtenIn.put(block, life - 1); // it may have happened or not
            throw e;
        }
        if (durable) {
            known.written.put(block, lastOf(values));
        }
    }

    private static void write(Branch branch, int block, long value, boolean durable)
            throws IOException {
        var offset = (long) block * Blocks.BLOCK_BYTES;
        if (value == 0) {
            branch.zero(offset, Blocks.BLOCK_BYTES, durable);
            return;
        }
        var data = new byte[Blocks.BLOCK_BYTES];
        for (var i = 0; i < SourceMachine.SECTORS; i++) {
            SourceMachine.fill(data, i * Blocks.SECTOR_BYTES, value);
        }
        branch.write(ByteBuffer.wrap(data), offset, durable);
    }

    /// After the first look since a crash, what was found is what it is.
    private void compare(Branch branch, Known known) throws IOException {
        var found = Ledger.sectors(branch);
        if (known.base.isEmpty()) {
            known.base = Optional.of(found); // the server died while it was made
            return;
        }
        var base = known.base.get();
        for (var block = 0; block < found.length / SourceMachine.SECTORS; block++) {
            var values = known.written.get(block);
            if (values == null) {
                if (!holds(found, base, block, INHERITED)) {
                    throw broken(known, block, found, "its parent has other content");
                }
                continue;
            }
            // a crash may have taken what was not flushed; without one the last write counts
            var candidates =
                    known.writtenIn.get(block) == life ? lastOf(values) : values.reversed();
            var at = block;
            var value = candidates.stream().filter(v -> holds(found, base, at, v)).findFirst();
            if (value.isEmpty()) {
                throw broken(known, block, found, "written were " + values);
            }
            if (known.writtenIn.get(block) != life) {
                known.written.put(block, new ArrayList<>(List.of(value.get())));
                known.writtenIn.put(block, life);
            }
        }
    }

    private static boolean holds(long[] found, long[] base, int block, long value) {
        for (var i = block * SourceMachine.SECTORS; i < (block + 1) * SourceMachine.SECTORS; i++) {
            if (found[i] != (value == INHERITED ? base[i] : value)) {
                return false;
            }
        }
        return true;
    }

    private static BrokenInvariantException broken(
            Known known, int block, long[] found, String expected) {
        var first = found[block * SourceMachine.SECTORS];
        return new BrokenInvariantException(
                first == -1 ? Invariant.NO_WRONG_BYTE : Invariant.BRANCH_ISOLATION,
                String.format(
                        "branch of %s, block %d holds %d; %s",
                        known.owner, block, first, expected));
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
        }
        branches.remove(known.owner);
    }
}
