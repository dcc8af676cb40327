package holdfast.volume;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// How a staging area is run.
///
/// @param journalWindow how far back every consistency point is recoverable
/// @param masterKey file that holds the key which wraps the volumes' keys; empty for `master.key`
///   in the staging area
/// @param segmentBytes a segment is sealed when it would grow beyond this; at most 256 MiB
/// @param reserveBytes below so much free space nothing is acknowledged any more
/// @param waitingBytesMax accepted and not yet on stable storage at one time
/// @param extentCacheBytes unpacked extents kept for reading
/// @param mapCacheBytes pages of volume maps kept for reading
/// @param checkpointBytes journalled between two checkpoints: what an opening has to read
public record StoreSettings(
        Duration journalWindow,
        Optional<Path> masterKey,
        long segmentBytes,
        long reserveBytes,
        long waitingBytesMax,
        long extentCacheBytes,
        long mapCacheBytes,
        long checkpointBytes) {
    public static final StoreSettings DEFAULT =
            new StoreSettings(
                    Duration.ofHours(24),
                    Optional.empty(),
                    64L << 20,
                    256L << 20,
                    64L << 20,
                    128L << 20,
                    128L << 20,
                    128L << 20);

    private static final long SEGMENT_BYTES_MAX = 256L << 20;

    /// For each of several staging areas, which share the memory that one would cache in and the
    /// master key.
    StoreSettings shared(int areas, Path key) {
        return new StoreSettings(
                journalWindow,
                Optional.of(key),
                segmentBytes,
                reserveBytes,
                waitingBytesMax,
                extentCacheBytes / areas,
                mapCacheBytes / areas,
                checkpointBytes);
    }

    public StoreSettings {
        if (journalWindow.isNegative()) {
            throw new IllegalArgumentException("journal window " + journalWindow);
        }
        if (segmentBytes < 4096 || segmentBytes > SEGMENT_BYTES_MAX) {
            throw new IllegalArgumentException("segments of " + segmentBytes + " bytes");
        }
        if (reserveBytes < 0
                || waitingBytesMax < 1
                || extentCacheBytes < 0
                || mapCacheBytes < 0
                || checkpointBytes < 1) {
            throw new IllegalArgumentException("sizes must not be negative");
        }
    }
}
