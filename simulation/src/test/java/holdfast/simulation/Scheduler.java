package holdfast.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// One processor and one clock for all threads of all simulated processes. Of the threads that can
/// run, the seed chooses which does, and it runs until it waits; time goes on only when none can
/// run, and then to the next timer. So a seed decides every interleaving, and repeats it.
///
/// Everything runs on the thread that makes it and calls [#run].
final class Scheduler {
    /// A world that goes on without time going on is caught in a loop.
    private static final int STEPS_AT_ONE_TIME_MAX = 2_000_000;

    /// The thread of the JVM's that hands monitors on to virtual threads.
    private static final String UNBLOCKER = "VirtualThread-unblocker";

    private static final int HANDED_ON_MAX_SECONDS = 60;

    private final SplittableRandom random;
    private final LinkedBlockingQueue<Runnable> unblocked = new LinkedBlockingQueue<>();
    private final List<Ready> ready = new ArrayList<>();
    private final Thread owner = Thread.currentThread();
    private volatile Optional<String> foreign = Optional.empty();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private long nanos;
    private long timerCount;
    private long steps;
    private long trace = 1;

    /// @param thread its number: the later a thread was made, the higher
    private record Ready(SimProcess process, long thread, Runnable step) {}

    /// Something that happens at a time unless it is cancelled before.
    static final class Timer implements Comparable<Timer> {
        private final long atNanos;
        private final long tieBreak;
        private final long number;
        private final Runnable action;
        private boolean cancelled;

        private Timer(long atNanos, long tieBreak, long number, Runnable action) {
            this.atNanos = atNanos;
            this.tieBreak = tieBreak;
            this.number = number;
            this.action = action;
        }

        @Override
        public int compareTo(Timer other) {
            var order = Long.compare(atNanos, other.atNanos);
            order = order == 0 ? Long.compare(tieBreak, other.tieBreak) : order;
            return order == 0 ? Long.compare(number, other.number) : order;
        }

        void cancel() {
            cancelled = true;
        }
    }

    Scheduler(SplittableRandom random) {
        this.random = random;
    }

    /// Nanoseconds since the world began.
    long nanos() {
        return nanos;
    }

    /// Steps of threads so far.
    long steps() {
        return steps;
    }

    /// A digest of everything that happened, in order: equal for equal runs.
    long trace() {
        return trace;
    }

    /// Adds to the trace.
    void note(long what) {
        trace = (trace ^ what) * 0x9E3779B97F4A7C15L;
        trace ^= trace >>> 29;
    }

    /// A thread of the process can run.
    void ready(SimProcess process, Runnable step) {
        var by = Thread.currentThread();
        if (by == owner || by.isVirtual()) {
            add(new Ready(process, VirtualThreads.of(step).threadId(), step));
        } else if (by.getName().equals(UNBLOCKER)) {
            unblocked.add(step);
        } else {
            foreign = Optional.of(process + " by " + by);
        }
    }

    /// In the order in which threads were made, and not in that in which they were woken: an
    /// executor that is closed interrupts its threads in the order of a hash table over numbers
    /// that go on from world to world.
    private void add(Ready woken) {
        var place = ready.size();
        while (place > 0 && ready.get(place - 1).thread() > woken.thread()) {
            place--;
        }
        ready.add(place, woken);
    }

    Timer at(long atNanos, Runnable action) {
        var timer = new Timer(Math.max(atNanos, nanos), random.nextLong(), timerCount++, action);
        timers.add(timer);
        return timer;
    }

    Timer after(long delayNanos, Runnable action) {
        return at(nanos + delayNanos, action);
    }

    /// Runs until the condition holds, which is asked between steps, or nothing is left to happen.
    ///
    /// @return whether it holds
    boolean run(BooleanSupplier until) {
        var stepsAtOneTime = 0;
        while (!until.getAsBoolean()) {
            if (foreign.isPresent()) {
                throw new IllegalStateException(
                        "woken from outside of the simulation, in its own time: " + foreign.get());
            }
            if (!ready.isEmpty()) {
                step();
                if (++stepsAtOneTime > STEPS_AT_ONE_TIME_MAX) {
                    throw new IllegalStateException("the world goes on without time going on");
                }
            } else if (!timers.isEmpty()) {
                var next = timers.remove();
                if (!next.cancelled) {
                    if (next.atNanos > nanos) {
                        stepsAtOneTime = 0;
                    }
                    nanos = next.atNanos;
                    next.action.run();
                }
            } else {
                return until.getAsBoolean();
            }
        }
        return true;
    }

    private void step() {
        var chosen = random.nextInt(ready.size());
        var next = ready.remove(chosen);
        if (!next.process().isAlive()) {
            return; // its threads stay where they are, for ever
        }
        steps++;
        note(nanos * 31 + next.process().number());
        note(chosen);
        next.process().stepped();
        if (!next.process().isAlive()) {
            return;
        }
        var thread = VirtualThreads.of(next.step());
        next.step().run();
        while (thread.getState() == Thread.State.BLOCKED || !unblocked.isEmpty()) {
            goOnOnce(thread);
        }
        if (thread.getState() == Thread.State.TIMED_WAITING) {
            checkEndless(thread);
        }
    }

    /// Has a thread go on, within its step, that met a real thread of the JDK's at a monitor, such
    /// as that which cleans: no thread of the world holds it, so no other could have run before. A
    /// monitor that a thread of the world holds is never handed on meanwhile.
    private void goOnOnce(Thread thread) {
        try {
            var step = unblocked.poll(HANDED_ON_MAX_SECONDS, TimeUnit.SECONDS);
            if (step == null) {
                throw new IllegalStateException(blocked(thread));
            }
            step.run();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The JVM hands a monitor on in its own time, which no seed repeats.
    private static String blocked(Thread thread) {
        return thread.getName()
                + " waits for a monitor that is held across a wait: use a lock there"
                + stack(thread);
    }

    /// A wait with a limit of the JDK's own goes by the real clock; only that of a day in which
    /// executors are closed never ends by itself.
    private static void checkEndless(Thread thread) {
        for (var frame : thread.getStackTrace()) {
            if (frame.getMethodName().equals("awaitTermination")) {
                return;
            }
        }
        throw new IllegalStateException(
                thread.getName() + " waits by a clock that is not the world's" + stack(thread));
    }

    private static String stack(Thread thread) {
        var where = new StringBuilder();
        for (var frame : thread.getStackTrace()) {
            where.append("\n    at ").append(frame);
        }
        return where.toString();
    }

    /// Lets the calling thread, one of a simulated process, wait.
    void sleep(long durationNanos) throws InterruptedException {
        if (durationNanos <= 0) {
            return;
        }
        if (!new Signal(this).await(nanos + durationNanos)) {
            return;
        }
        throw new IllegalStateException("nobody signals a sleep");
    }

    /// As a wait for a disk, which heeds no interrupt.
    void sleepThroughInterrupts(long durationNanos) {
        var thread = Thread.currentThread();
        var over = new boolean[1];
        after(
                durationNanos,
                () -> {
                    over[0] = true;
                    LockSupport.unpark(thread);
                });
        var interrupted = false;
        while (!over[0]) {
            LockSupport.park();
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            thread.interrupt();
        }
    }
}
