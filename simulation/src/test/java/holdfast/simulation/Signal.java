package holdfast.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// What simulated threads wait for: something that others bring about. As with a condition, whoever
/// was woken looks again at what it waits for.
final class Signal {
    static final long NEVER = Long.MAX_VALUE;

    private final Scheduler scheduler;
    private final List<Waiter> waiting = new ArrayList<>();

    private static final class Waiter {
        private final Thread thread = Thread.currentThread();
        private boolean signalled;
        private boolean late;
    }

    Signal(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /// @param untilNanos by the scheduler's clock, or [#NEVER]
    /// @return false if the time was over first
    boolean await(long untilNanos) throws InterruptedException {
        var waiter = new Waiter();
        waiting.add(waiter);
        var timer =
                untilNanos == NEVER
                        ? null
                        : scheduler.at(
                                untilNanos,
                                () -> {
                                    waiter.late = true;
                                    LockSupport.unpark(waiter.thread);
                                });
        try {
            while (!waiter.signalled && !waiter.late) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                LockSupport.park(this);
            }
            return waiter.signalled;
        } finally {
            waiting.remove(waiter);
            if (timer != null) {
                timer.cancel();
            }
        }
    }

    void all() {
        for (var waiter : waiting) {
            waiter.signalled = true;
            LockSupport.unpark(waiter.thread);
        }
        waiting.clear();
    }
}
