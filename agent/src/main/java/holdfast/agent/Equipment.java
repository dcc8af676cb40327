package holdfast.agent;

import holdfast.base.TimeSource;
import holdfast.replication.ReplicationLink;
import java.util.List;
import java.util.concurrent.BlockingQueue;

/// What the rounds over one link share.
///
/// @param link to the replicator
/// @param disks in the order of the session
/// @param workers that read, digest and pack
/// @param steps what workers and link tell the round's thread
/// @param sent what the replica is known to hold; lives as long as the link
/// @param heat which blocks are written again and again
/// @param compression chosen by what the rounds wait for
/// @param heldBytesMax bytes of chunks between their read and their handing over to the link
/// @param time clocks
/// @param board what the user sees
/// @param reports to the replicator
record Equipment(
        ReplicationLink link,
        List<ReplicatedDisk> disks,
        Workers workers,
        BlockingQueue<Step> steps,
        SentDigests sent,
        Heat heat,
        CompressionChoice compression,
        long heldBytesMax,
        TimeSource time,
        StatusBoard board,
        Reports reports) {}
