package holdfast.failback;

import holdfast.tracking.TrackedDisk;
import java.nio.file.Path;

/// A disk of this machine.
record LocalDisk(TrackedDisk disk, String model, String serial) {
    private static final long GIBIBYTE = 1L << 30;

    Path path() {
        return disk.path();
    }

    long sizeBytes() {
        return disk.sizeBytes();
    }

    /// Whether a local disk may take the content of a recovery instance's: it has the same size or
    /// is larger; or its size is a fraction of GiB which was rounded up to make the other.
    static boolean fits(long localBytes, long recoveryBytes) {
        var roundedUp = (localBytes + GIBIBYTE - 1) / GIBIBYTE * GIBIBYTE;
        return localBytes >= recoveryBytes
                || (localBytes % GIBIBYTE != 0 && recoveryBytes == roundedUp);
    }
}
