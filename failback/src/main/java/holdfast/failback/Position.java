package holdfast.failback;

import java.time.Instant;

/// Where the local disks stand, all of them together.
sealed interface Position {
    /// They equal no known state of the instance, or were not looked at.
    record Unknown() implements Position {}

    /// They equalled the point `since` and are being written to become `toward`: between the two.
    ///
    /// @param since its sequence; -1 if they never equalled one
    record Between(long since, long toward) implements Position {}

    /// They equal a consistency point, on stable storage.
    ///
    /// @param last whether the instance has not run since
    record Equal(long sequence, Instant instant, boolean last) implements Position {}

    /// They equal the instance's last point, and were read back whole.
    record Complete(long sequence, Instant instant) implements Position {}

    /// The point from which on what changed has to be fetched; -1 if all has to be compared.
    default long since() {
        return switch (this) {
            case Unknown() -> -1;
            case Between(var since, _) -> since;
            case Equal(var sequence, _, _) -> sequence;
            case Complete(var sequence, _) -> sequence;
        };
    }

    /// In words, for people.
    default String words() {
        return switch (this) {
            case Unknown() -> "the local disks equal no known state";
            case Between(var since, var toward) ->
                    since < 0
                            ? "the local disks are on their way to a first point (" + toward + ")"
                            : "the local disks are between the points " + since + " and " + toward;
            case Equal(_, var instant, var last) ->
                    "the local disks equal the instance as of "
                            + instant
                            + (last ? ", its last point; they were not read back yet" : "");
            case Complete(_, var instant) ->
                    "the local disks equal the instance as of "
                            + instant
                            + ", read back and complete";
        };
    }
}
