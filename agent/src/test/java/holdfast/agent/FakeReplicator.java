package holdfast.agent;

import holdfast.base.Blocks;
import holdfast.format.ExtentPacker;
import holdfast.format.PackedExtent;
import holdfast.replication.AgentReport;
import holdfast.replication.Digests;
import holdfast.replication.ReplicationLink;
import holdfast.replication.SessionControl;
import holdfast.replication.SessionEndedException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;

/// A replicator in memory. What it was sent is on stable storage only after a commit, which it
/// makes when it likes and at the end of a round; a link that dies takes the rest with it.
final class FakeReplicator {
    final FakeMachine machine;
    final long[][] stable;
    final List<AgentReport> reports = new ArrayList<>();
    String storeIdentity = "store-1";
    String volumePrefix = "vol-";

    /// Of the newest point.
    long lastRound = -1;

    long newestRound = -1;
    final boolean[] stored;

    /// Chance that a call on a link kills it, in a thousand.
    int deathPerMille;

    /// The link dies at the send of this number, counted from one; everything before it is stable
    /// and acknowledged. 0 for never.
    long dieAtSend;

    /// Called with each end of a round, before it is stable.
    RoundEnded whenRoundEnds = (_, _) -> {};

    @FunctionalInterface
    interface RoundEnded {
        void end(boolean consistent, boolean frozen);
    }

    /// Called when a consistency point is on stable storage.
    Runnable whenPoint = () -> {};

    /// Called when any round is on stable storage.
    Runnable whenRound = () -> {};

    /// How a certificate is asked for.
    Renewals renewals = _ -> CompletableFuture.failedFuture(new IOException("no authority here"));

    @FunctionalInterface
    interface Renewals {
        CompletableFuture<List<byte[]>> renew(byte[] request) throws IOException;
    }

    long blocksReceived;
    long extentsReceived;
    long comparisons;
    int links;
    long sends;

    /// Fails a test whose rounds get nowhere, instead of letting it run for ever.
    long roundsMax = 20_000;

    long rounds;

    FakeReplicator(FakeMachine machine) {
        this.machine = machine;
        stable = new long[machine.device.length][];
        stored = new boolean[machine.device.length];
        for (var disk = 0; disk < stable.length; disk++) {
            stable[disk] = new long[machine.device[disk].length];
        }
    }

    /// Whose session it is.
    String name = "srv-1";

    /// Whether it wants a last round, and what it does about it.
    boolean finishAsked;

    boolean records = true;
    LongConsumer whenFinished = _ -> {};

    ReplicationLink open() {
        links++;
        var disks = new ArrayList<ReplicationLink.Session.Disk>();
        for (var disk = 0; disk < stable.length; disk++) {
            disks.add(
                    new ReplicationLink.Session.Disk(
                            volumePrefix + disk, !stored[disk], lastRound));
        }
        return new FakeLink(new ReplicationLink.Session(name, storeIdentity, disks));
    }

    private record Unstable(int disk, int block, long[] contents, Runnable durable) {}

    private final class FakeLink implements ReplicationLink {
        private final Session session;
        private final ArrayDeque<Unstable> unstable = new ArrayDeque<>();
        private final CompletableFuture<Void> closed = new CompletableFuture<>();
        private final ExtentPacker packer = new ExtentPacker();
        private final Digests digests = new Digests();
        private boolean dead;
        private long sent;
        private Runnable pulseWork = () -> {};

        FakeLink(Session session) {
            this.session = session;
        }

        @Override
        public Session session() {
            return session;
        }

        @Override
        public void send(int disk, PackedExtent extent, Runnable durable) throws IOException {
            mayDie();
            if (dieAtSend > 0 && ++sends == dieAtSend) {
                commit(unstable.size(), true);
                dead = true;
                throw new IOException("the link died");
            }
            var data = new byte[extent.unpackedBytes()];
            packer.unpack(extent, data, 0);
            var contents = new long[extent.blockCount()];
            Arrays.setAll(contents, i -> FakeMachine.contentOf(data, i * Blocks.BLOCK_BYTES));
            unstable.add(new Unstable(disk, (int) extent.firstBlock(), contents, durable));
            blocksReceived += extent.blockCount();
            extentsReceived++;
            sent += extent.payload().length;
            if (machine.nextInt(4) == 0) {
                commit(machine.nextInt(unstable.size() + 1), true);
            }
        }

        @Override
        public CompletableFuture<BitSet> compare(
                int disk, long firstBlock, long blockCount, int blocksPerDigest, List<byte[]> asked)
                throws IOException {
            mayDie();
            comparisons++;
            var differing = new BitSet();
            for (var i = 0; i < asked.size(); i++) {
                var first = firstBlock + (long) i * blocksPerDigest;
                var count = (int) Math.min(blocksPerDigest, firstBlock + blockCount - first);
                var data = new byte[count * Blocks.BLOCK_BYTES];
                for (var b = 0; b < count; b++) {
                    FakeMachine.fill(data, b * Blocks.BLOCK_BYTES, held(disk, (int) first + b));
                }
                differing.set(i, !Arrays.equals(asked.get(i), digests.of(data, 0, count)));
            }
            return CompletableFuture.completedFuture(differing);
        }

        @Override
        public CompletableFuture<Void> endRound(
                long round, boolean consistent, boolean frozen, Instant instant, long ageMillis)
                throws IOException {
            mayDie();
            if (round <= newestRound) {
                throw new AssertionError("round " + round + " after " + newestRound);
            }
            newestRound = round;
            whenRoundEnds.end(consistent, frozen);
            if (++rounds > roundsMax) {
                throw new AssertionError("still at it after " + roundsMax + " rounds");
            }
            commit(unstable.size(), true);
            pulseWork.run();
            whenRound.run();
            if (consistent) {
                lastRound = round;
                whenPoint.run();
            }
            try {
                mayDie();
            } catch (IOException e) {
                return CompletableFuture.failedFuture(e);
            }
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public boolean finishAsked() {
            return finishAsked;
        }

        @Override
        public void finished(long round) throws IOException {
            mayDie();
            whenFinished.accept(round);
            if (records) {
                closed.completeExceptionally(
                        new SessionEndedException(
                                SessionControl.FINISHED, "recorded", Duration.ZERO));
            }
        }

        @Override
        public void everyPulse(Runnable work) {
            pulseWork = work;
        }

        @Override
        public CompletableFuture<List<byte[]>> renewCertificate(byte[] request) throws IOException {
            return renewals.renew(request);
        }

        @Override
        public void report(AgentReport report) throws IOException {
            mayDie();
            reports.add(report);
        }

        @Override
        public long sentBytes() {
            return sent;
        }

        @Override
        public CompletableFuture<Void> closed() {
            return closed;
        }

        @Override
        public void close() {
            dead = true;
        }

        private long held(int disk, int block) {
            var content = stable[disk][block];
            for (var write : unstable) {
                if (write.disk == disk
                        && write.block <= block
                        && block < write.block + write.contents.length) {
                    content = write.contents[block - write.block];
                }
            }
            return content;
        }

        private void commit(int count, boolean told) {
            for (var i = 0; i < count; i++) {
                var write = unstable.remove();
                stored[write.disk] = true;
                System.arraycopy(
                        write.contents, 0, stable[write.disk], write.block, write.contents.length);
                if (told) {
                    write.durable.run();
                }
            }
        }

        /// Some of what was sent may still have become stable, with nobody told.
        private void mayDie() throws IOException {
            machine.act();
            if (!dead && machine.nextInt(1000) < deathPerMille) {
                dead = true;
                commit(machine.nextInt(unstable.size() + 1), false);
            }
            if (dead) {
                throw new IOException("the link died");
            }
        }
    }
}
