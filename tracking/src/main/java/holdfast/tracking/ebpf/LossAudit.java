package holdfast.tracking.ebpf;

import holdfast.tracking.TrackerException;

/// Finds writes of one disk that the disk's statistics know of and the tracker does not, whatever
/// the cause.
///
/// At each completion the kernel first runs the tracker's program, which adds the sectors to its
/// sum (*completed*), and right after adds the same number to the disk's statistics (*accounted*).
/// So `completed - accounted` is a constant of this disk, less what was lost, plus what is just
/// then between its two additions. Likewise `issued - accounted`, plus what is under way.
///
/// *No false alarm.* Read accounted first and completed second: whatever completes in between makes
/// the difference larger, never smaller, however busy the disk is. Below the constant means lost.
///
/// *No missed loss.* What completes in between might hide a loss of its own size, so a look is
/// repeated until it is *exact*, and else the least difference of all is taken: the two reads are a
/// microsecond apart, less than most completions of even the busiest disks.
///
/// *Exact* is a look at which the disk had nothing under way before and after the sums were read,
/// and its statistics did not move from before the first of that to after the last. What was issued
/// until then has completed and is accounted for; what was issued since would still be under way,
/// or would have moved the statistics. So both differences are the constants themselves, less what
/// was lost. That is when the constants can be taken, when a loss of issues shows, and when nothing
/// that was issued before remains outstanding.
final class LossAudit {
    /// The sums, in sectors.
    interface Counts {
        /// What the programs saw completed.
        long completed();

        /// What the programs saw issued, and not given back.
        long issued();

        /// What the disk's statistics count as written or discarded.
        long accounted() throws TrackerException;

        /// Whether no request is under way.
        boolean isIdle() throws TrackerException;
    }

    /// Waits a moment, in which a disk may come to rest.
    interface Pause {
        void await() throws TrackerException;
    }

    /// The differences while nothing is lost.
    ///
    /// @param completed `completed - accounted`; if not exact, a bound from below
    /// @param issued `issued - accounted`; if not exact, without meaning
    /// @param exact whether both come from an exact look
    /// @param missedIssues issue events that the kernel had counted as missed at that look
    record Baseline(long completed, long issued, boolean exact, long missedIssues) {}

    /// What a check found.
    ///
    /// @param lostCompletions sectors completed unseen: at least so many
    /// @param lostIssues sectors issued unseen since the last exact look; zero if this one is not
    /// @param certain false if more may have completed unseen than shows: the constant was not
    ///   exact until now, or the statistics did not count for a while
    /// @param exact whether everything issued before has completed
    /// @param baseline from which these losses no longer show
    record Finding(
            long lostCompletions,
            long lostIssues,
            boolean certain,
            boolean exact,
            Baseline baseline) {}

    private record Look(long completed, long below, long issued, boolean exact) {}

    private static final int TRIES_MAX = 32;
    private static final int FIRST_LOOKS_MAX = 4;

    private final Counts counts;

    LossAudit(Counts counts) {
        this.counts = counts;
    }

    /// Takes the constants as they are now. What was lost before no longer shows.
    Baseline begin(long missedIssues, Pause pause) throws TrackerException {
        var look = look();
        var below = look.below;
        for (var i = 1; i < FIRST_LOOKS_MAX && !look.exact; i++) {
            pause.await();
            look = look();
            below = Math.max(below, look.below);
        }
        return look.exact
                ? new Baseline(look.completed, look.issued, true, missedIssues)
                : new Baseline(below, 0, false, missedIssues);
    }

    /// To be called after everything that must not be lost.
    ///
    /// @param missedIssues as counted by now
    Finding check(Baseline baseline, long missedIssues) throws TrackerException {
        var look = look();
        var lost = Math.max(0, baseline.completed - look.completed);
        if (look.exact) {
            var exact = new Baseline(look.completed, look.issued, true, missedIssues);
            return baseline.exact
                    ? new Finding(
                            lost,
                            Math.max(0, baseline.issued - look.issued),
                            look.completed <= baseline.completed,
                            true,
                            exact)
                    : new Finding(lost, 0, false, true, exact);
        }
        var lowered =
                new Baseline(
                        baseline.completed - lost,
                        baseline.issued,
                        baseline.exact,
                        baseline.missedIssues);
        return new Finding(lost, 0, true, false, lowered);
    }

    private Look look() throws TrackerException {
        var least = Long.MAX_VALUE;
        var below = Long.MIN_VALUE;
        var issued = 0L;
        for (var i = 0; i < TRIES_MAX; i++) {
            var accounted = counts.accounted();
            var idle = counts.isIdle();
            issued = counts.issued();
            var completed = counts.completed();
            idle = idle && counts.isIdle();
            var accountedAfter = counts.accounted();
            if (idle && accounted == accountedAfter) {
                var difference = completed - accounted;
                return new Look(difference, difference, issued - accounted, true);
            }
            least = Math.min(least, completed - accounted);
            below = Math.max(below, completed - accountedAfter);
        }
        return new Look(least, below, issued, false);
    }
}
