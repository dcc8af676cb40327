package holdfast.agent;

import holdfast.base.Blocks;
import holdfast.base.TimeSource;
import holdfast.replication.AgentReport;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/// Where the replication stands, written by the replicating thread and read by whoever asks. Safe
/// for any thread; never blocks for long.
final class StatusBoard {
    private final TimeSource time;
    private final Duration pointWithin;
    private final RateMeter rate = new RateMeter();
    private String serverId = "";
    private String replicationAddress = "";
    private String tracker = "";
    private AgentStatus.Certificate certificate =
            new AgentStatus.Certificate(Optional.empty(), "", Optional.empty());
    private AgentStatus.Link link =
            new AgentStatus.Link(AgentStatus.Link.State.CONNECTING, "", Optional.empty());
    private Supplier<Optional<String>> standstill = Optional::empty;
    private List<DiskStand> disks = List.of();
    private Optional<Instant> lastPoint = Optional.empty();
    private boolean pointSinceCopy;
    private long copiedNanos;
    private String trouble = "";
    private long readBytes;
    private long changedBytes;
    private long sentBytes;
    private long rounds;
    private long consistentRounds;
    private long conflictBlocks;
    private long linksLost;

    /// @param pointWithin a newest point older than this is a backlog
    StatusBoard(TimeSource time, Duration pointWithin) {
        this.time = time;
        this.pointWithin = pointWithin;
        this.copiedNanos = time.nanoTime();
    }

    /// Where one disk stands.
    ///
    /// @param frontierBlocks worked through in the phase; see [DiskMemo]
    /// @param backlogBlocks pending, besides those that the frontier has yet to reach
    record DiskStand(
            String name, long sizeBytes, Phase phase, long frontierBlocks, long backlogBlocks) {
        /// @param pendingBlocks of the tracker's set, which holds all that the frontier has yet to
        ///   reach
        static DiskStand of(String name, long sizeBytes, DiskMemo memo, long pendingBlocks) {
            var ahead =
                    switch (memo.phase()) {
                        case FIRST_COPY, COMPARE -> Blocks.count(sizeBytes) - memo.frontier();
                        case CHANGES -> 0;
                    };
            return new DiskStand(
                    name,
                    sizeBytes,
                    memo.phase(),
                    memo.frontier(),
                    Math.max(0, pendingBlocks - ahead));
        }

        AgentReport.Disk report() {
            var frontierBytes = Math.min(sizeBytes, frontierBlocks * Blocks.BLOCK_BYTES);
            return new AgentReport.Disk(
                    name,
                    sizeBytes,
                    phase == Phase.FIRST_COPY ? frontierBytes : sizeBytes,
                    phase == Phase.COMPARE ? frontierBytes : 0,
                    backlogBlocks * Blocks.BLOCK_BYTES);
        }

        long remainingBytes() {
            var ahead =
                    switch (phase) {
                        case FIRST_COPY, COMPARE ->
                                Math.max(0, sizeBytes - frontierBlocks * Blocks.BLOCK_BYTES);
                        case CHANGES -> 0;
                    };
            return ahead + backlogBlocks * Blocks.BLOCK_BYTES;
        }
    }

    synchronized void identity(String newServerId, String newReplicationAddress) {
        serverId = newServerId;
        replicationAddress = newReplicationAddress;
    }

    synchronized void tracker(String explanation) {
        tracker = explanation;
    }

    /// The one that is shown from the next link on, and that there is no trouble with.
    synchronized void certificate(Instant expiresAt) {
        certificate = new AgentStatus.Certificate(Optional.of(expiresAt), "", Optional.empty());
    }

    synchronized void certificateNotRenewed(String reason, Instant nextAttempt) {
        certificate =
                new AgentStatus.Certificate(
                        certificate.expiresAt(), reason, Optional.of(nextAttempt));
    }

    synchronized void connecting() {
        link =
                new AgentStatus.Link(
                        AgentStatus.Link.State.CONNECTING, link.reason(), Optional.empty());
    }

    /// @param whyStill why the replicator acknowledges nothing at present, if so; asked on any
    ///   thread
    synchronized void connected(Supplier<Optional<String>> whyStill) {
        link = new AgentStatus.Link(AgentStatus.Link.State.CONNECTED, "", Optional.empty());
        standstill = whyStill;
    }

    synchronized void waiting(String reason, Instant nextAttempt) {
        link =
                new AgentStatus.Link(
                        AgentStatus.Link.State.WAITING, reason, Optional.of(nextAttempt));
        standstill = Optional::empty;
    }

    synchronized void linkLost() {
        linksLost++;
    }

    synchronized void disks(List<DiskStand> newDisks) {
        disks = List.copyOf(newDisks);
        if (copying()) {
            pointSinceCopy = false;
            copiedNanos = time.nanoTime();
        }
    }

    /// What an earlier life of the agent remembers.
    synchronized void rememberedPoint(Instant instant) {
        lastPoint = Optional.of(instant);
        pointSinceCopy = !copying();
    }

    /// Why rounds make no points at present; empty if they do.
    synchronized void trouble(String why) {
        trouble = why;
    }

    synchronized void read(long bytes) {
        readBytes += bytes;
        rate.add(bytes, time.nanoTime());
    }

    /// A chunk was handed over, of which so much had to travel.
    synchronized void travelled(Chunk chunk, long bytes) {
        changedBytes +=
                switch (chunk.phase()) {
                    case FIRST_COPY -> 0;
                    case COMPARE, CHANGES -> bytes;
                };
    }

    synchronized void sent(long bytes) {
        sentBytes += bytes;
    }

    synchronized void roundAcknowledged(Optional<Instant> point, long conflicts) {
        rounds++;
        conflictBlocks += conflicts;
        point.ifPresent(instant -> {
            consistentRounds++;
            lastPoint = point;
            pointSinceCopy = true;
        });
    }

    synchronized long rounds() {
        return rounds;
    }

    /// How long ago the newest point's instant was, or the end of the copy if none was made since.
    synchronized Duration sincePoint() {
        return pointSinceCopy && lastPoint.isPresent()
                ? Duration.between(lastPoint.get(), time.now())
                : Duration.ofNanos(time.nanoTime() - copiedNanos);
    }

    synchronized AgentReport report() {
        var state = state();
        return new AgentReport(
                state,
                detail(state),
                rate.bytesPerSecond(time.nanoTime()),
                sentBytes,
                changedBytes,
                time.now().toEpochMilli(),
                disks.stream().map(DiskStand::report).toList());
    }

    synchronized AgentStatus status() {
        var report = report();
        var lag =
                lastPoint
                        .map(instant -> Duration.between(instant, time.now()).toMillis())
                        .map(OptionalLong::of)
                        .orElse(OptionalLong.empty());
        return new AgentStatus(
                serverId,
                replicationAddress,
                tracker,
                certificate,
                new AgentStatus.Link(
                        link.state(), standstill.get().orElse(link.reason()), link.nextAttempt()),
                report,
                lastPoint,
                lag,
                eta(report.bytesPerSecond()),
                new AgentStatus.Counters(
                        readBytes,
                        changedBytes,
                        sentBytes,
                        rounds,
                        consistentRounds,
                        conflictBlocks,
                        linksLost));
    }

    private AgentReport.State state() {
        if (disks.stream().anyMatch(disk -> disk.phase() == Phase.FIRST_COPY)) {
            return AgentReport.State.INITIAL_SYNC;
        }
        if (disks.stream().anyMatch(disk -> disk.phase() == Phase.COMPARE)) {
            return AgentReport.State.RESCAN;
        }
        if (sincePoint().compareTo(pointWithin) > 0) {
            return AgentReport.State.BACKLOG;
        }
        return pointSinceCopy ? AgentReport.State.CONTINUOUS : AgentReport.State.CREATING_SNAPSHOT;
    }

    private String detail(AgentReport.State state) {
        return switch (state) {
            case INITIAL_SYNC, RESCAN, CREATING_SNAPSHOT, CONTINUOUS -> trouble;
            case BACKLOG -> {
                var since = lastPoint.map(at -> "since " + at).orElse("so far");
                yield "no consistency point " + since + (trouble.isEmpty() ? "" : ": " + trouble);
            }
        };
    }

    private OptionalLong eta(long bytesPerSecond) {
        var remaining = disks.stream().mapToLong(DiskStand::remainingBytes).sum();
        if (remaining == 0) {
            return OptionalLong.of(0);
        }
        return bytesPerSecond == 0
                ? OptionalLong.empty()
                : OptionalLong.of(remaining * 1000 / bytesPerSecond);
    }

    private boolean copying() {
        return disks.stream().anyMatch(disk -> disk.phase() != Phase.CHANGES);
    }
}
