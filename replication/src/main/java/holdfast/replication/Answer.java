package holdfast.replication;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.format.PackedExtent;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// What a link waits for after a question. Frames are given to it by the link's receiving thread.
interface Answer<T> {
    /// Completes when the answer is whole.
    CompletableFuture<T> future();

    /// What extents of the answer may cost, as if they were the asker's request.
    default long extentsCost() {
        return 0;
    }

    /// @return whether the answer is whole
    /// @throws ProtocolException if that frame does not answer the question
    boolean take(Frame frame) throws ProtocolException;

    /// An answer of one frame.
    static <T> Answer<T> of(Reader<T> reader) {
        var future = new CompletableFuture<T>();
        return new Answer<>() {
            @Override
            public CompletableFuture<T> future() {
                return future;
            }

            @Override
            public boolean take(Frame frame) throws ProtocolException {
                future.complete(reader.read(frame));
                return true;
            }
        };
    }

    /// Which of so many pieces differ.
    static Answer<BitSet> pieces(int count) {
        return of(frame -> {
            if (frame instanceof Frame.Compared(_, var found, var differing) && found == count) {
                return differing;
            }
            throw mismatch(frame, count + " pieces");
        });
    }

    static Answer<BranchLink.BranchPoint> point() {
        return of(frame -> {
            if (frame instanceof Frame.Point(_, var sequence, var instant, var known, var last)) {
                return new BranchLink.BranchPoint(sequence, instant, known, last);
            }
            throw mismatch(frame, "a point");
        });
    }

    /// @param firstBlock blocks before it were to be passed over
    static Answer<BranchLink.Changes> changes(long firstBlock) {
        return of(frame -> {
            if (!(frame instanceof Frame.Changes(_, var complete, var runs))) {
                throw mismatch(frame, "changes");
            }
            var at = firstBlock;
            for (var run : runs) {
                if (run.firstBlock() < at) {
                    throw mismatch(frame, "runs in ascending order");
                }
                at = run.endBlock();
            }
            if (!complete && runs.isEmpty()) {
                throw mismatch(frame, "at least one run");
            }
            return new BranchLink.Changes(runs, complete);
        });
    }

    /// One extent for each run, in order, in as many frames as the replicator likes.
    static Answer<List<PackedExtent>> extents(int disk, List<BlockRun> runs) {
        var future = new CompletableFuture<List<PackedExtent>>();
        var extents = new ArrayList<PackedExtent>();
        return new Answer<>() {
            @Override
            public CompletableFuture<List<PackedExtent>> future() {
                return future;
            }

            @Override
            public long extentsCost() {
                return runs.stream()
                        .mapToLong(run -> Wire.REQUEST_COST + run.blockCount() * Blocks.BLOCK_BYTES)
                        .sum();
            }

            @Override
            public boolean take(Frame frame) throws ProtocolException {
                if (!(frame instanceof Frame.Extents part) || part.disk() != disk) {
                    throw mismatch(frame, "extents of disk " + disk);
                }
                for (var extent : part.extents()) {
                    var wanted = extents.size() < runs.size() ? runs.get(extents.size()) : null;
                    if (wanted == null
                            || wanted.firstBlock() != extent.firstBlock()
                            || wanted.blockCount() != extent.blockCount()) {
                        throw mismatch(frame, "extents that were asked for, in order");
                    }
                    extents.add(extent);
                }
                if (extents.size() < runs.size()) {
                    return false;
                }
                future.complete(List.copyOf(extents));
                return true;
            }
        };
    }

    private static ProtocolException mismatch(Frame frame, String expected) {
        return new ProtocolException(
                FrameEncoder.typeOf(frame) + " is no answer: expected " + expected);
    }

    @FunctionalInterface
    interface Reader<T> {
        T read(Frame frame) throws ProtocolException;
    }
}
