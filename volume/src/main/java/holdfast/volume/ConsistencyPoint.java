package holdfast.volume;

import java.time.Instant;
import java.util.Locale;

/// A position in the journal at which all volumes of one owner equal a state that a power cut of
/// the source at one instant could have left. Never changes.
///
/// @param owner whose volumes
/// @param sequence the position: every extent of the owner's volumes up to it belongs to the point
/// @param instant when it was on the source, by the source's clock
/// @param durableAt when the journal held it, by this machine's clock
/// @param ageMillis how old the instant already was when the agent sent the point, by the source's
///   monotonic clock; `durableAt - ageMillis` places the instant on this machine's clock
/// @param round the agent's number of the round that made it
/// @param frozen whether file systems were frozen for it
/// @param snapshot whether the snapshot policy keeps it beyond the journal window
public record ConsistencyPoint(
        String owner,
        long sequence,
        Instant instant,
        Instant durableAt,
        long ageMillis,
        long round,
        boolean frozen,
        boolean snapshot) {
    /// Stable identity, `pit-` and 17 hex digits of the sequence.
    public String id() {
        return String.format(Locale.ROOT, "pit-%017x", sequence);
    }
}
