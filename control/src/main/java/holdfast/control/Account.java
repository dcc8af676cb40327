package holdfast.control;

import java.time.Instant;
import java.util.Optional;

/// Somebody who has servers, users and all that belongs to them, and sees nothing of what other
/// accounts have.
///
/// @param id twelve digits
/// @param name as operators call it
/// @param home whether it is the one that every installation has, which has whatever no other
///   account has
/// @param initializedAt when the service was initialized, as AWS clients must before anything else
public record Account(String id, String name, boolean home, Optional<Instant> initializedAt) {
    static final String HOME_NAME = "home";
}
