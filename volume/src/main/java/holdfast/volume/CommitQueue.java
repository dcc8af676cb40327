package holdfast.volume;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Requests on their way through the journal: queued, written, on stable storage. Its lock is the
/// only one between those who submit, the appender and the syncer.
final class CommitQueue {
    private final JournalHealth health;
    private final long waitingBytesMax;
    private final long batchBytesMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition queued = lock.newCondition();
    private final Condition written = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final Condition progress = lock.newCondition();
    private final ArrayDeque<JournalRequest> queue = new ArrayDeque<>();
    private final ArrayDeque<JournalRequest> unsynced = new ArrayDeque<>();
    private final List<JournalSegment> toSync = new ArrayList<>();
    private boolean closing;
    private boolean appenderDone;
    private boolean syncFailed;
    private long waitingBytes;
    private volatile long writtenBytes;
    private volatile long durableSequence;

    /// What was written and waits for a sync, and the segments that hold it.
    record Unsynced(List<JournalRequest> requests, List<JournalSegment> segments) {}

    /// @param waitingBytesMax accepted and not yet on stable storage
    /// @param batchBytesMax taken in one go; a single request may be larger
    CommitQueue(
            JournalHealth health, long waitingBytesMax, long batchBytesMax, long durableSequence) {
        this.health = health;
        this.waitingBytesMax = waitingBytesMax;
        this.batchBytesMax = batchBytesMax;
        this.durableSequence = durableSequence;
    }

    /// Everything up to it is on stable storage.
    long durableSequence() {
        return durableSequence;
    }

    /// Bytes written since the journal was opened.
    long writtenBytes() {
        return writtenBytes;
    }

    /// Bytes accepted and not yet on stable storage.
    long waitingBytes() {
        lock.lock();
        try {
            return waitingBytes;
        } finally {
            lock.unlock();
        }
    }

    /// Queues a request; blocks while too much is waiting.
    void submit(JournalRequest request) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (waitingBytes > 0
                    && waitingBytes + request.bytes > waitingBytesMax
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

    /// Takes no more requests; those that are queued go on.
    void close() {
        lock.lock();
        try {
            closing = true;
            queued.signal();
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits for something to write.
    ///
    /// @return an empty batch when the journal is closed and everything is acknowledged
    List<JournalRequest> nextBatch() throws InterruptedException {
        lock.lock();
        try {
            while (queue.isEmpty() && !(closing && unsynced.isEmpty())) {
                queued.await();
            }
            var batch = new ArrayList<JournalRequest>();
            var bytes = 0L;
            while (!queue.isEmpty()
                    && (batch.isEmpty() || bytes + queue.peek().bytes <= batchBytesMax)) {
                var request = queue.poll();
                bytes += request.bytes;
                batch.add(request);
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /// A batch is in the segment, and reads see it; the syncer's turn.
    void written(List<JournalRequest> batch, JournalSegment segment) {
        lock.lock();
        try {
            unsynced.addAll(batch);
            addToSync(segment);
            written.signal();
            var total = writtenBytes + JournalRequest.bytes(batch);
            writtenBytes = total;
            progress.signalAll();
        } finally {
            lock.unlock();
        }
        for (var request : batch) {
            request.applied.complete(request.lastSequence);
        }
    }

    /// A segment got its seal, which must be synced as well.
    void ended(JournalSegment segment) {
        lock.lock();
        try {
            addToSync(segment);
        } finally {
            lock.unlock();
        }
    }

    private void addToSync(JournalSegment segment) {
        if (!toSync.contains(segment)) {
            toSync.add(segment);
        }
    }

    /// Waits for something to sync.
    ///
    /// @return no requests when the appender has ended and everything is acknowledged
    Unsynced nextUnsynced() throws InterruptedException {
        lock.lock();
        try {
            while ((unsynced.isEmpty() || syncFailed) && !appenderDone) {
                written.await();
            }
            if (syncFailed) { // what is in doubt nobody will write again
                return new Unsynced(List.of(), List.of());
            }
            return new Unsynced(List.copyOf(unsynced), List.copyOf(toSync));
        } finally {
            lock.unlock();
        }
    }

    /// These are on stable storage.
    void synced(Unsynced done) {
        lock.lock();
        try {
            for (var request : done.requests) {
                unsynced.removeFirst();
                waitingBytes -= request.bytes;
            }
            durableSequence = Math.max(durableSequence, done.requests.getLast().lastSequence);
            toSync.removeIf(segment -> done.segments.contains(segment) && segment.isSynced());
            room.signalAll();
            queued.signal(); // the appender may be waiting for the last acknowledgement
        } finally {
            lock.unlock();
        }
        health.acknowledged();
        for (var request : done.requests) {
            request.durable.complete(request.lastSequence);
        }
    }

    /// Nothing is synced until the appender has taken back what is in doubt.
    void syncFailed() {
        lock.lock();
        try {
            syncFailed = true;
            // an empty request makes the appender look, even if nobody writes any more
            queue.addFirst(new JournalRequest(List.of()));
            queued.signal();
        } finally {
            lock.unlock();
        }
    }

    boolean hasSyncFailed() {
        lock.lock();
        try {
            return syncFailed;
        } finally {
            lock.unlock();
        }
    }

    boolean hasUnsynced() {
        lock.lock();
        try {
            return !unsynced.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /// Makes the segments that did not sync forget what is not durable in them.
    ///
    /// @return these segments
    List<JournalSegment> forgetUnsynced() throws IOException {
        lock.lock();
        try {
            for (var segment : toSync) {
                segment.forgetAfter(durableSequence);
            }
            return List.copyOf(toSync);
        } finally {
            lock.unlock();
        }
    }

    /// Puts what did not reach stable storage before the batch; what is too much for one batch goes
    /// back to the queue. The syncer may work again.
    void takeBack(List<JournalRequest> batch) {
        lock.lock();
        try {
            toSync.clear();
            batch.addAll(0, unsynced);
            unsynced.clear();
            while (batch.size() > 1 && JournalRequest.bytes(batch) > batchBytesMax) {
                queue.addFirst(batch.removeLast());
            }
            syncFailed = false;
        } finally {
            lock.unlock();
        }
    }

    /// Nothing is written any more.
    ///
    /// @param batch taken and not written
    void appenderDone(List<JournalRequest> batch) {
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

    /// Nothing is synced any more.
    void syncerDone() {
        lock.lock();
        try {
            giveUp(unsynced);
            unsynced.clear();
            queued.signal();
        } finally {
            lock.unlock();
        }
    }

    /// What these requests hold was never acknowledged, and will not be.
    private void giveUp(Collection<JournalRequest> requests) {
        var reason = health.reason();
        var why =
                new StoreException(
                        "the staging area was closed"
                                + (reason.isEmpty() ? "" : " (" + reason + ")"));
        for (var request : requests) {
            request.applied.completeExceptionally(why);
            request.durable.completeExceptionally(why);
        }
    }
}
