package holdfast.agent;

import holdfast.base.TimeSource;
import holdfast.replication.ReplicationLink;
import holdfast.tracking.Tracker;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;

/// Tells the user and, once a second, the replicator how replication stands, however long a round
/// takes: what is written meanwhile is backlog as well. Used by the replicating thread.
final class Reports {
    static final Duration INTERVAL = Duration.ofSeconds(1);

    private final ReplicationLink link;
    private final Tracker tracker;
    private final List<ReplicatedDisk> disks;
    private final StatusBoard board;
    private final TimeSource time;
    private boolean reported;
    private long reportedNanos;
    private long countedSentBytes;

    Reports(
            ReplicationLink link,
            Tracker tracker,
            List<ReplicatedDisk> disks,
            StatusBoard board,
            TimeSource time) {
        this.link = link;
        this.tracker = tracker;
        this.disks = disks;
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
        showDisks();
        link.report(board.report());
    }

    /// Shows how every disk stands now.
    void showDisks() {
        board.disks(
                disks.stream()
                        .map(disk ->
                                disk.stand(
                                        tracker.pending(disk.index()).size()
                                                + tracker.changedSinceFlip(disk.index())))
                        .toList());
    }

    /// Waits for an answer of the replicator, and goes on reporting.
    ///
    /// @throws IOException if the link died
    void await(Future<Void> answer) throws IOException, InterruptedException {
        while (true) {
            try {
                time.await(answer, INTERVAL);
                return;
            } catch (TimeoutException _) {
                sendIfDue();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException lost
                        ? lost
                        : new IOException(e.getCause());
            }
        }
    }

    /// Adds what the link has sent since it was last asked.
    void countSent() {
        var sent = link.sentBytes();
        board.sent(sent - countedSentBytes);
        countedSentBytes = sent;
    }
}
