package holdfast.tracking.ebpf;

import holdfast.tracking.TrackerException;
import holdfast.tracking.device.BlockDevice;
import java.util.Optional;

/// Watches over one disk's tracking: whether it is still the disk that it was, and whether every
/// change of it was recorded. Trust and the reason for its end are kept in the control page, for a
/// successor.
final class DiskAudit {
    private final int disk;
    private final KernelState.Disk kept;
    private final ControlPage control;
    private final LossAudit sums;

    /// @param disk its index
    DiskAudit(int disk, KernelState state) {
        this.disk = disk;
        this.kept = state.disks().get(disk);
        this.control = state.control();
        this.sums =
                new LossAudit(
                        new LossAudit.Counts() {
                            @Override
                            public long recorded() {
                                return control.completedSectors(disk);
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
        control.trust(disk, losses, sums.begin(SettleCounters::waitForKernel));
    }

    void distrust(String reason) {
        control.distrust(disk, reason);
    }

    /// Whether the disk is trusted and remains so, every source of doubt having been asked.
    boolean isComplete() throws TrackerException {
        if (!control.isTrusted(disk)) {
            return false;
        }
        var doubt = doubt();
        doubt.ifPresent(this::distrust);
        return doubt.isEmpty();
    }

    private Optional<String> doubt() throws TrackerException {
        var then = control.trustedLosses(disk);
        var now = control.losses(disk, missedCompletions());
        if (now.missedRuns() != then.missedRuns()) {
            return lost(
                    now.missedRuns() - then.missedRuns(),
                    "they came while the tracker's program was interrupted");
        }
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
        var finding = sums.check(control.baseline(disk));
        if (finding.lost() > 0) {
            return Optional.of(
                    "lost changes of "
                            + finding.lost()
                            + " sectors: the disk's statistics count that many more");
        }
        control.baseline(disk, finding.baseline());
        return Optional.empty();
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
