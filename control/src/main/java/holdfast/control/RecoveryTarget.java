package holdfast.control;

/// A server that is to be recovered, and from where.
public record RecoveryTarget(String server, PointChoice point) {}
