package holdfast.failback;

import holdfast.base.TimeSource;
import holdfast.replication.BranchLink;
import java.io.IOException;
import java.time.Duration;

/// Tells server and operator how it stands, from time to time, until it is closed. Owns its thread.
final class Reporter implements AutoCloseable {
    private final Thread thread;

    Reporter(BranchLink link, Meter meter, Operator operator, TimeSource time, Duration every) {
        thread =
                Thread.ofVirtual()
                        .name("failback-report")
                        .start(() -> report(link, meter, operator, time, every));
    }

    private static void report(
            BranchLink link, Meter meter, Operator operator, TimeSource time, Duration every) {
        try {
            while (true) {
                meter.wire(link.receivedBytes());
                link.report(meter.report(time.now().toEpochMilli()));
                operator.progress(meter.progress());
                time.sleep(every);
            }
        } catch (InterruptedException | IOException _) {
            // closed, or the link has ended
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
