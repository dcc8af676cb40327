package holdfast.control;

import java.time.Instant;

/// Which consistency point a user asks for.
public sealed interface PointChoice {
    record Newest() implements PointChoice {}

    /// The newest one at or before that time on the source's clock.
    record At(Instant time) implements PointChoice {}

    /// @param id `pit-` and 17 hex digits
    record ById(String id) implements PointChoice {}
}
