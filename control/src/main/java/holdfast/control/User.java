package holdfast.control;

import java.time.Instant;

/// Somebody, or some program, that calls the AWS API: holds access keys, and may do what its role
/// allows.
public record User(String name, String role, Instant createdAt) {}
