package holdfast.control;

/// A source server whose source is a recovery instance: its points are those of the instance's
/// branches, in which everything that the instance writes is already.
///
/// @param server its id
/// @param instance the recovery instance
/// @param origin the server from which the instance was launched
public record Reversal(String server, String instance, String origin) {}
