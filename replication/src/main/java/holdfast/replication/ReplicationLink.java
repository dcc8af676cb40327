package holdfast.replication;

import holdfast.format.PackedExtent;
import java.io.IOException;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// The agent's session with the replicator.
///
/// One thread sends; callbacks run on the link's own receiving thread and must not block. After any
/// [IOException] the link is dead: close it, and open another. Whoever opened it closes it.
public interface ReplicationLink extends AutoCloseable {
    /// What the replicator said when the session began.
    Session session();

    /// Sends one extent, in order. Blocks while the replicator grants no credit.
    ///
    /// @param disk index into the session's disks
    /// @param durable called once the extent is on stable storage at the replicator
    void send(int disk, PackedExtent extent, Runnable durable)
            throws IOException, InterruptedException;

    /// Asks which pieces of the replica differ. Piece `i` covers `blocksPerDigest` blocks from
    /// `firstBlock + i * blocksPerDigest`, the last one possibly fewer; all extents sent before
    /// count.
    ///
    /// @param blocksPerDigest 1 to [#BLOCKS_PER_DIGEST_MAX]
    /// @param digests [#DIGEST_BYTES] bytes each, made by [Digests]; at most [#DIGESTS_MAX]
    /// @return the indexes of the pieces that differ, or that the replicator could not read
    CompletableFuture<BitSet> compare(
            int disk, long firstBlock, long blockCount, int blocksPerDigest, List<byte[]> digests)
            throws IOException, InterruptedException;

    /// Ends a round.
    ///
    /// @param round the agent's number of it, growing within the life of its replica
    /// @param consistent whether the replica now is a consistency point
    /// @param instant of the round, by the source's wall clock
    /// @param ageMillis how long ago that is, by the monotonic clock
    /// @return completes once all sent so far, and the point, are on stable storage
    CompletableFuture<Void> endRound(
            long round, boolean consistent, boolean frozen, Instant instant, long ageMillis)
            throws IOException, InterruptedException;

    void report(AgentReport report) throws IOException, InterruptedException;

    /// Asks for a new certificate for this agent; waits for nothing that was sent. One at a time: a
    /// later call replaces what an earlier one waits for.
    ///
    /// @param request PKCS #10 in DER
    /// @return the certificate and the authority's, X.509 in DER, still to be checked; fails with
    ///   an [IOException] if the replicator issues none, or the link dies first
    default CompletableFuture<List<byte[]>> renewCertificate(byte[] request) throws IOException {
        return CompletableFuture.failedFuture(new IOException("this link renews no certificates"));
    }

    /// Has something done every few seconds while the link lives, whatever sending waits for.
    ///
    /// @param work must not block: the replicator takes this link for dead when nothing is heard
    default void everyPulse(Runnable work) {}

    /// Why the replicator acknowledges nothing at present, in words for the operator; empty when it
    /// does, or says nothing.
    default Optional<String> standstill() {
        return Optional.empty();
    }

    /// Bytes written to the network since the session began, frames and all.
    long sentBytes();

    /// Whether the replicator wants a last round: the recovery instance that this agent is on is
    /// being failed back.
    default boolean finishAsked() {
        return false;
    }

    /// Says that a round, which was acknowledged, was the last: nothing was written after it. The
    /// replicator ends the session with [SessionControl#FINISHED] once that is recorded.
    default void finished(long round) throws IOException {
        throw new IOException("the replicator cannot be told of a last round");
    }

    /// Completes exceptionally when the link dies.
    CompletableFuture<Void> closed();

    @Override
    void close();

    /// Truncated SHA-256; see [Digests].
    int DIGEST_BYTES = 16;

    int DIGESTS_MAX = 4096;

    /// 1 MiB a piece.
    int BLOCKS_PER_DIGEST_MAX = 256;

    /// What the replicator said when the session began.
    ///
    /// @param serverId the server that the certificate names
    /// @param storeIdentity of the staging area
    /// @param disks in the order asked for
    record Session(String serverId, String storeIdentity, List<Disk> disks) {
        public Session {
            disks = List.copyOf(disks);
        }

        /// @param volumeId of the replica
        /// @param newVolume whether nothing is stored in it yet, hence is all zeros
        /// @param lastRound number of the round that made the newest consistency point; -1 if none.
        ///   If the agent remembers a higher one as acknowledged, the replica has lost data:
        ///   compare everything
        public record Disk(String volumeId, boolean newVolume, long lastRound) {}
    }
}
