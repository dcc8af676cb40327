package holdfast.simulation;

/// What must hold in every world. The names are those of docs/reliability.md.
enum Invariant {
    ACKNOWLEDGED_IS_DURABLE,
    POINT_IS_ONE_INSTANT,
    SNAPSHOT_IMMUTABILITY,
    BRANCH_ISOLATION,
    NO_WRONG_BYTE,
    RETENTION_KEEPS_WHAT_IT_SAYS,
    RECLAIM_KEEPS_WHAT_IS_REACHABLE,
    LAG_TELLS_THE_TRUTH,
    FAILED_BACK_IS_EQUAL,
    JOBS_END,
    /// No thread dies of what nobody foresaw.
    NO_THREAD_DIES
}
