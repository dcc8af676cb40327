package holdfast.volume;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.util.List;

/// Writes what is queued to the current segment, in batches, and applies it to the volume maps.
/// Tries again until it succeeds, since what was accepted is written once the disk takes it.
final class JournalAppender {
    private static final System.Logger LOG = System.getLogger(Journal.class.getName());
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

    /// The end of the current segment is in doubt.
    private boolean currentFailed;

    /// Segments that a failed sync left without one record that counts.
    private List<JournalSegment> worthless = List.of();

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
                leaveFailedSegment();
                if (current.sizeBytes() + JournalRequest.bytes(batch) > settings.segmentBytes()
                        && current.recordCount() > 0) {
                    roll();
                }
                var first = nextSequence;
                currentFailed = true;
                var last = writer.write(current, batch, first);
                currentFailed = false;
                nextSequence = last + 1;
                number(batch, first);
                writer.apply(current, batch, first);
                health.writingWaits(false);
                queue.written(batch, current);
                return;
            } catch (IOException e) {
                health.writingWaits(true);
                health.failing("writing to the journal: " + e.getMessage());
                health.pause();
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
            health.writingWaits(true);
            health.full(usable, settings.reserveBytes() + BATCH_BYTES_MAX);
            health.pause();
        }
    }

    /// Ends the current segment with its index and goes on in a new one.
    private void roll() throws IOException {
        var ended = current;
        currentFailed = true;
        ended.seal(nextSequence - 1);
        current = segments.begin(nextSequence);
        currentFailed = false;
        queue.ended(ended);
    }

    /// After a write that failed, the end of the segment is in doubt: go on in another one, and
    /// nowhere else. Were the old one to grow after an attempt to make the next, that would claim
    /// to begin before the old one ends.
    private void leaveFailedSegment() throws IOException {
        if (currentFailed) {
            syncFailedSegment();
            if (current.recordCount() > 0) {
                var failed = current;
                current = segments.begin(nextSequence);
                segments.leave(failed);
            }
            currentFailed = false;
        }
    }

    /// What a segment's successor holds must never outlast what comes before it.
    private void syncFailedSegment() throws IOException {
        try {
            current.sync();
        } catch (IOException e) {
            if (queue.hasUnsynced()) { // the syncer meets the same, and all is written again
                throw e;
            }
        }
    }

    /// After a sync that failed, nobody knows which of the writes since the last one reached the
    /// disk, and a later sync that succeeds would not tell: everything since then is written again,
    /// to another segment and with the same sequences. That segment's first sequence is what makes
    /// the doubtful records void, also when the store is opened again.
    private void abandonFailedSegment(List<JournalRequest> batch) throws IOException {
        if (!queue.hasSyncFailed()) {
            return;
        }
        var durable = queue.durableSequence();
        var doubtful = queue.forgetUnsynced();
        doubtful.forEach(segments::leave);
        nextSequence = durable + 1;
        current = segments.begin(nextSequence);
        currentFailed = false;
        dropWorthless();
        worthless = doubtful.stream().filter(s -> s.firstSequence() > durable).toList();
        queue.takeBack(batch);
    }

    /// The maps look into later segments by now; a disk that goes on failing must not fill up.
    private void dropWorthless() {
        for (var segment : worthless) {
            try {
                segment.close();
                segments.remove(segment.segment());
            } catch (IOException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "segment={0} is not deleted ({1}); reclaim will do it after a restart",
                        segment.segment().name(),
                        e.getMessage());
            }
        }
    }
}
