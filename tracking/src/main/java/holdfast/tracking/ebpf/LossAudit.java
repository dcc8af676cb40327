package holdfast.tracking.ebpf;

import holdfast.tracking.TrackerException;
import java.util.ArrayDeque;

/// Finds writes of one disk that the disk's statistics know of and the tracker does not, whatever
/// the cause.
///
/// At each completion the kernel first runs the tracker's program, which adds the sectors to its
/// sum (*recorded*), and right after adds the same number to the disk's statistics (*accounted*).
/// So `recorded - accounted` is a constant of this disk, less what was lost, plus what is just then
/// between its two additions.
///
/// *No false alarm.* Read accounted first and recorded second: whatever completes in between makes
/// the difference larger, never smaller, however busy the disk is. Below the constant means lost.
///
/// *No missed loss.* What completes in between might hide a loss of its own size, so a look is
/// repeated until it is calm: neither sum moved from its first to its last read, some microseconds.
/// A calm look shows the difference as it is, but for a completion that was stopped between its two
/// additions, a handful of instructions, for all that time. Disks of a hundred thousand requests a
/// second still have calm microseconds; on busier ones the loss shows once it outgrows what
/// completes during a look, or once the disk is calmer.
///
/// *The constant* is the least difference of several calm looks far apart. If there are none, it is
/// a safe bound from below: recorded read first, accounted second.
///
/// If statistics are switched off for a while (`queue/iostats`), the difference grows; many equal
/// calm looks then give the new constant.
///
/// A look at a disk with requests under way is not calm either: on a machine short of processors a
/// completion may be put aside between its two additions for longer than several looks take.
final class LossAudit {
    /// The two sums, in sectors.
    interface Counts {
        /// What the programs saw completed.
        long recorded();

        /// What the disk's statistics count as written or discarded.
        long accounted() throws TrackerException;

        /// Whether no request is under way, hence none is between its two additions.
        default boolean isIdle() throws TrackerException {
            return true;
        }
    }

    /// Waits until what is between its two additions has very likely passed the second.
    interface Pause {
        void await() throws TrackerException;
    }

    /// What `recorded - accounted` never falls below while nothing is lost.
    ///
    /// @param exact whether calm looks gave it, so that it need not rise any more
    record Baseline(long floor, boolean exact) {}

    /// What a check found.
    ///
    /// @param lost sectors that are lost for certain, or zero
    /// @param baseline a better one, if this check offered it
    record Finding(long lost, Baseline baseline) {}

    /// @param least difference between the sums, never too small; as it is if the look was calm
    /// @param below difference between the sums, never too large
    private record Look(long least, long below) {}

    private static final int TRIES_MAX = 32;
    private static final int CALM_LOOKS = 4;
    private static final int EQUAL_LOOKS = 64;

    private final Counts counts;

    /// Differences at the last calm looks.
    private final ArrayDeque<Long> calm = new ArrayDeque<>();

    /// The difference at the last look, and at how many looks in a row it was that.
    private long equal;

    private int equalLooks;

    LossAudit(Counts counts) {
        this.counts = counts;
    }

    /// Takes the constant as it is now. What was lost before no longer shows.
    Baseline begin(Pause pause) throws TrackerException {
        calm.clear();
        var below = look().below;
        for (var i = 1; i < CALM_LOOKS; i++) {
            pause.await();
            below = Math.max(below, look().below);
        }
        return calm.isEmpty() ? new Baseline(below, false) : new Baseline(leastCalm(), true);
    }

    /// To be called after everything that must not be lost.
    Finding check(Baseline baseline) throws TrackerException {
        var look = look();
        var lost = baseline.floor - look.least;
        if (lost > 0) {
            return new Finding(lost, baseline);
        }
        if (!baseline.exact && calm.size() == CALM_LOOKS) {
            return new Finding(0, new Baseline(Math.max(baseline.floor, leastCalm()), true));
        }
        equalLooks = look.least == equal ? equalLooks + 1 : 1;
        equal = look.least;
        return new Finding(
                0, equalLooks < EQUAL_LOOKS ? baseline : new Baseline(equal, baseline.exact));
    }

    private Look look() throws TrackerException {
        var least = Long.MAX_VALUE;
        var below = Long.MIN_VALUE;
        for (var i = 0; i < TRIES_MAX; i++) {
            var accounted = counts.accounted();
            var recorded = counts.recorded();
            var accountedAfter = counts.accounted();
            var recordedAfter = counts.recorded();
            least = Math.min(least, recorded - accounted);
            below = Math.max(below, recorded - accountedAfter);
            if (accounted == accountedAfter && recorded == recordedAfter && counts.isIdle()) {
                if (calm.size() == CALM_LOOKS) {
                    calm.removeFirst();
                }
                calm.add(recorded - accounted);
                return new Look(recorded - accounted, below);
            }
        }
        return new Look(least, below);
    }

    private long leastCalm() {
        return calm.stream().mapToLong(Long::longValue).min().orElseThrow();
    }
}
