package holdfast.failback;

import holdfast.base.TimeSource;
import holdfast.replication.AgentReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Counts what is done, for the operator and for the server. Safe for any thread.
final class Meter {
    /// How much of a rate the newest second makes up.
    private static final double NEWEST = 0.3;

    private final TimeSource time;
    private final List<MappedDisk> disks;
    private final long[] compared;
    private final long[] differing;
    private final long[] fetched;
    private String what = "connecting";
    private AgentReport.State state = AgentReport.State.INITIAL_SYNC;
    private long done;
    private long doneBefore;
    private long measuredNanos;
    private double bytesPerSecond;
    private long wireBytes;

    Meter(TimeSource time, List<MappedDisk> disks) {
        this.time = time;
        this.disks = disks;
        this.compared = new long[disks.size()];
        this.differing = new long[disks.size()];
        this.fetched = new long[disks.size()];
        this.measuredNanos = time.nanoTime();
    }

    synchronized void phase(String newWhat, AgentReport.State newState) {
        what = newWhat;
        state = newState;
    }

    /// Everything is counted from nothing again, as when all is to be compared.
    synchronized void restart() {
        Arrays.fill(compared, 0);
        Arrays.fill(differing, 0);
        Arrays.fill(fetched, 0);
    }

    synchronized void compared(int disk, long bytes) {
        compared[disk] = Math.min(disks.get(disk).bytes(), compared[disk] + bytes);
        done += bytes;
    }

    synchronized void differing(int disk, long bytes) {
        differing[disk] += bytes;
    }

    synchronized void fetched(int disk, long bytes) {
        fetched[disk] += bytes;
        done += bytes;
    }

    synchronized void wire(long bytes) {
        wireBytes = bytes;
    }

    synchronized long differingBytes() {
        var sum = 0L;
        for (var one : differing) {
            sum += one;
        }
        return sum;
    }

    synchronized Progress progress() {
        var now = time.nanoTime();
        var seconds = (now - measuredNanos) * 1e-9;
        if (seconds >= 0.5) {
            var newest = (done - doneBefore) / seconds;
            bytesPerSecond =
                    bytesPerSecond == 0 ? newest : bytesPerSecond * (1 - NEWEST) + newest * NEWEST;
            doneBefore = done;
            measuredNanos = now;
        }
        var found = new ArrayList<Progress.Disk>();
        var left = 0L;
        for (var i = 0; i < disks.size(); i++) {
            var total = disks.get(i).bytes();
            found.add(
                    new Progress.Disk(
                            disks.get(i).recovery().name(),
                            total,
                            compared[i],
                            differing[i],
                            fetched[i]));
            left += Math.max(0, differing[i] - fetched[i]);
            if (state == AgentReport.State.INITIAL_SYNC) {
                left += total - compared[i];
            }
        }
        var rate = (long) bytesPerSecond;
        return new Progress(
                what,
                found,
                rate,
                rate > 0 && left > 0
                        ? Optional.of(Duration.ofSeconds(left / rate))
                        : Optional.empty());
    }

    AgentReport report(long clockMillis) {
        var progress = progress();
        synchronized (this) {
            var reported = new ArrayList<AgentReport.Disk>();
            for (var disk : progress.disks()) {
                var backlog = Math.max(0, disk.differingBytes() - disk.fetchedBytes());
                reported.add(
                        new AgentReport.Disk(
                                disk.name(),
                                disk.totalBytes(),
                                Math.max(0, disk.comparedBytes() - backlog),
                                disk.comparedBytes(),
                                backlog));
            }
            return new AgentReport(
                    state,
                    what,
                    progress.bytesPerSecond(),
                    wireBytes,
                    differingBytes(),
                    clockMillis,
                    reported);
        }
    }
}
