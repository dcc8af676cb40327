package holdfast.replication;

import holdfast.base.Blocks;
import holdfast.format.Compression;
import holdfast.format.ExtentPacker;
import holdfast.format.PackedExtent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// Data for tests.
final class Samples {
    private Samples() {}

    /// Blocks that hold their own value all through, so that they compress.
    static PackedExtent extent(long firstBlock, int blockCount, int value) {
        var data = new byte[blockCount * Blocks.BLOCK_BYTES];
        Arrays.fill(data, (byte) value);
        return new ExtentPacker().pack(firstBlock, data, 0, blockCount, Compression.LZ4);
    }

    /// Blocks that do not compress.
    static PackedExtent noise(long firstBlock, int blockCount, long seed) {
        var data = new byte[blockCount * Blocks.BLOCK_BYTES];
        new SplittableRandom(seed).nextBytes(data);
        return new ExtentPacker().pack(firstBlock, data, 0, blockCount, Compression.NONE);
    }

    /// Digests of pieces that are all of one value each.
    static List<byte[]> digests(int blocksPerDigest, int... values) {
        var digests = new ArrayList<byte[]>();
        for (var value : values) {
            var data = new byte[blocksPerDigest * Blocks.BLOCK_BYTES];
            Arrays.fill(data, (byte) value);
            digests.add(new Digests().of(data, 0, blocksPerDigest));
        }
        return digests;
    }
}
