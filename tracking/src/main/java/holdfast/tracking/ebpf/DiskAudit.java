package holdfast.tracking.ebpf;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;

import holdfast.tracking.TrackerException;
import holdfast.tracking.device.BlockDevice;
import holdfast.tracking.ebpf.ControlPage.Doubt;
import java.lang.System.Logger;
import java.util.Locale;
import java.util.Optional;

/// Watches over one disk's tracking: whether it is still the disk that it was, and whether every
/// change of it was recorded. Trust and the reason for its end are kept in the control page, for a
/// successor.
///
/// # Completions that were lost
///
/// They need not cost a comparison of the whole disk: a write that completed unseen was seen when
/// it was issued. So its blocks are in an issued plane, or in the outstanding set, into which the
/// planes are emptied and which is cleared only at an exact look of [LossAudit] that found nothing
/// lost, hence when all that was in it had completed and been recorded. All of these become
/// pending, and are read again.
///
/// That rests on the issues having been seen, which only an exact look tells. Until there is one
/// the disk is *in doubt*: its rounds are no points. If issues were lost as well, or the disk does
/// not come to rest for long, it is trusted no more.
final class DiskAudit {
    private static final Logger LOG = System.getLogger(DiskAudit.class.getName());

    /// Two a round.
    private static final int DOUBTFUL_CHECKS_MAX = 200;

    private final int disk;
    private final KernelState.Disk kept;
    private final ControlPage control;
    private final LossAudit sums;
    private final EbpfTracker.Steps steps;
    private int doubtfulChecks;

    /// @param disk its index
    DiskAudit(int disk, KernelState state, EbpfTracker.Steps steps) {
        this.steps = steps;
        this.disk = disk;
        this.kept = state.disks().get(disk);
        this.control = state.control();
        this.sums =
                new LossAudit(
                        new LossAudit.Counts() {
                            @Override
                            public long completed() {
                                return control.completedSectors(disk);
                            }

                            @Override
                            public long issued() {
                                return control.issuedSectors(disk);
                            }

                            @Override
                            public long accounted() throws TrackerException {
                                return kept.statistics().read().sectors();
                            }

                            @Override
                            public boolean isIdle() throws TrackerException {
                                return kept.statistics().isIdle();
                            }
                        });
    }

    /// @throws TrackerException if the device keeps no statistics, without which there is no audit
    static void refuseUncounted(BlockDevice device) throws TrackerException {
        if (!device.countsEverything()) {
            throw new TrackerException(
                    device.name()
                            + " keeps no statistics, so lost events would go unnoticed: echo 1 >"
                            + " /sys/block/"
                            + device.name()
                            + "/queue/iostats");
        }
    }

    /// @throws TrackerException if there is another disk now, or one of another size
    void refuseAnotherDisk() throws TrackerException {
        var identity = KernelState.identity(kept.disk(), kept.device());
        if (!identity.equals(control.identity(disk))) {
            throw new TrackerException(
                    kept.disk().path()
                            + " was replaced or resized ("
                            + control.identity(disk)
                            + ", now "
                            + identity
                            + "): start the agent anew");
        }
        refuseUncounted(kept.device());
    }

    /// Why the disk is not trusted; empty if it is.
    Optional<String> distrust() {
        return control.isTrusted(disk)
                ? Optional.empty()
                : Optional.of(control.distrustReason(disk));
    }

    /// Takes the counters as they are for those of a disk of which nothing is lost.
    void trust() throws TrackerException {
        // in this order: what is lost in between is noticed later and not forgiven now
        var losses = control.losses(disk, missedCompletions());
        var baseline = sums.begin(missedIssues(), SettleCounters::waitForKernel);
        control.trust(disk, losses, baseline);
    }

    void distrust(String reason) {
        control.distrust(disk, reason);
    }

    /// To be called right before a flip, when the former planes are empty and nothing is being
    /// read. If completions are found to have been lost, or were found by [#isComplete] before, all
    /// that they may have been becomes pending.
    void makeGood() throws TrackerException {
        var finding = check();
        if (finding.isEmpty()) {
            return;
        }
        if (control.doubt(disk) == Doubt.LOST) {
            steps.makeGood(kept.bits(), control.activeIndex());
            control.doubt(disk, Doubt.UNCONFIRMED);
        }
        settle(finding.get());
    }

    /// Whether the disk is trusted and remains so, and at the last flip all was pending that had
    /// changed before.
    boolean isComplete() throws TrackerException {
        var finding = check();
        if (finding.isEmpty()) {
            return false;
        }
        settle(finding.get());
        return control.doubt(disk) == Doubt.NONE;
    }

    /// What the sums say; empty if the disk is not trusted, or no more.
    private Optional<LossAudit.Finding> check() throws TrackerException {
        if (!control.isTrusted(disk)) {
            return Optional.empty();
        }
        var now = control.losses(disk, missedCompletions());
        var baseline = control.baseline(disk);
        var finding = sums.check(baseline, missedIssues());
        var missedRuns = now.missedRuns() != control.trustedLosses(disk).missedRuns();
        var lost =
                finding.lostCompletions() > 0
                        || !finding.certain()
                        || (missedRuns && !finding.exact());
        var reason = unrecorded(now).or(() -> untraceable(baseline, finding, lost));
        if (reason.isPresent()) {
            distrust(reason.get());
            return Optional.empty();
        }
        if (lost) {
            control.doubt(disk, Doubt.LOST); // before the sums forget it
            log(finding);
        }
        control.baseline(disk, finding.baseline());
        control.trustedLosses(disk, now);
        return Optional.of(finding);
    }

    private Optional<String> unrecorded(ControlPage.Losses now) {
        var then = control.trustedLosses(disk);
        if (now.outOfRange() != then.outOfRange()) {
            return lost(
                    now.outOfRange() - then.outOfRange(),
                    "they changed blocks past the end that the disk had");
        }
        if (now.loopBound() != then.loopBound()) {
            return lost(
                    now.loopBound() - then.loopBound(),
                    "discards of more ranges than the tracker's program follows");
        }
        if (now.passThrough() != then.passThrough()) {
            return Optional.of(
                    (now.passThrough() - then.passThrough())
                            + " commands were passed through to the disk and may have changed it"
                            + " unseen");
        }
        return Optional.empty();
    }

    /// Why what was lost cannot be made good; empty if it can, or nothing was.
    private Optional<String> untraceable(
            LossAudit.Baseline baseline, LossAudit.Finding finding, boolean lost) {
        if (finding.lostIssues() > 0
                && finding.baseline().missedIssues() == baseline.missedIssues()) {
            return Optional.of(
                    "writes of "
                            + finding.lostIssues()
                            + " sectors began unseen: the disk's statistics count that many more");
        }
        var doubt = control.doubt(disk);
        // Constants that were not exact at the loss do not tell whether issues were lost, too.
        var unknown =
                finding.exact()
                        && !baseline.exact()
                        && (doubt != Doubt.NONE || finding.lostCompletions() > 0);
        if (unknown || ((lost || doubt != Doubt.NONE) && finding.lostIssues() > 0)) {
            return Optional.of("lost changes, and it cannot be told of which blocks");
        }
        return doubtfulChecks < DOUBTFUL_CHECKS_MAX
                ? Optional.empty()
                : Optional.of("lost changes, and was too busy since to tell of which blocks");
    }

    private void log(LossAudit.Finding finding) {
        LOG.log(
                finding.lostCompletions() > 0 ? INFO : DEBUG,
                String.format(
                        Locale.ROOT,
                        "event=tracker-reads-again disk=%s lostSectors=%d",
                        kept.disk().path(),
                        finding.lostCompletions()));
    }

    /// At an exact look all that was outstanding has completed; it may be forgotten unless it still
    /// has to become pending.
    private void settle(LossAudit.Finding finding) {
        if (control.doubt(disk) == Doubt.LOST) {
            return;
        }
        if (finding.exact()) {
            kept.bits().outstanding().clear();
            control.doubt(disk, Doubt.NONE);
            doubtfulChecks = 0;
        } else if (control.doubt(disk) == Doubt.UNCONFIRMED) {
            doubtfulChecks++;
        }
    }

    private static Optional<String> lost(long events, String why) {
        return Optional.of("lost " + events + " events: " + why);
    }

    private long missedCompletions() throws TrackerException {
        return kept.programs().missedRuns(Planes.Event.COMPLETED);
    }

    /// Issue events so far that no program recorded.
    long missedIssues() throws TrackerException {
        return kept.programs().missedRuns(Planes.Event.ISSUED);
    }
}
