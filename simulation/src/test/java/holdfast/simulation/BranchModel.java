package holdfast.simulation;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.volume.Branch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/// What a branch may hold, whatever dies: block by block the last value that is on stable storage,
/// and those written after it. Holds the branch to that.
final class BranchModel {
    private static final long OWN_CONTENT = 1L << 60;
    private static final long INHERITED = Long.MIN_VALUE;

    private final String name;
    private final Ledger ledger;
    private final SplittableRandom random;
    private final Map<Integer, List<Long>> written = new LinkedHashMap<>();
    private final Map<Integer, Integer> writtenIn = new LinkedHashMap<>();

    /// Blocks of which the last write was refused: it may have happened or not.
    private final Set<Integer> unsure = new HashSet<>();

    private Optional<long[]> base = Optional.empty();
    private int life;
    private long content;

    /// @param number no two branches of a world have the same: it tells their content apart
    BranchModel(String name, int number, Ledger ledger, SplittableRandom random) {
        this.name = name;
        this.ledger = ledger;
        this.random = random;
        this.content = OWN_CONTENT + ((long) number << 32);
    }

    /// What its parent holds, sector by sector.
    void base(long[] sectors) {
        base = Optional.of(sectors);
    }

    boolean isMade() {
        return base.isPresent();
    }

    /// The server died and was started again.
    void restarted() {
        life++;
        unsure.clear();
    }

    /// Writes some blocks, and flushes sometimes.
    void use(Branch branch) throws IOException {
        compare(branch);
        for (var i = 1 + random.nextInt(4); i > 0; i--) {
            write(branch);
        }
        if (random.nextBoolean()) {
            flush(branch);
        }
        compare(branch);
    }

    void flush(Branch branch) throws IOException {
        branch.flush();
        written.replaceAll((_, values) -> lastOf(values));
        ledger.afterFlush.ifPresent(Runnable::run);
        ledger.afterFlush = Optional.empty();
    }

    private static List<Long> lastOf(List<Long> values) {
        return new ArrayList<>(List.of(values.getLast()));
    }

    private void write(Branch branch) throws IOException {
        var blocks = (int) Blocks.count(branch.sizeBytes());
        var block = random.nextInt(3) == 0 ? random.nextInt(blocks) : random.nextInt(8);
        var zero = random.nextInt(5) == 0;
        var value = zero ? 0 : ++content;
        var durable = random.nextInt(3) == 0;
        var values = written.computeIfAbsent(block, _ -> new ArrayList<>());
        if (values.isEmpty()) {
            values.add(INHERITED);
        }
        values.add(value);
        writtenIn.put(block, life);
        try {
            write(branch, block, value, durable);
        } catch (IOException | RefusalException e) {
            unsure.add(block);
            throw e;
        }
        if (durable) {
            written.put(block, lastOf(values));
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

    private void compare(Branch branch) throws IOException {
        check(ledger.sectors(branch));
    }

    /// Holds what was found to what may be. After the first look since a crash, what was found is
    /// what it is; after a refusal, what was found is not on stable storage for that.
    void check(long[] found) {
        if (base.isEmpty()) {
            base = Optional.of(found); // the server died while it was made
            return;
        }
        for (var block = 0; block < found.length / SourceMachine.SECTORS; block++) {
            var values = written.get(block);
            if (values == null) {
                if (!holds(found, block, INHERITED)) {
                    throw broken(block, found, "its parent has other content");
                }
                continue;
            }
            // a crash may have taken what was not flushed; without one the last write counts
            var crashed = writtenIn.get(block) != life;
            var candidates = crashed || unsure.contains(block) ? values.reversed() : lastOf(values);
            var at = block;
            var value = candidates.stream().filter(v -> holds(found, at, v)).findFirst();
            if (value.isEmpty()) {
                throw broken(block, found, "written were " + values);
            }
            if (crashed) {
                written.put(block, new ArrayList<>(List.of(value.get())));
                writtenIn.put(block, life);
            } else if (unsure.remove(block)) {
                while (!values.getLast().equals(value.get())) {
                    values.removeLast();
                }
            }
        }
    }

    private boolean holds(long[] found, int block, long value) {
        var parent = base.orElseThrow();
        for (var i = block * SourceMachine.SECTORS; i < (block + 1) * SourceMachine.SECTORS; i++) {
            if (found[i] != (value == INHERITED ? parent[i] : value)) {
                return false;
            }
        }
        return true;
    }

    private BrokenInvariantException broken(int block, long[] found, String expected) {
        var first = found[block * SourceMachine.SECTORS];
        return new BrokenInvariantException(
                first == -1 ? Invariant.NO_WRONG_BYTE : Invariant.BRANCH_ISOLATION,
                String.format("branch of %s, block %d holds %d; %s", name, block, first, expected));
    }
}
