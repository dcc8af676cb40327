package holdfast.tracking;

import java.nio.file.Path;

/// A disk to track.
///
/// @param path the block device or image file, links resolved
/// @param blockDevice whether it is a whole block device; otherwise a regular file
/// @param major device number of a block device, else 0
/// @param minor device number of a block device, else 0
/// @param sizeBytes its size when tracking began
public record TrackedDisk(Path path, boolean blockDevice, int major, int minor, long sizeBytes) {}
