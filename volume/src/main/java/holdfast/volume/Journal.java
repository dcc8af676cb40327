package holdfast.volume;

import holdfast.base.TimeSource;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The one journal of a store. Callers queue requests; one thread writes them in batches and
/// applies them to the volume maps, another makes them durable: while it waits for the disk, the
/// next batch gathers, so that one sync serves everybody who waited (group commit).
///
/// Requests are written, applied and acknowledged in the order in which they were queued. Owns both
/// threads. They are platform threads, since disk I/O would pin the carriers of virtual ones.
final class Journal implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Journal.class.getName());
    private static final int BATCH_BYTES_MAX = 8 << 20;
    private static final Duration RETRY_AFTER = Duration.ofMillis(500);

    /// Largest request, so that a batch holds at least one.
    static final int REQUEST_BYTES_MAX = 4 << 20;

    private final StoreSettings settings;
    private final StagingStorage storage;
    private final Segments segments;
    private final TimeSource time;
    private final BatchWriter writer;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition queued = lock.newCondition();
    private final Condition written = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final Condition progress = lock.newCondition();
    private final ArrayDeque<Request> queue = new ArrayDeque<>();
    private final ArrayDeque<Request> unsynced = new ArrayDeque<>();
    private final List<JournalSegment> toSync = new ArrayList<>();
    private final Thread appender;
    private final Thread syncer;
    private JournalSegment current;
    private boolean syncFailed;

    /// The end of the current segment is in doubt. Used by the appender only.
    private boolean currentFailed;

    /// Segments that a failed sync left without one record that counts. Used by the appender only.
    private List<JournalSegment> worthless = List.of();

    /// The appender has something that it cannot write.
    private volatile boolean writingWaits;

    private volatile boolean closing;
    private volatile boolean impatient;
    private boolean appenderDone;
    private long waitingBytes;
    private volatile long writtenBytes;
    private volatile long nextSequence;
    private volatile long durableSequence;
    private volatile StoreStatus.State state = StoreStatus.State.WRITING;
    private volatile String reason = "";

    /// @param nextSequence that the first record will have
    Journal(
            StoreSettings settings,
            StagingStorage storage,
            Segments segments,
            TimeSource time,
            long nextSequence)
            throws IOException {
        this.settings = settings;
        this.storage = storage;
        this.segments = segments;
        this.time = time;
        this.nextSequence = nextSequence;
        this.durableSequence = nextSequence - 1;
        this.writer = new BatchWriter(time, BATCH_BYTES_MAX);
        this.current = segments.begin(nextSequence);
        this.appender = Thread.ofPlatform().name("journal-appender").unstarted(this::append);
        this.syncer = Thread.ofPlatform().name("journal-syncer").unstarted(this::sync);
    }

    /// Starts both threads.
    void start() {
        appender.start();
        syncer.start();
    }

    /// Entries that go into the journal together, and what became of them.
    static final class Request {
        final List<JournalEntry> entries;
        final long bytes;

        /// Completes with the last sequence once reads see the entries.
        final CompletableFuture<Long> applied = new CompletableFuture<>();

        /// Completes with the last sequence once they are on stable storage.
        final CompletableFuture<Long> durable = new CompletableFuture<>();

        /// When they were written, microseconds since the epoch; valid once applied.
        volatile long journalledMicros;

        private volatile long lastSequence;

        /// The point that this request, of nothing else, recorded; valid once applied.
        SegmentIndex.Point point(int owner, NewPoint point) {
            return new SegmentIndex.Point(
                    owner, lastSequence, BatchWriter.record(point, journalledMicros));
        }

        Request(List<JournalEntry> entries) {
            this.entries = entries;
            var total = 0L;
            for (var entry : entries) {
                total += entry.recordBytes();
            }
            this.bytes = total;
        }
    }

    /// Queues entries; blocks while too much is waiting.
    Request submit(List<JournalEntry> entries) throws InterruptedException {
        var request = new Request(entries);
        lock.lockInterruptibly();
        try {
            while (waitingBytes > 0
                    && waitingBytes + request.bytes > settings.waitingBytesMax()
                    && !closing
                    && !appenderDone) {
                room.await();
            }
            if (closing || appenderDone) {
                throw new IllegalStateException("the staging area is closed");
            }
            waitingBytes += request.bytes;
            queue.add(request);
            queued.signal();
            return request;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until so many bytes were written since the journal was opened.
    void awaitWritten(long bytes) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (writtenBytes < bytes) {
                progress.await();
            }
        } finally {
            lock.unlock();
        }
    }

    long writtenBytes() {
        return writtenBytes;
    }

    long nextSequence() {
        return nextSequence;
    }

    long durableSequence() {
        return durableSequence;
    }

    StoreStatus.State state() {
        return state;
    }

    String reason() {
        return reason;
    }

    long waitingBytes() {
        lock.lock();
        try {
            return waitingBytes;
        } finally {
            lock.unlock();
        }
    }

    private void append() {
        List<Request> batch = List.of();
        try {
            for (batch = nextBatch(); !batch.isEmpty(); batch = nextBatch()) {
                writeUntilItSucceeds(batch);
            }
        } catch (InterruptedException _) {
            // closing while the disk is full or fails
        } finally {
            lock.lock();
            try {
                appenderDone = true;
                written.signal();
                room.signalAll();
                giveUp(batch);
                giveUp(queue);
                queue.clear();
            } finally {
                lock.unlock();
            }
        }
    }

    /// What these requests hold was never acknowledged, and will not be.
    private void giveUp(Collection<Request> requests) {
        var why =
                new StoreException(
                        "the staging area was closed"
                                + (reason.isEmpty() ? "" : " (" + reason + ")"));
        for (var request : requests) {
            request.applied.completeExceptionally(why);
            request.durable.completeExceptionally(why);
        }
    }

    /// Waits before trying again what failed.
    ///
    /// @throws InterruptedException if the store is being closed, since nobody waits for long then
    private void pause() throws InterruptedException {
        if (impatient) {
            throw new InterruptedException("closing");
        }
        time.sleep(RETRY_AFTER);
    }

    /// @return an empty batch when the journal is closed and everything is acknowledged
    private List<Request> nextBatch() throws InterruptedException {
        lock.lock();
        try {
            while (queue.isEmpty() && !(closing && unsynced.isEmpty())) {
                queued.await();
            }
            var batch = new ArrayList<Request>();
            var bytes = 0L;
            while (!queue.isEmpty()
                    && (batch.isEmpty() || bytes + queue.peek().bytes <= BATCH_BYTES_MAX / 2)) {
                var request = queue.poll();
                bytes += request.bytes;
                batch.add(request);
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void writeUntilItSucceeds(List<Request> batch) throws InterruptedException {
        while (true) {
            try {
                awaitRoom();
                abandonFailedSegment(batch);
                leaveFailedSegment();
                var bytes = batch.stream().mapToLong(request -> request.bytes).sum();
                if (current.sizeBytes() + bytes > settings.segmentBytes()
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
                writingWaits = false;
                handToSyncer(batch);
                return;
            } catch (IOException e) {
                writingWaits = true;
                failing("writing to the journal: " + e.getMessage());
                pause();
            }
        }
    }

    /// Tells each request the sequence of its last record.
    private static void number(List<Request> batch, long firstSequence) {
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
        while (storage.usableBytes() < settings.reserveBytes() + BATCH_BYTES_MAX) {
            writingWaits = true;
            if (state != StoreStatus.State.FULL) {
                reason =
                        "the staging area is full: "
                                + (storage.usableBytes() >> 20)
                                + " MiB are free, "
                                + ((settings.reserveBytes() + BATCH_BYTES_MAX) >> 20)
                                + " MiB must stay free; free or add space";
                change(StoreStatus.State.FULL);
            }
            pause();
        }
    }

    /// Something was acknowledged. All is well again unless the appender waits with more.
    private void healthy() {
        if (state != StoreStatus.State.WRITING && !writingWaits) {
            reason = "";
            change(StoreStatus.State.WRITING);
        }
    }

    private void failing(String why) {
        reason = why;
        if (state != StoreStatus.State.FAILING) {
            change(StoreStatus.State.FAILING);
        }
    }

    private void change(StoreStatus.State to) {
        LOG.log(
                to == StoreStatus.State.WRITING
                        ? System.Logger.Level.INFO
                        : System.Logger.Level.WARNING,
                "journal state={0} -> {1} ({2})",
                state,
                to,
                to == StoreStatus.State.WRITING ? "writing works" : reason);
        state = to;
    }

    private void handToSyncer(List<Request> batch) {
        lock.lock();
        try {
            unsynced.addAll(batch);
            if (!toSync.contains(current)) {
                toSync.add(current);
            }
            written.signal();
            var total = writtenBytes + bytes(batch);
            writtenBytes = total;
            progress.signalAll();
        } finally {
            lock.unlock();
        }
        for (var request : batch) {
            request.applied.complete(request.lastSequence);
        }
    }

    /// Ends the current segment with its index and goes on in a new one.
    private void roll() throws IOException {
        var ended = current;
        currentFailed = true;
        ended.seal(nextSequence - 1);
        current = segments.begin(nextSequence);
        currentFailed = false;
        lock.lock();
        try {
            if (!toSync.contains(ended)) {
                toSync.add(ended);
            }
        } finally {
            lock.unlock();
        }
    }

    /// After a write that failed, the end of the segment is in doubt: go on in another one, and
    /// nowhere else. Were the old one to grow after an attempt to make the next, that would claim
    /// to begin before the old one ends.
    private void leaveFailedSegment() throws IOException {
        if (currentFailed) {
            syncFailedSegment();
            if (current.recordCount() > 0) {
                current = segments.begin(nextSequence);
            }
            currentFailed = false;
        }
    }

    /// After a sync that failed, nobody knows which of the writes since the last one reached the
    /// disk, and a later sync that succeeds would not tell: everything since then is written again,
    /// to another segment and with the same sequences. That segment's first sequence is what makes
    /// the doubtful records void, also when the store is opened again.
    private void abandonFailedSegment(List<Request> batch) throws IOException {
        lock.lock();
        try {
            if (!syncFailed) {
                return;
            }
            for (var segment : toSync) {
                segment.forgetAfter(durableSequence);
            }
            nextSequence = durableSequence + 1;
            current = segments.begin(nextSequence);
            currentFailed = false;
            dropWorthless();
            worthless =
                    toSync.stream()
                            .filter(segment -> segment.firstSequence() > durableSequence)
                            .toList();
            toSync.clear();
            batch.addAll(0, unsynced);
            unsynced.clear();
            while (batch.size() > 1 && bytes(batch) > BATCH_BYTES_MAX / 2) {
                queue.addFirst(batch.removeLast());
            }
            syncFailed = false;
        } finally {
            lock.unlock();
        }
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

    /// What a segment's successor holds must never outlast what comes before it.
    private void syncFailedSegment() throws IOException {
        try {
            current.sync();
        } catch (IOException e) {
            lock.lock();
            try {
                if (!unsynced.isEmpty()) { // the syncer meets the same, and all is written again
                    throw e;
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private static long bytes(List<Request> batch) {
        return batch.stream().mapToLong(request -> request.bytes).sum();
    }

    private void sync() {
        try {
            while (syncOnce()) {
                // until the appender has ended and everything is durable
            }
        } catch (InterruptedException _) {
            // closing while the disk fails
        } finally {
            lock.lock();
            try {
                giveUp(unsynced);
                unsynced.clear();
                queued.signal();
            } finally {
                lock.unlock();
            }
        }
    }

    private boolean syncOnce() throws InterruptedException {
        List<Request> requests;
        List<JournalSegment> dirty;
        lock.lock();
        try {
            while ((unsynced.isEmpty() || syncFailed) && !appenderDone) {
                written.await();
            }
            if (unsynced.isEmpty() || syncFailed) {
                return false; // what a failed sync left in doubt, nobody will write again
            }
            requests = List.copyOf(unsynced);
            dirty = List.copyOf(toSync);
        } finally {
            lock.unlock();
        }
        try {
            for (var segment : dirty) {
                segment.sync();
            }
            acknowledge(requests, dirty);
        } catch (IOException e) {
            failing("syncing the journal: " + e.getMessage());
            pause();
            lock.lock();
            try {
                syncFailed = true;
                // an empty request makes the appender look, even if nobody writes any more
                queue.addFirst(new Request(List.of()));
                queued.signal();
            } finally {
                lock.unlock();
            }
        }
        return true;
    }

    private void acknowledge(List<Request> requests, List<JournalSegment> dirty) {
        var bytes = 0L;
        lock.lock();
        try {
            for (var request : requests) {
                unsynced.removeFirst();
                bytes += request.bytes;
            }
            durableSequence = Math.max(durableSequence, requests.getLast().lastSequence);
            toSync.removeIf(segment -> dirty.contains(segment) && segment.isSynced());
            waitingBytes -= bytes;
            room.signalAll();
            queued.signal(); // the appender may be waiting for the last acknowledgement
        } finally {
            lock.unlock();
        }
        healthy();
        for (var request : requests) {
            request.durable.complete(request.lastSequence);
        }
    }

    /// From now on a disk that fails or is full ends the journal: nobody waits for it to recover.
    void giveUpOnFailure() {
        impatient = true;
    }

    /// Writes out and acknowledges what is queued, then seals the segment. If the disk does not
    /// take it, gives up: what was not acknowledged may be lost.
    @Override
    public void close() throws IOException {
        giveUpOnFailure();
        lock.lock();
        try {
            closing = true;
            queued.signal();
            room.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            appender.join();
            syncer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while closing the journal", e);
        }
        current.seal(nextSequence - 1);
        current.sync();
        current.close();
    }
}
