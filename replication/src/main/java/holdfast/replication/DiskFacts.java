package holdfast.replication;

/// What the agent says of a disk that it wants to replicate.
///
/// @param name its path on the source, such as `/dev/sda`; unique within the server
/// @param sizeBytes its size
/// @param model as the kernel names it; empty if unknown
/// @param serial as the kernel names it; empty if unknown
public record DiskFacts(String name, long sizeBytes, String model, String serial) {}
