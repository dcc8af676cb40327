package holdfast.volume;

import java.util.Locale;

/// One damaged place.
///
/// @param volume whose data it was; `-` if it belongs to none or the place that says so is damaged
/// @param offsetBytes first byte affected in the volume; -1 if unknown
/// @param lengthBytes bytes affected; 0 if unknown
/// @param file name of the stored file (segment, map, key) that is damaged
/// @param fileOffsetBytes where in that file
/// @param what found against expected, in words
public record Damage(
        String volume,
        long offsetBytes,
        long lengthBytes,
        String file,
        long fileOffsetBytes,
        String what) {
    /// The same, in the staging area of that storage class.
    Damage in(String storageClass) {
        return new Damage(
                volume, offsetBytes, lengthBytes, storageClass + ":" + file, fileOffsetBytes, what);
    }

    @Override
    public String toString() {
        var range =
                offsetBytes < 0
                        ? "range unknown"
                        : String.format(
                                Locale.ROOT,
                                "bytes %d to %d",
                                offsetBytes,
                                offsetBytes + lengthBytes - 1);
        return String.format(
                Locale.ROOT,
                "damaged data: volume %s, %s, in %s at %d: %s",
                volume,
                range,
                file,
                fileOffsetBytes,
                what);
    }
}
