package holdfast.volume;

import holdfast.base.Blocks;
import holdfast.format.Compression;
import holdfast.format.ExtentPacker;
import holdfast.format.PackedExtent;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReadWriteLock;

/// A branch through its live map.
///
/// Whole blocks are journalled as they come; a block that is written in part is read, changed and
/// journalled whole. The latter happens with every other write to the branch held back, so that no
/// two writes to one block overtake each other.
final class JournalBranch extends JournalView implements Branch {
    private final Writing writing;
    private final ReadWriteLock lock;

    /// What a branch needs of the store.
    interface Writing {
        JournalRequest submit(VolumeState branch, List<PackedExtent> extents)
                throws InterruptedException;

        JournalRequest clear(VolumeState branch, long firstBlock, long blockCount)
                throws InterruptedException;

        JournalRequest barrier() throws InterruptedException;

        /// @throws NoRoomException while the staging area is full
        void checkRoom() throws NoRoomException;

        /// @throws StoreException if what was written to the branch may be missing
        void checkWhole(VolumeState branch) throws IOException;
    }

    /// @param lock shared by all handles on the branch
    JournalBranch(
            VolumeState state,
            long sequence,
            ExtentReader reader,
            Writing writing,
            ReadWriteLock lock,
            Runnable onClose) {
        super(state, state.head, sequence, reader, onClose);
        this.writing = writing;
        this.lock = lock;
    }

    /// What was written and is not on stable storage yet may be lost with a sync that fails, until
    /// the journal has written it again, elsewhere: whoever reads it meanwhile waits for that.
    ///
    /// @throws DamagedDataException if it is damaged all the same
    @Override
    public void read(ByteBuffer target, long offsetBytes) throws IOException {
        var start = target.position();
        var limit = target.limit();
        try {
            readWhole(target, offsetBytes);
        } catch (StoreException e) {
            try {
                flush();
            } catch (IOException | IllegalStateException notWritten) {
                e.addSuppressed(notWritten);
                throw e;
            }
            readWhole(target.limit(limit).position(start), offsetBytes);
        }
    }

    private void readWhole(ByteBuffer target, long offsetBytes) throws IOException {
        writing.checkWhole(state);
        super.read(target, offsetBytes);
        writing.checkWhole(state); // what is lost meanwhile reads as zeros
    }

    @Override
    public List<Run> allocation(long offsetBytes, long lengthBytes) throws IOException {
        writing.checkWhole(state);
        var found = super.allocation(offsetBytes, lengthBytes);
        writing.checkWhole(state);
        return found;
    }

    @Override
    public void write(ByteBuffer source, long offsetBytes, boolean durable) throws IOException {
        var length = source.remaining();
        check(offsetBytes, length);
        if (length == 0) {
            return;
        }
        var end = offsetBytes + length;
        var whole =
                offsetBytes % Blocks.BLOCK_BYTES == 0
                        && (end % Blocks.BLOCK_BYTES == 0 || end == sizeBytes());
        var held = whole ? lock.readLock() : lock.writeLock();
        JournalRequest request;
        held.lock();
        try {
            var firstBlock = offsetBytes >>> Blocks.BLOCK_SHIFT;
            var blocks =
                    new byte
                            [Math.toIntExact(
                                    (Blocks.count(end) - firstBlock) << Blocks.BLOCK_SHIFT)];
            if (!whole) {
                fillEdges(blocks, offsetBytes, end);
            }
            source.get(blocks, (int) (offsetBytes - (firstBlock << Blocks.BLOCK_SHIFT)), length);
            request = writing.submit(state, pack(firstBlock, blocks));
            await(request.applied);
        } catch (InterruptedException e) {
            throw interrupted(e);
        } finally {
            held.unlock();
        }
        if (durable) {
            await(request.durable);
        }
    }

    /// Reads what the first and the last block hold beside the bytes to be written.
    private void fillEdges(byte[] blocks, long offsetBytes, long end) throws IOException {
        var start = offsetBytes & -Blocks.BLOCK_BYTES;
        readBlock(blocks, 0, start);
        var lastBlock = end - 1 & -Blocks.BLOCK_BYTES;
        if (lastBlock != start) {
            readBlock(blocks, (int) (lastBlock - start), lastBlock);
        }
    }

    private void readBlock(byte[] blocks, int at, long offsetBytes) throws IOException {
        var length = (int) Math.min(Blocks.BLOCK_BYTES, sizeBytes() - offsetBytes);
        read(ByteBuffer.wrap(blocks, at, length), offsetBytes);
    }

    private static List<PackedExtent> pack(long firstBlock, byte[] blocks) {
        var packer = new ExtentPacker();
        var extents = new ArrayList<PackedExtent>();
        var count = blocks.length / Blocks.BLOCK_BYTES;
        for (var i = 0; i < count; i += PackedExtent.BLOCKS_MAX) {
            extents.add(
                    packer.pack(
                            firstBlock + i,
                            blocks,
                            i * Blocks.BLOCK_BYTES,
                            Math.min(PackedExtent.BLOCKS_MAX, count - i),
                            Compression.LZ4));
        }
        return extents;
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean durable) throws IOException {
        check(offsetBytes, lengthBytes);
        var end = offsetBytes + lengthBytes;
        var wholeFrom = Blocks.count(offsetBytes);
        var wholeTo = end == sizeBytes() ? Blocks.count(end) : end >>> Blocks.BLOCK_SHIFT;
        if (wholeTo <= wholeFrom) {
            write(ByteBuffer.allocate((int) lengthBytes), offsetBytes, durable);
            return;
        }
        var head = (wholeFrom << Blocks.BLOCK_SHIFT) - offsetBytes;
        if (head > 0) {
            write(ByteBuffer.allocate((int) head), offsetBytes, false);
        }
        var tail = end - (wholeTo << Blocks.BLOCK_SHIFT);
        if (tail > 0) {
            write(ByteBuffer.allocate((int) tail), end - tail, false);
        }
        lock.readLock().lock();
        try {
            var request = writing.clear(state, wholeFrom, wholeTo - wholeFrom);
            await(request.applied);
        } catch (InterruptedException e) {
            throw interrupted(e);
        } finally {
            lock.readLock().unlock();
        }
        if (durable) {
            flush();
        }
    }

    @Override
    public void flush() throws IOException {
        checkOpen();
        try {
            await(writing.barrier().durable);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private void check(long offsetBytes, long lengthBytes) throws IOException {
        checkOpen();
        Objects.checkFromIndexSize(offsetBytes, lengthBytes, sizeBytes());
        writing.checkRoom();
        writing.checkWhole(state);
    }

    private static void await(CompletableFuture<Long> future) throws IOException {
        try {
            future.get();
        } catch (ExecutionException e) {
            throw new StoreException("not written: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static InterruptedIOException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        var interrupted = new InterruptedIOException("interrupted while writing to a branch");
        interrupted.initCause(cause);
        return interrupted;
    }
}
