package holdfast.nbd;

import java.util.concurrent.ArrayBlockingQueue;

/// Arrays for payloads, kept for reuse by all connections of a server, since clearing a new one
/// costs more than filling it from memory. Safe for any thread.
final class Buffers {
    /// Room for the headers that go out in front of data, so that both are one write.
    static final int HEADROOM_BYTES = 4 << 10;

    /// Data that is read or written in one step. A long request is worked on in pieces that end at
    /// multiples of this, so that no block is worked on twice.
    static final int PIECE_BYTES = 256 << 10;

    private static final int SMALL_BYTES = (64 << 10) + HEADROOM_BYTES;
    private static final int LARGE_BYTES = PIECE_BYTES + HEADROOM_BYTES;
    private static final int KEPT_MAX = 64;

    /// Memory that may be kept.
    static final int RETAINED_BYTES_MAX = KEPT_MAX * (SMALL_BYTES + LARGE_BYTES);

    /// Arrays up to this size come cheaper from the heap than from a queue.
    private static final int UNPOOLED_BYTES_MAX = 16 << 10;

    private final ArrayBlockingQueue<byte[]> small = new ArrayBlockingQueue<>(KEPT_MAX);
    private final ArrayBlockingQueue<byte[]> large = new ArrayBlockingQueue<>(KEPT_MAX);

    /// Bytes of the piece that begins at `at`, of a range that ends at `end`.
    static int pieceBytes(long at, long end) {
        return (int) Math.min(PIECE_BYTES - at % PIECE_BYTES, end - at);
    }

    /// Size of the array that [#take] gives for `bytes`.
    static int capacityFor(int bytes) {
        if (bytes <= UNPOOLED_BYTES_MAX || bytes > LARGE_BYTES) {
            return bytes;
        }
        return bytes <= SMALL_BYTES ? SMALL_BYTES : LARGE_BYTES;
    }

    /// An array of [#capacityFor] bytes, with any content.
    byte[] take(int bytes) {
        var capacity = capacityFor(bytes);
        var kept =
                switch (capacity) {
                    case SMALL_BYTES -> small.poll();
                    case LARGE_BYTES -> large.poll();
                    default -> null;
                };
        return kept == null ? new byte[capacity] : kept;
    }

    /// The giver forgets the array.
    void give(byte[] bytes) {
        var _ =
                switch (bytes.length) {
                    case SMALL_BYTES -> small.offer(bytes);
                    case LARGE_BYTES -> large.offer(bytes);
                    default -> false;
                };
    }
}
