package holdfast.agent;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import holdfast.tracking.FreezeGuard;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// Freezes by the tracker's guard: bounded by a watchdog in a process of its own.
///
/// @param processes for the watchdog
/// @param time for the budget
record GuardedFreezer(Processes processes, TimeSource time) implements Freezer {
    @Override
    public Prepared prepare(List<TrackedDisk> disks, Duration budget) throws IOException {
        var guard = FreezeGuard.open(disks, budget, processes, time);
        try {
            guard.sync();
        } catch (IOException e) {
            guard.close();
            throw e;
        }
        return new Guarded(guard);
    }

    private record Guarded(FreezeGuard guard) implements Prepared {
        @Override
        public Frozen freeze() throws IOException {
            return guard.freeze()::close;
        }

        @Override
        public void close() {
            guard.close();
        }
    }
}
