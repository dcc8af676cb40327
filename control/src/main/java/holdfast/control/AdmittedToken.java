package holdfast.control;

import java.time.Instant;
import java.util.Optional;

/// A right to enrol one server, once, before it expires. The token itself is never stored.
///
/// @param hash SHA-256 of the token, in hex
/// @param usedAt when it was used up, and
/// @param serverId by which server; of one that is not used yet, the recovery instance that it is
///   for, if it is for one
record AdmittedToken(
        String hash,
        Instant createdAt,
        Instant expiresAt,
        Optional<Instant> usedAt,
        Optional<String> serverId) {
    AdmittedToken usedBy(String server, Instant now) {
        return new AdmittedToken(hash, createdAt, expiresAt, Optional.of(now), Optional.of(server));
    }
}
