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
    /// A recovery instance boots from the disks that its server had at the point asked for.
    RECOVERED_IS_THE_POINT,
    /// One machine for each instance that runs, and nothing left of those that were terminated.
    INSTANCES_ARE_WHAT_THERE_IS,
    JOBS_END,
    /// No thread dies of what nobody foresaw.
    NO_THREAD_DIES
}
