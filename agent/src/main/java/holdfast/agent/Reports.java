package holdfast.agent;

import holdfast.base.TimeSource;
import holdfast.replication.ReplicationLink;
import java.io.IOException;
import java.time.Duration;

/// Tells the replicator once a second how replication stands. Used by the thread that sends.
final class Reports {
    static final Duration INTERVAL = Duration.ofSeconds(1);

    private final ReplicationLink link;
    private final StatusBoard board;
    private final TimeSource time;
    private boolean reported;
    private long reportedNanos;
    private long countedSentBytes;

    Reports(ReplicationLink link, StatusBoard board, TimeSource time) {
        this.link = link;
        this.board = board;
        this.time = time;
    }

    void sendIfDue() throws IOException, InterruptedException {
        var now = time.nanoTime();
        if (reported && now - reportedNanos < INTERVAL.toNanos()) {
            return;
        }
        reported = true;
        reportedNanos = now;
        countSent();
        link.report(board.report());
    }

    /// Adds what the link has sent since it was last asked.
    void countSent() {
        var sent = link.sentBytes();
        board.sent(sent - countedSentBytes);
        countedSentBytes = sent;
    }
}
