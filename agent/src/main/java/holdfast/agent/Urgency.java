package holdfast.agent;

import holdfast.base.linux.LinuxThreads;

/// Lets the calling thread go before others until it is closed, by the thread that began it: while
/// a round reads, each moment that it waits for a processor may bring a conflict. That is a few
/// milliseconds a second; packing and sending wait their turn. Without the right to do so nothing
/// happens, and a virtual thread has no priority of its own.
final class Urgency implements AutoCloseable {
    private static final int NICENESS = -10;

    private final int before = LinuxThreads.niceness();
    private boolean raised = raise(before);

    /// Makes a thread that only reads go first for good.
    static Runnable always(Runnable reader) {
        return () -> {
            raise(LinuxThreads.niceness());
            reader.run();
        };
    }

    private static boolean raise(int from) {
        return !Thread.currentThread().isVirtual()
                && LinuxThreads.niceness(Math.min(from, NICENESS));
    }

    /// Once or repeatedly.
    @Override
    public void close() {
        if (raised) {
            raised = false;
            LinuxThreads.niceness(before);
        }
    }
}
