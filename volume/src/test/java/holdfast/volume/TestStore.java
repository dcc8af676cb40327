package holdfast.volume;

import holdfast.base.Blocks;
import holdfast.base.RandomSource;
import holdfast.format.Compression;
import holdfast.format.ExtentPacker;
import holdfast.format.PackedExtent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;

/// A store on a [FaultyFilesystem] with small segments and frequent checkpoints, and data that says
/// what it is.
final class TestStore {
    static final Path DIRECTORY = Path.of("/staging");

    final FaultyFilesystem files;
    final ManualTime time = new ManualTime();
    private final SplittableRandom random;
    private final ExtentPacker packer = new ExtentPacker();
    StoreSettings settings =
            new StoreSettings(
                    Duration.ofHours(1),
                    Optional.empty(),
                    128 << 10,
                    64 << 10,
                    4 << 20,
                    256 << 10,
                    256 << 10,
                    256 << 10);

    TestStore(long seed) {
        this.files = new FaultyFilesystem(seed);
        this.random = new SplittableRandom(seed);
    }

    /// No checkpoint is made but those that are asked for.
    void makeNoCheckpoints() {
        var s = settings;
        settings =
                new StoreSettings(
                        s.journalWindow(),
                        s.masterKey(),
                        s.segmentBytes(),
                        s.reserveBytes(),
                        s.waitingBytesMax(),
                        s.extentCacheBytes(),
                        s.mapCacheBytes(),
                        1L << 40); // and not so much that a sum with it overflows
    }

    VolumeStore open() throws IOException {
        RandomSource source =
                bytes -> {
                    synchronized (random) {
                        random.nextBytes(bytes);
                    }
                };
        return VolumeStores.open(settings, files.mount(), DIRECTORY, time, source);
    }

    /// Blocks that hold volume, block and version; version 0 is all zeros.
    PackedExtent extent(VolumeId volume, long firstBlock, int blockCount, long version) {
        var data = new byte[blockCount * Blocks.BLOCK_BYTES];
        for (var i = 0; i < blockCount; i++) {
            System.arraycopy(
                    block(volume, firstBlock + i, version),
                    0,
                    data,
                    i * Blocks.BLOCK_BYTES,
                    Blocks.BLOCK_BYTES);
        }
        return packer.pack(firstBlock, data, 0, blockCount, Compression.LZ4);
    }

    static byte[] block(VolumeId volume, long block, long version) {
        var data = ByteBuffer.allocate(Blocks.BLOCK_BYTES);
        if (version != 0) {
            var seed = volume.hashCode() * 31L + block * 1_000_003 + version * 7_919;
            new SplittableRandom(seed).nextBytes(data.array());
            data.putLong(0, version);
        }
        return data.array();
    }

    /// The versions of all blocks, each checked whole.
    static long[] versions(VolumeView view, VolumeId writtenAs) throws IOException {
        var blocks = (int) Blocks.count(view.sizeBytes());
        var versions = new long[blocks];
        var data = ByteBuffer.allocate(blocks * Blocks.BLOCK_BYTES);
        view.read(data, 0);
        for (var i = 0; i < blocks; i++) {
            versions[i] = data.getLong(i * Blocks.BLOCK_BYTES);
            var expected = ByteBuffer.wrap(block(writtenAs, i, versions[i]));
            var found = data.slice(i * Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES);
            if (!expected.equals(found)) {
                throw new AssertionError(
                        writtenAs
                                + ": block "
                                + i
                                + " is not what version "
                                + versions[i]
                                + " was");
            }
        }
        return versions;
    }
}
