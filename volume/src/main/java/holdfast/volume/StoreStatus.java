package holdfast.volume;

/// How the staging area is doing.
///
/// @param state whether appends are acknowledged
/// @param reason why not, in words; empty when all is well
/// @param usedBytes stored
/// @param freeBytes still usable
/// @param waitingBytes accepted and not yet on stable storage
/// @param segmentCount files of the journal
/// @param mapBytes memory that volume maps hold
/// @param mappedBytes volume data that those maps describe
/// @param durableSequence everything up to it is on stable storage
public record StoreStatus(
        State state,
        String reason,
        long usedBytes,
        long freeBytes,
        long waitingBytes,
        int segmentCount,
        long mapBytes,
        long mappedBytes,
        long durableSequence) {
    /// What may be asked for often: it costs the same however many volumes there are.
    ///
    /// @param state whether appends are acknowledged
    /// @param reason why not, in words; empty when all is well
    public record Condition(State state, String reason) {}

    /// Whether appends are acknowledged.
    public enum State {
        WRITING,
        /// No room: nothing is acknowledged, nothing is lost, writing resumes when there is room.
        FULL,
        /// The storage fails; see the reason. Writing resumes when it works again.
        FAILING
    }
}
