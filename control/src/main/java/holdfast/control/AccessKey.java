package holdfast.control;

import java.time.Instant;
import java.util.Optional;

/// A key pair with which a user's clients sign, without its secret.
///
/// @param id `AKIA` and 16 capitals and digits
/// @param active whether what it signs is accepted
/// @param expiresAt from when on it is not accepted any more, since another took its place
public record AccessKey(
        String id, String user, boolean active, Instant createdAt, Optional<Instant> expiresAt) {
    /// One that was just made, with its secret, which is told this once.
    public record Created(AccessKey key, String secret) {
        @Override
        public String toString() {
            return "Created[" + key + "]";
        }
    }

    boolean usable(Instant now) {
        return active && expiresAt.map(now::isBefore).orElse(true);
    }
}
