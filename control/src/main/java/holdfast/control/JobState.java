package holdfast.control;

import java.time.Instant;

/// Where a job stands.
///
/// ```
/// Pending --claim--> Started --complete--> Completed
///                    Started --fail--> Failed
///                    Started --claim, once the lease ran out--> Started
/// ```
public sealed interface JobState {
    record Pending() implements JobState {}

    /// @param owner the controller that works on it
    /// @param leaseUntil another controller may take over after that
    record Started(String owner, Instant leaseUntil) implements JobState {}

    record Completed() implements JobState {}

    record Failed() implements JobState {}

    default String name() {
        return switch (this) {
            case Pending() -> "PENDING";
            case Started(_, _) -> "STARTED";
            case Completed() -> "COMPLETED";
            case Failed() -> "FAILED";
        };
    }

    default boolean ended() {
        return switch (this) {
            case Pending(), Started(_, _) -> false;
            case Completed(), Failed() -> true;
        };
    }

    /// Whether a controller may begin or take over the job now.
    default boolean claimable(Instant now) {
        return switch (this) {
            case Pending() -> true;
            case Started(_, var leaseUntil) -> !now.isBefore(leaseUntil);
            case Completed(), Failed() -> false;
        };
    }

    default boolean heldBy(String controller) {
        return this instanceof Started(var owner, _) && owner.equals(controller);
    }
}
