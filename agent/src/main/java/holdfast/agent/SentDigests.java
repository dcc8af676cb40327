package holdfast.agent;

import holdfast.replication.ReplicationLink;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// Remembers the digests of blocks sent lately over one link, so that a block rewritten with what
/// it held does not travel again. Its memory is fixed: a newer block takes an older one's slot.
///
/// What it holds is true of the replica only while every block sent over the link goes through
/// [#sent] or [#forget], and no longer than the link lives. Safe for any thread.
final class SentDigests {
    private static final int SLOT_LONGS = 3;
    private static final long FREE = -1;

    private final long[] slots;
    private final int mask;

    /// @param capacity blocks remembered, a power of two; 24 bytes each
    SentDigests(int capacity) {
        if (Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("no power of two: " + capacity);
        }
        mask = capacity - 1;
        slots = new long[capacity * SLOT_LONGS];
        Arrays.fill(slots, FREE);
    }

    /// Whether the replica is known to hold this content.
    synchronized boolean holds(int disk, long block, byte[] digest) {
        var key = DiskBlock.key(disk, block);
        var at = slot(key);
        var halves = ByteBuffer.wrap(digest);
        return slots[at] == key
                && slots[at + 1] == halves.getLong()
                && slots[at + 2] == halves.getLong();
    }

    /// The block was handed to the link with this content.
    synchronized void sent(int disk, long block, byte[] digest) {
        if (digest.length != ReplicationLink.DIGEST_BYTES) {
            throw new IllegalArgumentException("digest of " + digest.length + " bytes");
        }
        var key = DiskBlock.key(disk, block);
        var at = slot(key);
        var halves = ByteBuffer.wrap(digest);
        slots[at] = key;
        slots[at + 1] = halves.getLong();
        slots[at + 2] = halves.getLong();
    }

    /// The blocks were handed to the link with a content that nobody took the digest of.
    synchronized void forget(int disk, long firstBlock, int blockCount) {
        for (var block = firstBlock; block < firstBlock + blockCount; block++) {
            var key = DiskBlock.key(disk, block);
            var at = slot(key);
            if (slots[at] == key) {
                slots[at] = FREE;
            }
        }
    }

    private int slot(long key) {
        return (DiskBlock.spread(key) & mask) * SLOT_LONGS;
    }
}
