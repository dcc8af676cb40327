package holdfast.tracking;

/// A whole disk of this machine, for the user to choose from.
///
/// @param disk as [Disks#resolve] would have it
/// @param model as its maker calls it; the file behind a loop device; empty if unknown
/// @param serial number given by its maker; empty if unknown
public record DiskDescription(TrackedDisk disk, String model, String serial) {}
