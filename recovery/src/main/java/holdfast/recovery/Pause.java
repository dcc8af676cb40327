package holdfast.recovery;

import holdfast.base.TimeSource;
import java.io.InterruptedIOException;
import java.time.Duration;

/// Waiting inside operations whose contract knows no interruption.
final class Pause {
    private Pause() {}

    /// @throws InterruptedIOException if this thread was interrupted; it still is afterwards
    static void uninterrupted(TimeSource time, Duration duration) throws InterruptedIOException {
        try {
            time.sleep(duration);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for QEMU");
        }
    }
}
