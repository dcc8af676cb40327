package holdfast.volume;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/// The one journal of a store. Callers queue requests; one thread writes them in batches and
/// applies them to the volume maps, another makes them durable: while it waits for the disk, the
/// next batch gathers, so that one sync serves everybody who waited (group commit).
///
/// Requests are written, applied and acknowledged in the order in which they were queued. Owns both
/// threads. They are platform threads, since disk I/O would pin the carriers of virtual ones.
final class Journal implements AutoCloseable {
    /// Largest request, so that a batch holds at least one.
    static final int REQUEST_BYTES_MAX = JournalAppender.GATHERED_BYTES_MAX;

    /// How long to wait before asking whether waiting is of use.
    private static final Duration LOOK_AFTER = Duration.ofMillis(100);

    private final TimeSource time;
    private final JournalHealth health;
    private final CommitQueue queue;
    private final JournalAppender appender;
    private final Thread appending;
    private final Thread syncing;

    /// @param nextSequence that the first record will have
    Journal(
            StoreSettings settings,
            StagingStorage storage,
            Segments segments,
            TimeSource time,
            long nextSequence)
            throws IOException {
        this.time = time;
        this.health = new JournalHealth(time);
        this.queue =
                new CommitQueue(
                        health,
                        settings.waitingBytesMax(),
                        JournalAppender.GATHERED_BYTES_MAX,
                        nextSequence - 1);
        this.appender =
                new JournalAppender(settings, storage, segments, time, queue, health, nextSequence);
        var syncer = new JournalSyncer(queue, health);
        this.appending = time.workers().name("journal-appender").unstarted(appender::run);
        this.syncing = time.workers().name("journal-syncer").unstarted(syncer::run);
    }

    /// Starts both threads.
    void start() {
        appending.start();
        syncing.start();
    }

    /// Queues entries; blocks while too much is waiting.
    JournalRequest submit(List<JournalEntry> entries) throws InterruptedException {
        var request = new JournalRequest(entries);
        queue.submit(request);
        return request;
    }

    /// Waits until a request is on stable storage.
    ///
    /// @throws StoreException if it cannot be now, without waiting for long: the journal is full or
    ///   fails
    void await(JournalRequest request) throws IOException, InterruptedException {
        while (true) {
            try {
                time.await(request.durable, LOOK_AFTER);
                return;
            } catch (TimeoutException _) {
                if (state() != StoreStatus.State.WRITING) {
                    throw new StoreException(reason());
                }
            } catch (ExecutionException e) {
                throw new StoreException(String.valueOf(e.getMessage()), e);
            }
        }
    }

    /// Waits until so many bytes were written since the journal was opened.
    void awaitWritten(long bytes) throws InterruptedException {
        queue.awaitWritten(bytes);
    }

    long writtenBytes() {
        return queue.writtenBytes();
    }

    long nextSequence() {
        return appender.nextSequence();
    }

    long durableSequence() {
        return queue.durableSequence();
    }

    StoreStatus.State state() {
        return health.state();
    }

    String reason() {
        return health.reason();
    }

    long waitingBytes() {
        return queue.waitingBytes();
    }

    /// From now on a disk that fails or is full ends the journal: nobody waits for it to recover.
    void giveUpOnFailure() {
        health.giveUpOnFailure();
    }

    /// Writes out and acknowledges what is queued, then seals the segment. If the disk does not
    /// take it, gives up: what was not acknowledged may be lost.
    @Override
    public void close() throws IOException {
        giveUpOnFailure();
        queue.close();
        try {
            appending.join();
            syncing.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while closing the journal", e);
        }
        appender.end();
    }
}
