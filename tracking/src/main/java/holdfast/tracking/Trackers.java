package holdfast.tracking;

import holdfast.base.TimeSource;
import holdfast.tracking.device.Machine;
import holdfast.tracking.ebpf.EbpfTracker;
import holdfast.tracking.scan.ScanTracker;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Opens the best tracker that works for all disks of a server.
public final class Trackers {
    private static final System.Logger LOG = System.getLogger(Trackers.class.getName());

    private Trackers() {}

    /// Opens a tracker; the caller closes it.
    ///
    /// @param name of the agent's state: letters, digits, `-` and `_`. Under the same name and with
    ///   the same disks an agent finds again what the kernel kept for the one before it; agents of
    ///   different names on one machine do not meet
    /// @param disks in the order of the tracker's indexes; from [Disks#resolve]
    /// @param choice the one that the user insists on; empty for the best that works
    /// @throws TrackerException if the choice cannot work, or another living agent uses the name,
    ///   saying what would help
    public static Tracker open(
            String name, List<TrackedDisk> disks, Optional<Tracker.Kind> choice, TimeSource time)
            throws TrackerException {
        return open(name, disks, choice, Machine.local(), time);
    }

    /// Ends what the kernel keeps for agents of this name, if anything: its programs would go on
    /// for no one.
    ///
    /// @throws TrackerException if a living agent uses the name, or the kernel refuses
    public static void discard(String name) throws TrackerException {
        var machine = Machine.local();
        if (isKept(name, machine)) {
            EbpfTracker.discardLeftovers(name, machine);
        }
    }

    private static boolean isKept(String name, Machine machine) {
        return Files.exists(machine.bpf().resolve("holdfast").resolve(name));
    }

    static Tracker open(
            String name,
            List<TrackedDisk> disks,
            Optional<Tracker.Kind> choice,
            Machine machine,
            TimeSource time)
            throws TrackerException {
        if (disks.isEmpty()) {
            throw new TrackerException("no disk to track");
        }
        if (choice.isPresent() && choice.get() == Tracker.Kind.SCAN) {
            discardLeftovers(name, machine);
            return ScanTracker.open("scan: as chosen", disks, machine, time);
        }
        try {
            return EbpfTracker.open(name, disks, machine, time);
        } catch (TrackerInUseException e) {
            throw e; // two agents of one name would overwrite each other's replica
        } catch (TrackerException e) {
            if (choice.isPresent()) {
                throw new TrackerException(
                        String.format(
                                Locale.ROOT,
                                "the ebpf tracker cannot be used: %s; --tracker scan can",
                                e.getMessage()),
                        e);
            }
            discardLeftovers(name, machine);
            return ScanTracker.open("scan: " + e.getMessage(), disks, machine, time);
        }
    }

    /// Programs of an earlier agent would go on for no one.
    private static void discardLeftovers(String name, Machine machine) throws TrackerException {
        try {
            if (isKept(name, machine)) {
                EbpfTracker.discardLeftovers(name, machine);
            }
        } catch (TrackerInUseException e) {
            throw e;
        } catch (TrackerException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "event=tracker-leftovers reason=" + e.getMessage());
        }
    }
}
