package holdfast.failback;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.format.PackedExtent;
import holdfast.replication.BranchLink;
import holdfast.replication.Digests;
import holdfast.replication.ReplicationLink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;

/// Finds by hash which blocks of a local disk are not what the branch has at the newest point:
/// first in pieces of 64 blocks, then block by block in those that differ, so that little more
/// travels than what differs. Questions of one call are all under way before the first answer is
/// awaited, and none is large: the replicator reads and hashes what it was asked, while this end
/// does the same with what comes next.
///
/// @param link whose newest point counts
/// @param index of the disk in the session
/// @param compared told how many bytes were compared at first
record Comparer(BranchLink link, int index, TargetDisk disk, LongConsumer compared) {
    private static final int PIECE_BLOCKS = PackedExtent.BLOCKS_MAX;

    /// Pieces of one question at first: 64 MiB.
    private static final int QUESTION_PIECES = 256;

    private static final long QUESTION_BLOCKS = (long) QUESTION_PIECES * PIECE_BLOCKS;

    /// Blocks that one call of [#differing] may ask about: 1 GiB.
    static final long SPAN_BLOCKS = 16 * QUESTION_BLOCKS;

    private record Asked(BlockRun span, int pieceBlocks, CompletableFuture<BitSet> answer) {}

    /// @return exactly, in ascending order
    List<BlockRun> differing(BlockRun span) throws IOException, InterruptedException {
        var fine = new ArrayList<Asked>();
        for (var run : coarsely(span)) {
            for (var first = run.firstBlock(); first < run.endBlock(); ) {
                var count = Math.min(ReplicationLink.DIGESTS_MAX, run.endBlock() - first);
                fine.add(ask(new BlockRun(first, count), 1));
                first += count;
            }
        }
        var found = new ArrayList<BlockRun>();
        for (var asked : fine) {
            add(found, asked);
        }
        return found;
    }

    /// @return in whole pieces
    List<BlockRun> coarsely(BlockRun span) throws IOException, InterruptedException {
        if (span.blockCount() <= PIECE_BLOCKS) {
            compared.accept(span.blockCount() * Blocks.BLOCK_BYTES);
            return List.of(span);
        }
        return byPieces(span);
    }

    /// Bytes that differ, in whole pieces.
    long differingBytes(BlockRun span) throws IOException, InterruptedException {
        return byPieces(span).stream().mapToLong(BlockRun::blockCount).sum() * Blocks.BLOCK_BYTES;
    }

    private List<BlockRun> byPieces(BlockRun span) throws IOException, InterruptedException {
        var questions = new ArrayList<Asked>();
        for (var first = span.firstBlock(); first < span.endBlock(); first += QUESTION_BLOCKS) {
            var count = Math.min(QUESTION_BLOCKS, span.endBlock() - first);
            questions.add(ask(new BlockRun(first, count), PIECE_BLOCKS));
            compared.accept(count * Blocks.BLOCK_BYTES);
        }
        var found = new ArrayList<BlockRun>();
        for (var asked : questions) {
            add(found, asked);
        }
        return found;
    }

    /// Whether the branch has nothing but zeros there.
    boolean isZero(BlockRun span) throws IOException, InterruptedException {
        var digests = new Digests();
        var zeros = new byte[PIECE_BLOCKS * Blocks.BLOCK_BYTES];
        for (var first = span.firstBlock(); first < span.endBlock(); first += SPAN_BLOCKS) {
            var count = Math.min(SPAN_BLOCKS, span.endBlock() - first);
            var list = new ArrayList<byte[]>();
            for (var done = 0L; done < count; done += PIECE_BLOCKS) {
                list.add(digests.of(zeros, 0, (int) Math.min(PIECE_BLOCKS, count - done)));
            }
            var answer = link.compare(index, first, count, PIECE_BLOCKS, list);
            if (!Answers.of(answer).isEmpty()) {
                return false;
            }
        }
        return true;
    }

    private Asked ask(BlockRun span, int pieceBlocks) throws IOException, InterruptedException {
        var digests = new Digests();
        var list = new ArrayList<byte[]>();
        var data = new byte[PIECE_BLOCKS * Blocks.BLOCK_BYTES];
        for (var done = 0L; done < span.blockCount(); done += PIECE_BLOCKS) {
            var count = (int) Math.min(PIECE_BLOCKS, span.blockCount() - done);
            disk.read(span.firstBlock() + done, count, data);
            for (var i = 0; i < count; i += pieceBlocks) {
                list.add(
                        digests.of(data, i * Blocks.BLOCK_BYTES, Math.min(pieceBlocks, count - i)));
            }
        }
        return new Asked(
                span,
                pieceBlocks,
                link.compare(index, span.firstBlock(), span.blockCount(), pieceBlocks, list));
    }

    private static void add(List<BlockRun> found, Asked asked)
            throws IOException, InterruptedException {
        var differing = Answers.of(asked.answer());
        for (var from = differing.nextSetBit(0); from >= 0; ) {
            var to = differing.nextClearBit(from);
            var first = asked.span().firstBlock() + (long) from * asked.pieceBlocks();
            var end =
                    Math.min(
                            asked.span().endBlock(),
                            asked.span().firstBlock() + (long) to * asked.pieceBlocks());
            var goesOn = !found.isEmpty() && found.getLast().endBlock() == first;
            if (goesOn) { // from one question to the next
                first = found.removeLast().firstBlock();
            }
            found.add(new BlockRun(first, end - first));
            from = differing.nextSetBit(to);
        }
    }
}
