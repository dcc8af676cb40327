package holdfast.agent;

import holdfast.base.Blocks;
import holdfast.base.TimeSource;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Decides when a round is to be made under a freeze: allowed by the operator, no point for too
/// long, and so little left to read that it fits into the budget. Used by the replicating thread.
final class LastResort {
    private static final System.Logger LOG = System.getLogger(LastResort.class.getName());

    private final Optional<Freezer> freezer;
    private final Duration budget;
    private final Duration pointWithin;
    private final long heldBytesMax;
    private final StatusBoard board;
    private final TimeSource time;
    private long triedNanos;

    /// @param freezer empty if freezing is not allowed
    LastResort(
            Optional<Freezer> freezer,
            Duration budget,
            Duration pointWithin,
            long heldBytesMax,
            StatusBoard board,
            TimeSource time) {
        this.freezer = freezer;
        this.budget = budget;
        this.pointWithin = pointWithin;
        this.heldBytesMax = heldBytesMax;
        this.board = board;
        this.time = time;
        this.triedNanos = time.nanoTime() - pointWithin.toNanos();
    }

    /// Reading under the freeze must not wait for the link, so what is left must fit into the
    /// memory; half of it, since there is no telling what the file systems flush when they freeze.
    boolean due(List<ReplicatedDisk> disks, Selector selector) {
        if (freezer.isEmpty()
                || board.sincePoint().compareTo(pointWithin) < 0
                || time.nanoTime() - triedNanos < pointWithin.toNanos()) {
            return false;
        }
        var left = 0L;
        for (var disk : disks) {
            var blocks = selector.left(disk.index());
            if (blocks.isEmpty()) {
                return false; // a round without a freeze comes first
            }
            left += blocks.getAsLong();
        }
        return left * Blocks.BLOCK_BYTES <= heldBytesMax / 2
                && disks.stream().allMatch(disk -> disk.memo().phase() == Phase.CHANGES);
    }

    /// Empty if freezing is not possible now; then rounds go on without.
    Optional<Freezer.Prepared> prepare(List<TrackedDisk> disks) {
        triedNanos = time.nanoTime();
        try {
            return Optional.of(freezer.orElseThrow().prepare(disks, budget));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "freeze=refused ({0})", e.getMessage());
            return Optional.empty();
        }
    }

    /// Empty if the file systems could not be frozen.
    Optional<Freezer.Frozen> freeze(Freezer.Prepared prepared) {
        try {
            return Optional.of(prepared.freeze());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "freeze=failed ({0})", e.getMessage());
            return Optional.empty();
        }
    }
}
