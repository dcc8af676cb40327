package holdfast.replication;

/// What reading a whole disk back has found.
///
/// @param comparedBytes that were read and compared
/// @param differingBytes of them in pieces that are not what they should be
public record ComparedDisk(long comparedBytes, long differingBytes) {}
