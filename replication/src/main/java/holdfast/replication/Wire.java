package holdfast.replication;

import holdfast.base.Blocks;
import holdfast.format.PackedExtent;

/// Constants of docs/formats/wire.md.
final class Wire {
    /// "HFWP"; the first word of the first frame.
    static final int MAGIC = 0x48465750;

    static final int VERSION_MIN = 1;
    static final int VERSION_MAX = 6;

    /// The first version in which certificates are renewed.
    static final int VERSION_RENEWAL = 2;

    /// The first version in which the replicator sets the agent's limit.
    static final int VERSION_LIMIT = 3;

    /// The first version in which branches are followed.
    static final int VERSION_FAILBACK = 4;

    /// The first version in which the agent says what tells its machine from others.
    static final int VERSION_IDENTITY = 5;

    /// The first version in which an agent can be asked for its last round.
    static final int VERSION_FINISH = 5;

    /// The first version in which the agent says which process it is.
    static final int VERSION_RUN = 6;

    static final int HEADER_BYTES = 8;
    static final int TEXT_BYTES_MAX = 1024;
    static final int DISKS_MAX = 256;
    static final int INTERFACES_MAX = 64;
    static final int EXTENTS_MAX = 1024;
    static final int EXTENT_HEADER_BYTES = 20;

    /// Runs of blocks in one answer.
    static final int CHANGES_MAX = 4096;

    /// Runs of blocks in one request.
    static final int PULL_RUNS_MAX = BranchLink.PULL_BLOCKS_MAX;

    static final int CERTIFICATE_REQUEST_BYTES_MAX = 4096;
    static final int CERTIFICATE_BYTES_MAX = 4096;

    /// The holder's, and the authority's.
    static final int CERTIFICATES = 2;

    /// What a request costs of the sender's credit beside its data: about the memory that the
    /// receiver needs to remember it.
    static final int REQUEST_COST = 64;

    /// Of a run of blocks in a request.
    static final int PULLED_RUN_COST = 16;

    /// Credit of the dearest request, hence the least that a receiver may grant at the beginning.
    static final int COST_MAX = REQUEST_COST + PackedExtent.BLOCKS_MAX * Blocks.BLOCK_BYTES;

    private Wire() {}

    static int cost(PackedExtent extent) {
        return REQUEST_COST + extent.payload().length;
    }

    static int compareCost(int digestCount) {
        return REQUEST_COST + digestCount * ReplicationLink.DIGEST_BYTES;
    }
}
