package holdfast.volume;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.util.List;

/// Writes what is queued to the current segment, in batches, and applies it to the volume maps.
/// Tries again until it succeeds, since what was accepted is written once the disk takes it.
final class JournalAppender {
    private static final int BATCH_BYTES_MAX = 8 << 20;

    /// Of requests gathered into one batch. Half of what a batch may hold, since its table takes
    /// room as well.
    static final int GATHERED_BYTES_MAX = BATCH_BYTES_MAX / 2;

    private final StoreSettings settings;
    private final StagingStorage storage;
    private final Segments segments;
    private final CommitQueue queue;
    private final JournalHealth health;
    private final BatchWriter writer;
    private JournalSegment current;
    private volatile long nextSequence;

    /// @param nextSequence that the first record will have
    JournalAppender(
            StoreSettings settings,
            StagingStorage storage,
            Segments segments,
            TimeSource time,
            CommitQueue queue,
            JournalHealth health,
            long nextSequence)
            throws IOException {
        this.settings = settings;
        this.storage = storage;
        this.segments = segments;
        this.queue = queue;
        this.health = health;
        this.writer = new BatchWriter(time, BATCH_BYTES_MAX);
        this.current = segments.begin(nextSequence);
        this.nextSequence = nextSequence;
    }

    long nextSequence() {
        return nextSequence;
    }

    /// The appender's thread: until the queue is closed and everything is acknowledged, or nobody
    /// waits for a failing disk any longer.
    void run() {
        List<JournalRequest> batch = List.of();
        try {
            for (batch = queue.nextBatch(); !batch.isEmpty(); batch = queue.nextBatch()) {
                writeUntilItSucceeds(batch);
            }
        } catch (InterruptedException _) {
            // closing while the disk is full or fails
        } finally {
            queue.appenderDone(batch);
        }
    }

    /// Ends the last segment, once both threads have.
    void end() throws IOException {
        current.seal(nextSequence - 1);
        current.sync();
        current.close();
    }

    private void writeUntilItSucceeds(List<JournalRequest> batch) throws InterruptedException {
        while (true) {
            try {
                awaitRoom();
                abandonFailedSegment(batch);
                if (current.sizeBytes() + JournalRequest.bytes(batch) > settings.segmentBytes()
                        && current.recordCount() > 0) {
                    roll();
                }
                var first = nextSequence;
                var last = writer.write(current, batch, first);
                nextSequence = last + 1;
                number(batch, first);
                writer.apply(current, batch, first);
                queue.written(batch, current);
                if (!queue.hasSyncFailed()) {
                    health.writing();
                }
                return;
            } catch (IOException e) {
                health.failing("writing to the journal: " + e.getMessage());
                health.pause();
                startOver();
            }
        }
    }

    /// Tells each request the sequence of its last record.
    private static void number(List<JournalRequest> batch, long firstSequence) {
        var sequence = firstSequence - 1;
        for (var request : batch) {
            for (var entry : request.entries) {
                sequence += entry instanceof JournalEntry.Barrier ? 0 : 1;
            }
            request.lastSequence = sequence;
        }
    }

    /// Waits while the staging area is full.
    private void awaitRoom() throws IOException, InterruptedException {
        for (var usable = storage.usableBytes();
                usable < settings.reserveBytes() + BATCH_BYTES_MAX;
                usable = storage.usableBytes()) {
            health.full(usable, settings.reserveBytes());
            health.pause();
        }
    }

    /// Ends the current segment with its index and goes on in a new one.
    private void roll() throws IOException {
        var ended = current;
        ended.seal(nextSequence - 1);
        current = segments.begin(nextSequence);
        queue.ended(ended);
    }

    /// After a write that failed, the end of the segment is in doubt: go on in another one.
    private void startOver() {
        try {
            if (current.recordCount() > 0) {
                current = segments.begin(nextSequence);
            }
        } catch (IOException e) {
            health.failing("starting a segment: " + e.getMessage());
        }
    }

    /// After a sync that failed, nobody knows which of the writes since the last one reached the
    /// disk, and a later sync that succeeds would not tell: everything since then is written again,
    /// to another segment.
    private void abandonFailedSegment(List<JournalRequest> batch) throws IOException {
        if (queue.hasSyncFailed()) {
            queue.forgetUnsynced();
            current = segments.begin(nextSequence);
            queue.takeBack(batch);
        }
    }
}
