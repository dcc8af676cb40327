package holdfast.replication;

import holdfast.base.TimeSource;
import holdfast.volume.ReplicaStore;

/// What all sessions of a replicator share.
record Services(
        ReplicaStore store,
        ReplicationHost host,
        Comparisons comparisons,
        CreditPool credit,
        TimeSource time,
        Replicator.Limits limits) {}
