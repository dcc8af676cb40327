package holdfast.control;

import java.time.Instant;
import java.util.Optional;

/// Whose key a request is signed with, and what its holder may do.
///
/// @param accessKey its id
/// @param account as which it acts
/// @param user whose key it is, or of whose key the session came
/// @param session if the key is a session's
public record Signer(
        String accessKey,
        String secret,
        String account,
        String user,
        Role role,
        Optional<Session> session) {
    /// @param assumed the role that was assumed, if it is not the user's own
    /// @param name that the caller gave the session; empty if it gave none
    public record Session(Optional<String> assumed, String name, Instant expiresAt) {}

    public boolean permits(String action) {
        return role.allows(action);
    }

    @Override
    public String toString() {
        return "Signer[" + accessKey + " of " + user + "]";
    }
}
