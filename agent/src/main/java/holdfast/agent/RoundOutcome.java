package holdfast.agent;

/// What became of a round.
enum RoundOutcome {
    /// Everything pending was read as it was at the instant: a consistency point.
    CONSISTENT,
    /// It took on only a part of what is pending.
    PARTIAL,
    /// Some blocks were written before they were read, or the tracker lost sight of a disk.
    CONFLICTED,
    /// Some blocks cannot be read.
    UNREADABLE
}
