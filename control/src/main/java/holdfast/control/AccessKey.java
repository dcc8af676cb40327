package holdfast.control;

import java.time.Instant;

/// A key pair with which AWS clients sign.
///
/// @param id `AKIA` and 16 capitals and digits
/// @param secret as it is: the signature can only be verified with it, so what keeps it is that the
///   database is readable by its owner only
public record AccessKey(String id, String secret, AccessRole role, Instant createdAt) {
    @Override
    public String toString() {
        return "AccessKey[" + id + ", " + role + "]";
    }
}
