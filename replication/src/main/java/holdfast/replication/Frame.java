package holdfast.replication;

import holdfast.base.BlockRun;
import holdfast.format.PackedExtent;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;

/// What travels between agent, or failback client, and replicator. Fields, limits and the order in
/// which frames may come are those of docs/formats/wire.md.
sealed interface Frame {
    record Hello(int versionMin, int versionMax) implements Frame {}

    record Agreed(int version) implements Frame {}

    /// @param version of the protocol that was agreed on: earlier ones say less of the machine
    record Begin(MachineFacts machine, List<DiskFacts> disks, int version) implements Frame {}

    record Began(ReplicationLink.Session session, long creditLimit) implements Frame {}

    /// Requests are numbered from 1 in the order of a session, whatever their kind.
    sealed interface Request extends Frame {
        long number();

        /// What it takes of the sender's credit.
        int cost();
    }

    /// From an agent a request; from a replicator the answer, or a part of it, to [Pull].
    record Extents(long number, int disk, List<PackedExtent> extents) implements Request {
        @Override
        public int cost() {
            return extents.stream().mapToInt(Wire::cost).sum();
        }
    }

    record Compare(
            long number,
            int disk,
            long firstBlock,
            long blockCount,
            int blocksPerDigest,
            List<byte[]> digests)
            implements Request {
        @Override
        public int cost() {
            return Wire.compareCost(digests.size());
        }
    }

    record RoundEnd(
            long number,
            long round,
            boolean consistent,
            boolean frozen,
            Instant instant,
            long ageMillis)
            implements Request {
        @Override
        public int cost() {
            return Wire.REQUEST_COST;
        }
    }

    /// Has the next point of the branches taken.
    ///
    /// @param since sequence of the point that the disks equal; -1 if none
    record TakePoint(long number, long since) implements Request {
        @Override
        public int cost() {
            return Wire.REQUEST_COST;
        }
    }

    record ListChanges(long number, int disk, long firstBlock) implements Request {
        @Override
        public int cost() {
            return Wire.REQUEST_COST;
        }
    }

    record Pull(long number, int disk, List<BlockRun> runs) implements Request {
        @Override
        public int cost() {
            return Wire.REQUEST_COST + runs.size() * Wire.PULLED_RUN_COST;
        }
    }

    record Verified(long number, long sequence, List<ComparedDisk> disks) implements Request {
        @Override
        public int cost() {
            return Wire.REQUEST_COST;
        }
    }

    /// Answers [TakePoint].
    record Point(long number, long sequence, Instant instant, boolean changesKnown, boolean last)
            implements Frame {}

    /// Answers [ListChanges].
    ///
    /// @param complete whether nothing changed behind the last run
    record Changes(long number, boolean complete, List<BlockRun> runs) implements Frame {}

    /// @param pieceCount pieces that were asked about; `differing` has none beyond
    record Compared(long number, int pieceCount, BitSet differing) implements Frame {}

    /// All extents and round ends up to this number are on stable storage.
    record Ack(long number) implements Frame {}

    /// The sum of the costs of all requests of the session may reach this.
    record Credit(long limit) implements Frame {}

    record Report(AgentReport report) implements Frame {}

    /// @param problem why nothing is acknowledged; empty when all is well
    record Status(String problem) implements Frame {}

    /// What data may take of the network.
    ///
    /// @param bytesPerSecond zero for no limit
    record Limit(long bytesPerSecond) implements Frame {}

    record Ping(long token) implements Frame {}

    record Pong(long token) implements Frame {}

    /// @param request PKCS #10 in DER; whom the certificate will name is not for it to say
    record CertificateRequest(byte[] request) implements Frame {}

    /// Answers the newest request.
    ///
    /// @param refusal why there is no certificate; empty if there is
    /// @param chain the new certificate and the authority's, X.509 in DER; empty if refused
    record Certificate(String refusal, List<byte[]> chain) implements Frame {}

    /// The sender of this ends the session.
    ///
    /// @param retryAfterMillis when trying again may help; 0 if something has to change first
    record Failure(String code, String message, int retryAfterMillis) implements Frame {}

    /// To the agent of a recovery instance that is failed back: make your last round.
    record Finish() implements Frame {}

    /// The round with that number made a point after which nothing is written.
    record Finished(long round) implements Frame {}

    record Goodbye() implements Frame {}
}
