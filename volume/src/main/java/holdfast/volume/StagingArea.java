package holdfast.volume;

/// One of the staging areas that a store consists of. It is closed with that store.
///
/// @param storageClass what it is called
public record StagingArea(String storageClass, VolumeStore store) {}
