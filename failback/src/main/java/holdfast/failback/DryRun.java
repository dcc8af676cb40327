package holdfast.failback;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.base.TimeSource;
import holdfast.replication.AgentReport;
import holdfast.replication.BranchLink;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds out what a failback would fetch, and writes nothing: the disks are open for reading only.
record DryRun(List<MappedDisk> mapped, List<TargetDisk> disks, TimeSource time, Meter meter) {
    /// Fetched to learn how fast that is, and thrown away.
    private static final int SAMPLE_REQUESTS = 4;

    Outcome.Dry run(BranchLink link) throws IOException, InterruptedException {
        Answers.of(link.takePoint(-1));
        meter.phase("comparing all blocks by hash", AgentReport.State.INITIAL_SYNC);
        var start = time.nanoTime();
        var found = new ArrayList<Outcome.DryDisk>();
        for (var i = 0; i < disks.size(); i++) {
            found.add(compare(link, i));
        }
        var comparing = Duration.ofNanos(time.nanoTime() - start);
        return new Outcome.Dry(
                link.session().serverId(),
                found,
                link.sentBytes(),
                link.receivedBytes(),
                fetching(link, found).map(comparing::plus));
    }

    private Outcome.DryDisk compare(BranchLink link, int index)
            throws IOException, InterruptedException {
        var comparer =
                new Comparer(link, index, disks.get(index), bytes -> meter.compared(index, bytes));
        var runs = new ArrayList<BlockRun>();
        var end = disks.get(index).blockCount();
        for (var first = 0L; first < end; first += Comparer.SPAN_BLOCKS) {
            var count = Math.min(Comparer.SPAN_BLOCKS, end - first);
            runs.addAll(comparer.differing(new BlockRun(first, count)));
        }
        var all = Blocks.count(mapped.get(index).recovery().sizeBytes());
        if (all > end && !comparer.isZero(new BlockRun(end, all - end))) {
            throw TargetDisk.tooSmall(mapped.get(index));
        }
        var disk = mapped.get(index);
        return new Outcome.DryDisk(
                disk.recovery().name(), disk.local().path().toString(), disk.bytes(), runs);
    }

    /// How long fetching all would take, by a sample; empty if there is nothing to be fetched.
    private Optional<Duration> fetching(BranchLink link, List<Outcome.DryDisk> found)
            throws IOException, InterruptedException {
        var all = found.stream().mapToLong(Outcome.DryDisk::differingBytes).sum();
        var sampled = 0L;
        var start = time.nanoTime();
        for (var i = 0; i < found.size(); i++) {
            for (var request :
                    Fetcher.requests(found.get(i).differing()).stream()
                            .limit(SAMPLE_REQUESTS)
                            .toList()) {
                Answers.of(link.pull(i, request));
                sampled += request.stream().mapToLong(BlockRun::blockCount).sum();
            }
        }
        if (sampled == 0) {
            return Optional.empty();
        }
        var nanosPerByte = (double) (time.nanoTime() - start) / (sampled * Blocks.BLOCK_BYTES);
        return Optional.of(Duration.ofNanos((long) (nanosPerByte * all)));
    }
}
