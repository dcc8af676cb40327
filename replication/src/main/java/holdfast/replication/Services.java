package holdfast.replication;

import holdfast.base.TimeSource;
import holdfast.volume.VolumeStore;

/// What all sessions of a replicator share.
record Services(
        VolumeStore store,
        ReplicationHost host,
        Comparisons comparisons,
        CreditPool credit,
        TimeSource time,
        Replicator.Limits limits) {}
