package holdfast.failback;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.base.TimeSource;
import holdfast.replication.AgentReport;
import holdfast.replication.BranchLink;
import holdfast.replication.ComparedDisk;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Brings the local disks from point to point of the instance, until its last, and reads them back.
///
/// Before the first byte of a round is written, the folder says that the disks are between two
/// points; after the last is on stable storage, that they equal the newer. So whatever ends the
/// client, the next one knows what it can rely on: outside of what changed since the older point,
/// the disks are what they were.
///
/// Used by one thread, which ends it by an interrupt or by the link's end.
final class Follower {
    private static final Duration ROUND_EVERY = Duration.ofSeconds(1);

    private final List<MappedDisk> mapped;
    private final List<TargetDisk> disks;
    private final FailbackDirectory directory;
    private final TimeSource time;
    private final Meter meter;
    private final TouchedRuns touched;
    private FailbackDirectory.Kept kept;

    /// The point from which on the round at work takes what changed; -1 if it compares everything.
    private long since = -1;

    Follower(
            List<MappedDisk> mapped,
            List<TargetDisk> disks,
            FailbackDirectory directory,
            FailbackDirectory.Kept kept,
            TimeSource time,
            Meter meter) {
        this.mapped = mapped;
        this.disks = disks;
        this.directory = directory;
        this.touched = directory.touched();
        this.kept = kept;
        this.time = time;
        this.meter = meter;
    }

    Position position() {
        return kept.position();
    }

    /// Follows until the disks equal the instance's last point and that was recorded.
    ///
    /// @throws IOException if the link dies, or a disk does; what was reached is kept
    void follow(BranchLink link) throws IOException, InterruptedException {
        while (true) {
            var point = Answers.of(link.takePoint(kept.position().since()));
            round(link, point);
            Answers.of(link.endRound(point.sequence(), true, false, point.instant(), 0));
            if (point.last()) {
                verify(link, point);
                return;
            }
            meter.phase("in step as of " + point.instant(), AgentReport.State.CONTINUOUS);
            time.sleep(ROUND_EVERY);
        }
    }

    private void round(BranchLink link, BranchLink.BranchPoint point)
            throws IOException, InterruptedException {
        // what an earlier attempt has written need not be fetched again
        var interrupted = kept.position() instanceof Position.Between;
        var known = point.changesKnown() && kept.position().since() >= 0;
        since = known ? kept.position().since() : -1;
        if (!known) {
            meter.restart();
            meter.phase("comparing all blocks by hash", AgentReport.State.INITIAL_SYNC);
        }
        for (var i = 0; i < disks.size(); i++) {
            if (known) {
                // first, since fetching notes more of them
                var earlier = interrupted ? touched.of(i) : List.<BlockRun>of();
                fetchChanges(link, point, i, interrupted);
                compareAgain(link, point, i, earlier);
            } else {
                compareWhole(link, point, i);
            }
        }
        for (var disk : disks) {
            disk.sync();
        }
        save(new Position.Equal(point.sequence(), point.instant(), point.last()));
    }

    private void compareWhole(BranchLink link, BranchLink.BranchPoint point, int index)
            throws IOException, InterruptedException {
        var comparer = comparer(link, index);
        var end = disks.get(index).blockCount();
        for (var first = 0L; first < end; first += Comparer.SPAN_BLOCKS) {
            var span = new BlockRun(first, Math.min(Comparer.SPAN_BLOCKS, end - first));
            fetch(link, point, index, comparer.differing(span));
        }
        var all = Blocks.count(mapped.get(index).recovery().sizeBytes());
        if (all > end) {
            requireNothing(comparer, index, new BlockRun(end, all - end));
        }
    }

    private void fetchChanges(
            BranchLink link, BranchLink.BranchPoint point, int index, boolean interrupted)
            throws IOException, InterruptedException {
        var comparer = comparer(link, index);
        var end = disks.get(index).blockCount();
        BranchLink.Changes changes;
        var from = 0L;
        do {
            changes = Answers.of(link.changes(index, from));
            var runs = new ArrayList<BlockRun>();
            for (var run : changes.runs()) {
                from = run.endBlock();
                if (run.endBlock() > end) {
                    var first = Math.max(end, run.firstBlock());
                    requireNothing(comparer, index, new BlockRun(first, run.endBlock() - first));
                }
                if (run.firstBlock() < end) {
                    var here =
                            new BlockRun(
                                    run.firstBlock(),
                                    Math.min(run.endBlock(), end) - run.firstBlock());
                    if (interrupted) {
                        addDiffering(runs, comparer, here);
                    } else {
                        runs.add(here);
                    }
                }
            }
            fetch(link, point, index, runs);
        } while (!changes.complete());
    }

    /// What an earlier attempt may have written: not all of it need have changed to this point.
    private void compareAgain(
            BranchLink link, BranchLink.BranchPoint point, int index, List<BlockRun> earlier)
            throws IOException, InterruptedException {
        var comparer = comparer(link, index);
        var runs = new ArrayList<BlockRun>();
        for (var run : earlier) {
            addDiffering(runs, comparer, run);
        }
        fetch(link, point, index, runs);
    }

    private static void addDiffering(List<BlockRun> runs, Comparer comparer, BlockRun changed)
            throws IOException, InterruptedException {
        for (var first = changed.firstBlock();
                first < changed.endBlock();
                first += Comparer.SPAN_BLOCKS) {
            var count = Math.min(Comparer.SPAN_BLOCKS, changed.endBlock() - first);
            runs.addAll(comparer.differing(new BlockRun(first, count)));
        }
    }

    private void requireNothing(Comparer comparer, int index, BlockRun behind)
            throws IOException, InterruptedException {
        if (!comparer.isZero(behind)) {
            throw TargetDisk.tooSmall(mapped.get(index));
        }
    }

    private void fetch(
            BranchLink link, BranchLink.BranchPoint point, int index, List<BlockRun> runs)
            throws IOException, InterruptedException {
        if (runs.isEmpty()) {
            return;
        }
        var blocks = runs.stream().mapToLong(BlockRun::blockCount).sum();
        meter.differing(index, blocks * Blocks.BLOCK_BYTES);
        var now = new Position.Between(since, point.sequence());
        if (since >= 0) {
            touched.add(index, runs, !(kept.position() instanceof Position.Between));
        }
        if (!kept.position().equals(now)) {
            save(now); // before the first byte
        }
        new Fetcher(link, index, disks.get(index), bytes -> meter.fetched(index, bytes))
                .fetch(runs);
    }

    /// @throws IOException also if a disk does not hold what was written to it; then nothing is
    ///   known of the disks any more
    private void verify(BranchLink link, BranchLink.BranchPoint point)
            throws IOException, InterruptedException {
        meter.restart();
        meter.phase("reading all disks back", AgentReport.State.CREATING_SNAPSHOT);
        var found = new ArrayList<ComparedDisk>();
        for (var i = 0; i < disks.size(); i++) {
            found.add(
                    readBack(comparer(link, i), mapped.get(i).bytes(), disks.get(i).blockCount()));
        }
        var differing = found.stream().mapToLong(ComparedDisk::differingBytes).sum();
        if (differing > 0) {
            save(new Position.Unknown());
        }
        Answers.of(link.verified(point.sequence(), found));
        if (differing > 0) {
            throw new IOException(
                    differing
                            + " bytes read back from the local disks are not what was written: check the disks; everything is compared anew");
        }
        save(new Position.Complete(point.sequence(), point.instant()));
    }

    private static ComparedDisk readBack(Comparer comparer, long bytes, long end)
            throws IOException, InterruptedException {
        var differing = 0L;
        for (var first = 0L; first < end; first += Comparer.SPAN_BLOCKS) {
            var span = new BlockRun(first, Math.min(Comparer.SPAN_BLOCKS, end - first));
            differing += comparer.differingBytes(span);
        }
        return new ComparedDisk(bytes, differing);
    }

    private Comparer comparer(BranchLink link, int index) {
        return new Comparer(link, index, disks.get(index), bytes -> meter.compared(index, bytes));
    }

    private void save(Position position) throws IOException {
        if (!position.equals(kept.position())) {
            var next = kept.at(position);
            directory.save(next);
            kept = next;
        }
    }
}
