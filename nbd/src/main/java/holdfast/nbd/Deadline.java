package holdfast.nbd;

import holdfast.base.TimeSource;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/// Runs an action if it is not closed in time: the JDK cannot bound reads of a Unix socket, nor can
/// a bound per read stop a peer that sends one byte now and then. Owns one virtual thread.
final class Deadline implements AutoCloseable {
    private final AtomicBoolean settled = new AtomicBoolean();
    private final Thread thread;

    Deadline(TimeSource time, Duration after, String name, Runnable action) {
        thread = Thread.ofVirtual().name(name).start(() -> await(time, after, action));
    }

    private void await(TimeSource time, Duration after, Runnable action) {
        try {
            time.sleep(after);
            if (settled.compareAndSet(false, true)) {
                action.run();
            }
        } catch (InterruptedException _) {
            // closed: in time
        }
    }

    /// Once it returns, the action has been decided on: it will not start any more.
    @Override
    public void close() {
        if (settled.compareAndSet(false, true)) {
            thread.interrupt();
        }
    }
}
