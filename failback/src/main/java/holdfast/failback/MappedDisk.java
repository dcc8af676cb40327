package holdfast.failback;

/// A local disk and the disk of the recovery instance that it is to equal.
///
/// @param recovery the recovery instance's
/// @param local this machine's
record MappedDisk(Instance.Disk recovery, LocalDisk local) {
    /// What of the local disk is written and compared: a larger one keeps what it has behind.
    long bytes() {
        return Math.min(recovery.sizeBytes(), local.sizeBytes());
    }
}
