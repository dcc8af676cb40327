package holdfast.agent;

import holdfast.format.Compression;

/// Chooses how to pack by what the replication waits for: while a narrow link is, Zstandard saves
/// bytes; while processor or disk is, LZ4 saves time. A link that takes more than Zstandard turns
/// out is not narrow, however long it is waited for: then it is the other end that is busy. Data
/// that does not compress is left as it is by the packer, whatever is chosen.
///
/// One thread notes, any thread asks.
final class CompressionChoice {
    /// Time to look at before changing one's mind.
    private static final long WINDOW_NANOS = 500_000_000;

    /// Half of what one processor packs with Zstandard (some 100 MB a second of packed text); the
    /// source's processors are its own.
    private static final long NARROW_BYTES_PER_SECOND = 50_000_000;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private long sendingNanos;
    private long sentBytes;
    private long waitingNanos;
    private volatile Compression current = Compression.LZ4;

    Compression current() {
        return current;
    }

    /// Handing so much to the link took this long.
    void sending(long nanos, long bytes) {
        sendingNanos += nanos;
        sentBytes += bytes;
        decide();
    }

    /// Waiting for data that was read and packed took this long.
    void waiting(long nanos) {
        waitingNanos += nanos;
        decide();
    }

    /// Changes only on a clear majority, lest it flutters.
    private void decide() {
        var all = sendingNanos + waitingNanos;
        if (all < WINDOW_NANOS) {
            return;
        }
        var narrow = sentBytes * (double) NANOS_PER_SECOND / all < NARROW_BYTES_PER_SECOND;
        if (sendingNanos > 2 * waitingNanos && narrow) {
            current = Compression.ZSTD;
        } else if (waitingNanos > 2 * sendingNanos || !narrow) {
            current = Compression.LZ4;
        }
        sendingNanos = 0;
        sentBytes = 0;
        waitingNanos = 0;
    }
}
