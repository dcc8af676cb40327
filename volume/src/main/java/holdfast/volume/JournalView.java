package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/// A volume through one of its maps. Owns the map, unless it is that of a branch, which the store
/// owns.
class JournalView implements VolumeView {
    private static final int RUNS_PER_ALLOCATION_MAX = 4096;

    final VolumeState state;
    private final VolumeMap map;
    private final long sequence;
    private final ExtentReader reader;
    private final Runnable onClose;
    private final AtomicBoolean closed = new AtomicBoolean();

    /// @param onClose gives back what the view holds; run once
    JournalView(
            VolumeState state,
            VolumeMap map,
            long sequence,
            ExtentReader reader,
            Runnable onClose) {
        this.state = state;
        this.map = map;
        this.sequence = sequence;
        this.reader = reader;
        this.onClose = onClose;
    }

    private record MappedRun(long firstBlock, int blockCount, long location) {
        long endBlock() {
            return firstBlock + blockCount;
        }
    }

    @Override
    public Volume volume() {
        return state.volume();
    }

    @Override
    public long sequence() {
        return sequence;
    }

    @Override
    public void read(ByteBuffer target, long offsetBytes) throws IOException {
        checkOpen();
        var length = target.remaining();
        Objects.checkFromIndexSize(offsetBytes, length, sizeBytes());
        if (length == 0) {
            return;
        }
        var runs = runs(offsetBytes >>> Blocks.BLOCK_SHIFT, Blocks.count(offsetBytes + length));
        var end = offsetBytes + length;
        var limit = target.limit();
        var start = target.position();
        var at = offsetBytes;
        for (var run : runs) {
            var from = Math.max(offsetBytes, run.firstBlock() << Blocks.BLOCK_SHIFT);
            var to = Math.min(end, run.endBlock() << Blocks.BLOCK_SHIFT);
            zeros(target, from - at);
            target.limit(start + (int) (to - offsetBytes));
            reader.read(
                    volume(),
                    run.firstBlock(),
                    run.blockCount(),
                    run.location(),
                    (int) (from - (run.firstBlock() << Blocks.BLOCK_SHIFT)),
                    target);
            target.limit(limit);
            at = to;
        }
        zeros(target, end - at);
    }

    @Override
    public List<Run> allocation(long offsetBytes, long lengthBytes) throws IOException {
        checkOpen();
        Objects.checkFromIndexSize(offsetBytes, lengthBytes, sizeBytes());
        if (lengthBytes == 0) {
            throw new IndexOutOfBoundsException("an empty range has no allocation");
        }
        var end = offsetBytes + lengthBytes;
        var found = new ArrayList<Run>();
        var data = new long[] {-1, -1}; // the run of data being gathered
        lookup(
                offsetBytes >>> Blocks.BLOCK_SHIFT,
                Blocks.count(end),
                (firstBlock, blockCount, _) -> {
                    var from = Math.max(offsetBytes, firstBlock << Blocks.BLOCK_SHIFT);
                    var to = Math.min(end, (firstBlock + blockCount) << Blocks.BLOCK_SHIFT);
                    if (data[1] == from) {
                        data[1] = to;
                    } else {
                        addData(found, data, offsetBytes);
                        data[0] = from;
                        data[1] = to;
                    }
                    return found.size() < RUNS_PER_ALLOCATION_MAX;
                });
        var complete = found.size() < RUNS_PER_ALLOCATION_MAX;
        addData(found, data, offsetBytes);
        var described = found.isEmpty() ? offsetBytes : endOf(found.getLast());
        if (complete && described < end) {
            found.add(new Run(described, end - described, false));
        }
        return found;
    }

    /// Adds the gathered run, and the hole before it.
    private static void addData(List<Run> found, long[] data, long offsetBytes) {
        if (data[1] < 0) {
            return;
        }
        var described = found.isEmpty() ? offsetBytes : endOf(found.getLast());
        if (described < data[0]) {
            found.add(new Run(described, data[0] - described, false));
        }
        found.add(new Run(data[0], data[1] - data[0], true));
    }

    private static long endOf(Run run) {
        return run.offsetBytes() + run.lengthBytes();
    }

    /// As [BranchStore#changes] says.
    List<BlockRun> changesSince(JournalView older, long fromBlock, int runsMax) throws IOException {
        checkOpen();
        older.checkOpen();
        if (!older.volume().id().equals(volume().id())) {
            throw new IllegalArgumentException(older.volume() + " is not " + volume());
        }
        try {
            return map.difference(older.map, fromBlock, runsMax);
        } catch (DamagedDataException e) {
            throw e.of(volume());
        }
    }

    private List<MappedRun> runs(long firstBlock, long endBlock) throws IOException {
        var runs = new ArrayList<MappedRun>();
        lookup(
                firstBlock,
                endBlock,
                (first, count, location) -> {
                    runs.add(new MappedRun(first, count, location));
                    return true;
                });
        return runs;
    }

    /// Pages of maps are shared and do not tell whose they are; here we know.
    private void lookup(long firstBlock, long endBlock, RunVisitor visitor) throws IOException {
        try {
            map.lookup(firstBlock, endBlock, visitor);
        } catch (DamagedDataException e) {
            throw e.of(volume());
        }
    }

    private static void zeros(ByteBuffer target, long count) {
        for (var left = count; left > 0; ) {
            var part = (int) Math.min(left, ZEROS.length);
            target.put(ZEROS, 0, part);
            left -= part;
        }
    }

    private static final byte[] ZEROS = new byte[1 << 16];

    void checkOpen() {
        if (closed.get()) {
            throw new IllegalStateException("the view of " + state + " is closed");
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            onClose.run();
        }
    }
}
