package holdfast.agent;

import holdfast.base.BlockSet;
import holdfast.tracking.Tracker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/// Decides which pending blocks a round takes on, and in which order. Used by the replicating
/// thread alone.
final class Selector {
    /// Hot blocks of the first batch of a round; 4 MiB are read in an instant.
    private static final int HOT_BLOCKS_MAX = 1024;

    private static final long UNKNOWN = -1;

    private final Tracker tracker;
    private final List<ReplicatedDisk> disks;
    private final Heat heat;
    private final RoundSize roundSize = new RoundSize();
    private final long[] left;

    Selector(Tracker tracker, List<ReplicatedDisk> disks, Heat heat) {
        this.tracker = tracker;
        this.disks = disks;
        this.heat = heat;
        this.left = new long[disks.size()];
        Arrays.fill(left, UNKNOWN);
    }

    /// One selection a disk, in order.
    List<RoundPlan.Selection> select() {
        var share = Math.max(1, roundSize.blocks() / disks.size());
        var selections = new ArrayList<RoundPlan.Selection>();
        for (var disk : disks) {
            var pending = tracker.pending(disk.index());
            var phase = disk.memo().phase();
            selections.add(
                    switch (phase) {
                        case FIRST_COPY, COMPARE ->
                                RoundPlan.Selection.of(
                                        disk.index(),
                                        pending,
                                        disk.memo().frontier(),
                                        share,
                                        phase);
                        case CHANGES -> selectChanges(disk, pending, share);
                    });
        }
        return selections;
    }

    /// All of it, unless that is far more than what changes in the time of a round: then a part, so
    /// that what was sent of a backlog is settled soon, and what is left shrinks to a round's.
    private RoundPlan.Selection selectChanges(ReplicatedDisk disk, BlockSet pending, long share) {
        return switch (tracker.kind()) {
            case EBPF -> {
                var blocks = pending.size();
                // what has gathered while there was no link says nothing about a round's time
                var changed =
                        left[disk.index()] == UNKNOWN
                                ? 0
                                : Math.max(0, blocks - left[disk.index()]);
                var blocksMax = Math.max(share, 2 * changed);
                var from = blocks > blocksMax ? disk.drainFrom() : 0;
                yield RoundPlan.Selection.of(disk.index(), pending, from, blocksMax, Phase.CHANGES);
            }
            // what was written since nobody knows: only a look at all of it can tell
            case SCAN ->
                    RoundPlan.Selection.of(
                            disk.index(), pending, 0, disk.blockCount(), Phase.COMPARE);
        };
    }

    /// Hot blocks are put first only where the round takes all: elsewhere they are better left to
    /// cool down.
    RoundPlan plan(List<RoundPlan.Selection> selections) {
        var eligible = new ArrayList<BlockSet>();
        for (var selection : selections) {
            var hot = selection.isAll() && selection.phase() == Phase.CHANGES;
            eligible.add(hot ? tracker.pending(selection.disk()) : new BlockSet(0));
        }
        return new RoundPlan(heat.hottest(eligible, HOT_BLOCKS_MAX), selections);
    }

    /// All that the last flip found changed, the hottest first.
    RoundPlan planChanged() {
        var changed = disks.stream().map(disk -> tracker.changed(disk.index())).toList();
        var selections =
                disks.stream()
                        .map(disk ->
                                RoundPlan.Selection.of(
                                        disk.index(),
                                        changed.get(disk.index()),
                                        0,
                                        disk.blockCount(),
                                        Phase.CHANGES))
                        .toList();
        return new RoundPlan(heat.hottest(changed, HOT_BLOCKS_MAX), selections);
    }

    /// The round is acknowledged and settled.
    ///
    /// @param took from its flip to its acknowledgement
    void roundEnded(List<RoundPlan.Selection> selections, Duration took) {
        for (var disk : disks) {
            left[disk.index()] = tracker.pending(disk.index()).size();
        }
        roundSize.took(selections.stream().mapToLong(RoundPlan.Selection::blocks).sum(), took);
        heat.roundEnded();
    }

    /// Blocks that were pending after the last round; empty before the first.
    OptionalLong left(int disk) {
        return left[disk] == UNKNOWN ? OptionalLong.empty() : OptionalLong.of(left[disk]);
    }
}
