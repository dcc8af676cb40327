package holdfast.replication;

import holdfast.base.Blocks;
import holdfast.volume.Volume;
import java.util.List;

/// What may be asked about the disks of a session. Stateless.
final class Ranges {
    private Ranges() {}

    /// @return the volume
    static Volume checkDisk(List<Volume> volumes, int disk) throws ProtocolException {
        if (disk >= volumes.size()) {
            throw new ProtocolException("disk " + disk + " of " + volumes.size());
        }
        return volumes.get(disk);
    }

    static void check(List<Volume> volumes, int disk, long firstBlock, long blockCount)
            throws ProtocolException {
        var count = Blocks.count(checkDisk(volumes, disk).sizeBytes());
        if (blockCount < 1 || firstBlock > count - blockCount) {
            throw new ProtocolException(
                    blockCount
                            + " blocks from "
                            + firstBlock
                            + " on leave disk "
                            + disk
                            + " of "
                            + count
                            + " blocks");
        }
    }

    static void check(List<Volume> volumes, Frame.Compare compare) throws ProtocolException {
        check(volumes, compare.disk(), compare.firstBlock(), compare.blockCount());
        var pieceBlocks = compare.blocksPerDigest();
        var pieces = pieceBlocks == 0 ? 0 : (compare.blockCount() - 1) / pieceBlocks + 1;
        if (pieces != compare.digests().size()) {
            throw new ProtocolException(
                    compare.digests().size()
                            + " digests for "
                            + compare.blockCount()
                            + " blocks in pieces of "
                            + pieceBlocks);
        }
    }

    static ProtocolException unexpected(Frame.Request request, String peer) {
        return new ProtocolException(
                FrameEncoder.typeOf(request) + " frame from " + peer + " in a session");
    }
}
