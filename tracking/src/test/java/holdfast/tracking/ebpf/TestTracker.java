package holdfast.tracking.ebpf;

import holdfast.base.TimeSource;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.TrackerException;
import holdfast.tracking.device.Machine;
import java.util.List;

/// Opens trackers as tests want them.
final class TestTracker {
    private TestTracker() {}

    /// A name that no other test or process uses.
    static String uniqueName() {
        return "test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
    }

    static EbpfTracker open(String name, List<TrackedDisk> disks) throws TrackerException {
        return EbpfTracker.open(name, disks, Machine.local(), TimeSource.system());
    }

    static EbpfTracker open(
            String name,
            List<TrackedDisk> disks,
            KernelState.Tuning tuning,
            EbpfTracker.Steps steps)
            throws TrackerException {
        var state = KernelState.open(name, disks, Machine.local(), tuning);
        return new EbpfTracker(state, steps, TimeSource.system());
    }

    static KernelState.Tuning only(Bpf.Access access, int stretch, int lostOneIn) {
        return new KernelState.Tuning(
                List.of(access), new ChangeProgram.Strain(stretch, lostOneIn), false);
    }

    /// As the agent does it at the start.
    static void takeAll(EbpfTracker tracker) {
        for (var disk = 0; disk < tracker.disks().size(); disk++) {
            tracker.pending(disk).add(0, tracker.pending(disk).blockCount());
            tracker.trust(disk);
        }
    }
}
