package holdfast.agent;

import holdfast.base.Blocks;
import holdfast.format.Compression;
import holdfast.format.ExtentPacker;
import holdfast.format.PackedExtent;
import holdfast.replication.Digests;
import holdfast.tracking.Flip;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.IntPredicate;

/// The work on chunks that is done beside the round's own thread: reading on one set of threads,
/// digesting and packing on another, so that reading keeps close to the round's instant whatever
/// packing costs. Borrows its threads. Safe for any thread.
final class Workers {
    /// 64 KiB: what is compared first. Fewer digests travel than for blocks, and where one differs
    /// little has to be looked at again.
    static final int PIECE_BLOCKS = 16;

    private final Executor readers;
    private final Executor packers;
    private final ConcurrentLinkedQueue<Tools> tools = new ConcurrentLinkedQueue<>();

    /// @param readers runs reads, which wait for the disk
    /// @param packers runs digests and compression, which take the processor
    Workers(Executor readers, Executor packers) {
        this.readers = readers;
        this.packers = packers;
    }

    void read(Chunk chunk, SourceDisk source, Flip flip, Consumer<Step> told) {
        readers.execute(() -> told.accept(read(chunk, source, flip)));
    }

    /// The same on the caller's thread.
    static Step read(Chunk chunk, SourceDisk source, Flip flip) {
        try {
            var data = new byte[chunk.bytes()];
            source.read(chunk.firstBlock(), chunk.blockCount(), data);
            // at once: what is written to it from here on does it no harm
            var written = flip.writtenSince(chunk.disk(), chunk.firstBlock(), chunk.blockCount());
            return new Step.Read(chunk, data, written);
        } catch (IOException e) {
            return new Step.Unreadable(chunk, e);
        } catch (RuntimeException | Error e) {
            return new Step.Failed(e);
        }
    }

    /// First copy into a new replica: zeros are there already.
    void packFirstCopy(Chunk chunk, byte[] data, Compression wanted, Consumer<Step> told) {
        pack(
                told,
                with -> {
                    var kept = new BitSet();
                    for (var i = 0; i < chunk.blockCount(); i++) {
                        kept.set(i, !ExtentPacker.isZero(data, at(i), Blocks.BLOCK_BYTES));
                    }
                    return packRuns(with, chunk, data, kept, wanted, List.of());
                });
    }

    /// Changed blocks: those that hold what was sent last do not travel.
    void packChanges(
            Chunk chunk, byte[] data, SentDigests sent, Compression wanted, Consumer<Step> told) {
        pack(
                told,
                with -> {
                    var kept = new BitSet();
                    var digests = new ArrayList<byte[]>(chunk.blockCount());
                    for (var i = 0; i < chunk.blockCount(); i++) {
                        var digest = with.digests.of(data, at(i), 1);
                        digests.add(digest);
                        kept.set(i, !sent.holds(chunk.disk(), chunk.firstBlock() + i, digest));
                    }
                    return packRuns(with, chunk, data, kept, wanted, digests);
                });
    }

    void digestPieces(Chunk chunk, byte[] data, Consumer<Step> told) {
        pack(
                told,
                with -> {
                    var digests = new ArrayList<byte[]>();
                    for (var i = 0; i < chunk.blockCount(); i += PIECE_BLOCKS) {
                        var count = Math.min(PIECE_BLOCKS, chunk.blockCount() - i);
                        digests.add(with.digests.of(data, at(i), count));
                    }
                    return new Step.PiecesDigested(chunk, data, digests);
                });
    }

    void digestBlocks(Chunk chunk, byte[] data, BitSet differingPieces, Consumer<Step> told) {
        pack(
                told,
                with -> {
                    var runs = new ArrayList<Step.DigestedRun>();
                    var piece = differingPieces.nextSetBit(0);
                    while (piece >= 0) {
                        var end = differingPieces.nextClearBit(piece);
                        var digests = new ArrayList<byte[]>();
                        var last = Math.min(end * PIECE_BLOCKS, chunk.blockCount());
                        for (var i = piece * PIECE_BLOCKS; i < last; i++) {
                            digests.add(with.digests.of(data, at(i), 1));
                        }
                        runs.add(new Step.DigestedRun(piece * PIECE_BLOCKS, digests));
                        piece = differingPieces.nextSetBit(end);
                    }
                    return new Step.BlocksDigested(chunk, data, runs);
                });
    }

    /// The named blocks, whatever they hold.
    void packDiffering(
            Chunk chunk, byte[] data, BitSet blocks, Compression wanted, Consumer<Step> told) {
        pack(told, with -> packRuns(with, chunk, data, blocks, wanted, List.of()));
    }

    private void pack(Consumer<Step> told, Work work) {
        packers.execute(() -> {
            var pooled = tools.poll();
            var with = pooled == null ? new Tools() : pooled;
            try {
                told.accept(work.apply(with));
            } catch (RuntimeException | Error e) {
                told.accept(new Step.Failed(e));
            } finally {
                tools.add(with);
            }
        });
    }

    private static Step packRuns(
            Tools with,
            Chunk chunk,
            byte[] data,
            BitSet kept,
            Compression wanted,
            List<byte[]> digests) {
        var parcels = new ArrayList<Step.Parcel>();
        IntPredicate inside = i -> i < chunk.blockCount() && kept.get(i);
        for (var first = kept.nextSetBit(0); first >= 0; ) {
            var end = first;
            while (inside.test(end) && end - first < PackedExtent.BLOCKS_MAX) {
                end++;
            }
            var extent =
                    with.packer.pack(
                            chunk.firstBlock() + first, data, at(first), end - first, wanted);
            var known =
                    digests.isEmpty()
                            ? List.<byte[]>of()
                            : List.copyOf(digests.subList(first, end));
            parcels.add(new Step.Parcel(extent, known));
            first = kept.nextSetBit(end);
        }
        return new Step.Packed(chunk, parcels);
    }

    private static int at(int block) {
        return block * Blocks.BLOCK_BYTES;
    }

    /// What one packing thread needs; lent out while a chunk is worked on.
    private static final class Tools {
        private final ExtentPacker packer = new ExtentPacker();
        private final Digests digests = new Digests();
    }

    @FunctionalInterface
    private interface Work {
        Step apply(Tools with);
    }
}
