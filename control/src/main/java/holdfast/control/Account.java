package holdfast.control;

import java.time.Instant;
import java.util.Optional;

/// The one account of an installation, as AWS clients see it.
///
/// @param id twelve digits, drawn when first asked for
/// @param initializedAt when the service was initialized, as AWS clients must before anything else
public record Account(String id, Optional<Instant> initializedAt) {}
