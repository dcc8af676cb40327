package holdfast.failback;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.format.DamagedExtentException;
import holdfast.format.ExtentPacker;
import holdfast.format.PackedExtent;
import holdfast.replication.BranchLink;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;

/// Fetches blocks of one disk and writes them, each extent checked against its checksum. A few
/// requests are under way at a time, which bounds what is in memory.
///
/// @param link whose newest point counts
/// @param index of the disk in the session
/// @param fetched told how many bytes were written
record Fetcher(BranchLink link, int index, TargetDisk disk, LongConsumer fetched) {
    private static final int UNDER_WAY_MAX = 4;

    void fetch(List<BlockRun> runs) throws IOException, InterruptedException {
        var packer = new ExtentPacker();
        var data = new byte[PackedExtent.BLOCKS_MAX * Blocks.BLOCK_BYTES];
        var underWay = new ArrayDeque<CompletableFuture<List<PackedExtent>>>();
        for (var request : requests(runs)) {
            if (underWay.size() == UNDER_WAY_MAX) {
                write(Answers.of(underWay.remove()), packer, data);
            }
            underWay.add(link.pull(index, request));
        }
        while (!underWay.isEmpty()) {
            write(Answers.of(underWay.remove()), packer, data);
        }
    }

    /// Of at most so many blocks each as a request may name.
    static List<List<BlockRun>> requests(List<BlockRun> runs) {
        var requests = new ArrayList<List<BlockRun>>();
        var request = new ArrayList<BlockRun>();
        var blocks = 0L;
        for (var run : runs) {
            for (var first = run.firstBlock(); first < run.endBlock(); ) {
                var count =
                        Math.min(
                                Math.min(PackedExtent.BLOCKS_MAX, run.endBlock() - first),
                                BranchLink.PULL_BLOCKS_MAX - blocks);
                request.add(new BlockRun(first, count));
                first += count;
                blocks += count;
                if (blocks == BranchLink.PULL_BLOCKS_MAX) {
                    requests.add(List.copyOf(request));
                    request.clear();
                    blocks = 0;
                }
            }
        }
        if (!request.isEmpty()) {
            requests.add(List.copyOf(request));
        }
        return requests;
    }

    private void write(List<PackedExtent> extents, ExtentPacker packer, byte[] data)
            throws IOException {
        for (var extent : extents) {
            try {
                packer.unpack(extent, data, 0);
            } catch (DamagedExtentException e) {
                throw new IOException("damaged on its way: " + e.getMessage(), e);
            }
            disk.write(extent.firstBlock(), data, extent.blockCount());
            fetched.accept(extent.unpackedBytes());
        }
    }
}
