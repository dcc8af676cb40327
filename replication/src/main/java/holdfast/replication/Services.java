package holdfast.replication;

import holdfast.base.TimeSource;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.volume.BranchStore;
import holdfast.volume.ReplicaStore;

/// What all sessions of a replicator share.
record Services(
        ReplicaStore store,
        ReplicationHost host,
        BranchStore branches,
        FailbackHost failbacks,
        Comparisons comparisons,
        CreditPool credit,
        CertificateAuthority authority,
        TimeSource time,
        Replicator.Limits limits) {}
