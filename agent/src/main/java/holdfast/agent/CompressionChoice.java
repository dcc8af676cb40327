package holdfast.agent;

import holdfast.format.Compression;

/// Chooses how to pack by what the replication waits for: while the link is the narrow place,
/// Zstandard saves bytes; while processor or disk is, LZ4 saves time. Data that does not compress
/// is left as it is by the packer, whatever is chosen.
///
/// One thread notes, any thread asks.
final class CompressionChoice {
    /// Time to look at before changing one's mind.
    private static final long WINDOW_NANOS = 500_000_000;

    private long sendingNanos;
    private long waitingNanos;
    private volatile Compression current = Compression.LZ4;

    Compression current() {
        return current;
    }

    /// Handing data to the link took this long.
    void sending(long nanos) {
        sendingNanos += nanos;
        decide();
    }

    /// Waiting for data that was read and packed took this long.
    void waiting(long nanos) {
        waitingNanos += nanos;
        decide();
    }

    /// Changes only on a clear majority, lest it flutters.
    private void decide() {
        if (sendingNanos + waitingNanos < WINDOW_NANOS) {
            return;
        }
        if (sendingNanos > 2 * waitingNanos) {
            current = Compression.ZSTD;
        } else if (waitingNanos > 2 * sendingNanos) {
            current = Compression.LZ4;
        }
        sendingNanos = 0;
        waitingNanos = 0;
    }
}
