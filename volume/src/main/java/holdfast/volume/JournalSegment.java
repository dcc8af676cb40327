package holdfast.volume;

import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/// A segment that is being written. The appender writes and seals, the syncer syncs.
final class JournalSegment implements AutoCloseable {
    private final Segment segment;
    private final StagingStorage.StoredObject object;
    private SegmentIndex index = new SegmentIndex();
    private volatile long writtenBytes;
    private volatile long syncedBytes;
    private volatile boolean sealWritten;
    private final ReentrantLock syncing = new ReentrantLock();
    private boolean broken;
    private int recordCount;

    JournalSegment(Segment segment, StagingStorage.StoredObject object, ByteBuffer header)
            throws IOException {
        this.segment = segment;
        this.object = object;
        this.writtenBytes = header.remaining();
        object.write(header, 0);
        segment.index = index;
        segment.sizeBytes(writtenBytes);
    }

    int number() {
        return (int) segment.number;
    }

    long firstSequence() {
        return segment.firstSequence;
    }

    Segment segment() {
        return segment;
    }

    SegmentIndex index() {
        return index;
    }

    long sizeBytes() {
        return writtenBytes;
    }

    /// Everything up to here is on stable storage.
    long syncedBytes() {
        return syncedBytes;
    }

    int recordCount() {
        return recordCount;
    }

    boolean isSynced() {
        return syncedBytes == writtenBytes;
    }

    /// Writes a batch at the end.
    void append(ByteBuffer batch, int records) throws IOException {
        var length = batch.remaining();
        object.write(batch, writtenBytes);
        var end = writtenBytes + length; // one thread writes, others only look
        writtenBytes = end;
        recordCount += records;
        segment.sizeBytes(writtenBytes);
    }

    /// Writes index and trailer; nothing is appended afterwards. The records are made durable
    /// first: after a crash a sound trailer vouches for all that is before it.
    void seal(long lastSequence) throws IOException {
        sync();
        var closing = index.encode(writtenBytes, lastSequence);
        var end = writtenBytes + closing.remaining();
        object.write(closing, writtenBytes);
        writtenBytes = end;
        segment.sizeBytes(writtenBytes);
        sealWritten = true;
    }

    /// @throws IOException also whenever an earlier call failed: the kernel tells of a lost write
    ///   once, and a later success means nothing
    void sync() throws IOException {
        syncing.lock();
        try {
            syncInTurn();
        } finally {
            syncing.unlock();
        }
    }

    private void syncInTurn() throws IOException {
        if (broken) {
            throw new IOException("an earlier sync of the segment did not succeed");
        }
        var upTo = writtenBytes;
        var withSeal = sealWritten;
        if (segment.sealed) {
            return;
        }
        broken = true;
        object.sync();
        broken = false;
        syncedBytes = upTo;
        if (withSeal) {
            segment.sealed = true;
            object.close();
        }
    }

    /// Forgets records that a failed sync left in doubt.
    void forgetAfter(long sequence) throws IOException {
        var kept = index.upTo(sequence);
        index = kept;
        segment.index = kept;
    }

    @Override
    public void close() throws IOException {
        object.close();
    }
}
