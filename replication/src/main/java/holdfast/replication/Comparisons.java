package holdfast.replication;

import holdfast.base.Blocks;
import holdfast.base.TimeSource;
import holdfast.volume.ReplicaStore;
import holdfast.volume.Volume;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Finds out which pieces of a replica are not what the agent has.
///
/// Reading and hashing are done on a few platform threads, since they would hold up the virtual
/// threads of all sessions; a long comparison is cut into slices, so that sessions take turns. Owns
/// the threads. Safe for any thread.
final class Comparisons implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Comparisons.class.getName());

    /// A tenth of a second's work or less.
    private static final long SLICE_BYTES = 32L << 20;

    private final ReplicaStore store;
    private final ExecutorService threads;

    Comparisons(ReplicaStore store, int threadCount, TimeSource time) {
        this.store = store;
        this.threads =
                Executors.newFixedThreadPool(
                        threadCount, time.workers().name("compare-", 0).factory());
    }

    /// Compares with all that was appended to the volume before this call.
    ///
    /// @param cancelled ends the work early; the outcome is then of no use
    /// @return indexes of the pieces that differ or cannot be read; fails with an [IOException] if
    ///   the volume cannot be opened
    CompletableFuture<BitSet> differing(
            Volume volume, Frame.Compare request, BooleanSupplier cancelled) {
        return differing(volume, () -> store.head(volume.id()), request, cancelled);
    }

    /// As above, with the volume as it is in a view that is opened for it.
    CompletableFuture<BitSet> differing(
            Volume volume, Opener opener, Frame.Compare request, BooleanSupplier cancelled) {
        var comparison = new Comparison(volume, opener, request, cancelled);
        threads.execute(comparison);
        return comparison.outcome;
    }

    /// Waits for the comparisons under way.
    @Override
    public void close() {
        threads.close();
    }

    /// Opens what is compared with; the comparison closes it.
    @FunctionalInterface
    interface Opener {
        VolumeView open() throws IOException;
    }

    /// One comparison; runs once for each slice.
    private final class Comparison implements Runnable {
        private final CompletableFuture<BitSet> outcome = new CompletableFuture<>();
        private final BitSet differing = new BitSet();
        private final Digests digests = new Digests();
        private final Volume volume;
        private final Opener opener;
        private final Frame.Compare request;
        private final BooleanSupplier cancelled;
        private @Nullable VolumeView view;
        private int next;

        Comparison(Volume volume, Opener opener, Frame.Compare request, BooleanSupplier cancelled) {
            this.volume = volume;
            this.opener = opener;
            this.request = request;
            this.cancelled = cancelled;
        }

        @Override
        public void run() {
            try {
                var open = view == null ? opener.open() : view;
                view = open;
                slice(open);
            } catch (IOException | RuntimeException e) {
                outcome.completeExceptionally(e);
            }
            if (outcome.isDone() || next == request.digests().size() || cancelled.getAsBoolean()) {
                if (view != null) {
                    view.close();
                }
                outcome.complete(differing);
            } else {
                threads.execute(this);
            }
        }

        private void slice(VolumeView open) {
            var data = new byte[request.blocksPerDigest() * Blocks.BLOCK_BYTES];
            var count = (int) Math.max(1, SLICE_BYTES / data.length);
            var end = Math.min(request.digests().size(), next + count);
            for (; next < end; next++) {
                var first = (long) next * request.blocksPerDigest();
                var blockCount =
                        (int) Math.min(request.blocksPerDigest(), request.blockCount() - first);
                try {
                    read(open, request.firstBlock() + first, data, blockCount);
                    var found = digests.of(data, 0, blockCount);
                    differing.set(next, !Arrays.equals(found, request.digests().get(next)));
                } catch (IOException e) { // the agent will send anew what cannot be read
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "event=unreadable-piece volume={0} error={1}",
                            volume.id(),
                            e.getMessage());
                    differing.set(next);
                }
            }
        }

        /// The last block of a disk may lie past its end in part; that part is zeros.
        private static void read(VolumeView open, long firstBlock, byte[] data, int blockCount)
                throws IOException {
            var offset = firstBlock * Blocks.BLOCK_BYTES;
            var wanted = blockCount * Blocks.BLOCK_BYTES;
            var present = (int) Math.min(wanted, open.sizeBytes() - offset);
            open.read(ByteBuffer.wrap(data, 0, present), offset);
            Arrays.fill(data, present, wanted, (byte) 0);
        }
    }
}
