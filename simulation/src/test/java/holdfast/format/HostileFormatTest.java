package holdfast.format;

import holdfast.base.Blocks;
import holdfast.base.Checksums;
import holdfast.hostile.HostileInput;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/// What is on disk is damaged or sound, and never anything else.
class HostileFormatTest {
    private static final long LITTLE = 1 << 20;

    /// Every header ends with the checksum of what is before it.
    private static UnaryOperator<byte[]> headerChecksum(int headerBytes) {
        return bytes -> {
            if (bytes.length >= headerBytes) {
                var at = headerBytes - Integer.BYTES;
                ByteBuffer.wrap(bytes).putInt(at, Checksums.crc32c(bytes, 0, at));
            }
            return bytes;
        };
    }

    private static ByteBuffer whole(byte[] bytes, int length) throws DamagedFormatException {
        if (bytes.length < length) {
            throw new DamagedFormatException("cut off"); // as its readers find out before
        }
        return ByteBuffer.wrap(bytes);
    }

    @Test
    void mapPages() throws Exception {
        var leaf =
                new MapPage.Leaf(
                        0,
                        new int[] {MapPage.Leaf.key(5, 64), MapPage.Leaf.key(80, 1)},
                        new long[2]);
        var index =
                new MapPage.Index(
                        1, new long[] {0, MapPage.Leaf.REGION_BLOCKS}, new long[] {17, 18});
        new HostileInput(
                        List.of(bytes(leaf), bytes(index)),
                        LITTLE,
                        DamagedFormatException.class,
                        UnsupportedFormatException.class)
                .sealedBy(HostileFormatTest::pageChecksum)
                .feed(input -> MapPage.decode(ByteBuffer.wrap(input)));
    }

    /// Length and checksum as docs/formats/map.md has them.
    private static byte[] pageChecksum(byte[] bytes) {
        if (bytes.length >= MapPage.HEADER_BYTES) {
            var rest = Arrays.copyOfRange(bytes, MapPage.HEADER_BYTES, bytes.length);
            var page = ByteBuffer.wrap(bytes).putInt(16, bytes.length);
            var covered = ByteBuffer.allocate(bytes.length - Integer.BYTES);
            covered.put(bytes, 0, 20).put(rest);
            page.putInt(20, Checksums.crc32c(covered.flip()));
        }
        return bytes;
    }

    private static byte[] bytes(MapPage page) {
        var out = ByteBuffer.allocate(MapPage.BYTES_MAX);
        page.encode(out);
        return Arrays.copyOf(out.array(), out.position());
    }

    @Test
    void recordHeaders() throws Exception {
        var out = ByteBuffer.allocate(RecordHeader.BYTES);
        new RecordHeader(RecordHeader.Kind.EXTENT, Compression.LZ4, 3, 1, 9, 64, 5, 4711, 77, 8)
                .encode(out, RecordHeader.place(7, 136));
        new HostileInput(List.of(out.array()), LITTLE, DamagedFormatException.class)
                .sealedBy(headerChecksum(RecordHeader.BYTES))
                .feed(input -> {
                    var header =
                            RecordHeader.decode(ByteBuffer.wrap(input), RecordHeader.place(7, 136));
                    ByteBuffer.allocate(header.totalBytes()); // as its readers do
                });
    }

    @Test
    void batchHeaders() throws Exception {
        var out = ByteBuffer.allocate(BatchHeader.BYTES);
        new BatchHeader(4096, 64, 1, 2, 3, 4).encode(out);
        new HostileInput(List.of(out.array()), 32 * LITTLE, DamagedFormatException.class)
                .sealedBy(headerChecksum(BatchHeader.BYTES))
                .feed(input -> {
                    var whole = whole(input, BatchHeader.BYTES);
                    ByteBuffer.allocate(BatchHeader.decode(whole).bodyBytes());
                });
    }

    @Test
    void segmentHeaders() throws Exception {
        var out = ByteBuffer.allocate(SegmentHeader.BYTES);
        new SegmentHeader(1, 2, 3, 4, 5).encode(out);
        new HostileInput(
                        List.of(out.array()),
                        LITTLE,
                        DamagedFormatException.class,
                        UnsupportedFormatException.class)
                .sealedBy(headerChecksum(SegmentHeader.BYTES))
                .feed(input -> SegmentHeader.decode(whole(input, SegmentHeader.BYTES)));
    }

    @Test
    void segmentIndexes() throws Exception {
        var index = new SegmentIndex();
        index.addPoint(new SegmentIndex.Point(1, 7, new PointRecord(1, 2, 3, 4, false)));
        var sound = index.encode(8192, 7);
        var bytes = new byte[sound.remaining()];
        sound.get(bytes);
        new HostileInput(List.of(bytes), LITTLE, DamagedFormatException.class)
                .sealedBy(HostileFormatTest::indexChecksums)
                .feed(input -> {
                    var at = input.length - SegmentIndex.TRAILER_BYTES;
                    if (at < 0) {
                        return;
                    }
                    var trailer =
                            SegmentIndex.Trailer.decode(
                                    ByteBuffer.wrap(input, at, SegmentIndex.TRAILER_BYTES));
                    SegmentIndex.decode(trailer, ByteBuffer.wrap(input, 0, at).slice());
                });
    }

    /// Of the index, and of the trailer that holds that.
    private static byte[] indexChecksums(byte[] bytes) {
        var at = bytes.length - SegmentIndex.TRAILER_BYTES;
        if (at >= 0) {
            var whole = ByteBuffer.wrap(bytes);
            whole.putInt(bytes.length - 8, Checksums.crc32c(bytes, 0, at));
            whole.putInt(
                    bytes.length - 4,
                    Checksums.crc32c(bytes, at, SegmentIndex.TRAILER_BYTES - Integer.BYTES));
        }
        return bytes;
    }

    /// The first byte chooses the compression, the others are the payload.
    @Test
    void packedExtents() throws Exception {
        var random = new SplittableRandom(1);
        var data = new byte[16 * Blocks.BLOCK_BYTES];
        for (var i = 0; i < data.length; i++) {
            data[i] = (byte) (random.nextInt(4) == 0 ? random.nextInt() : i / 100);
        }
        var packer = new ExtentPacker();
        var lz4 = packer.pack(0, data, 0, 16, Compression.LZ4);
        var zstd = packer.pack(0, data, 0, 16, Compression.ZSTD);
        var target = new byte[data.length];
        new HostileInput(
                        List.of(numbered(0, lz4), numbered(1, zstd)),
                        4 * LITTLE,
                        DamagedExtentException.class,
                        IllegalArgumentException.class)
                .feed(input -> {
                    if (input.length > 0) {
                        var sound = input[0] % 2 == 0 ? lz4 : zstd;
                        var payload = Arrays.copyOfRange(input, 1, input.length);
                        packer.unpack(
                                new PackedExtent(
                                        0, 16, sound.compression(), sound.crc32c(), payload),
                                target,
                                0);
                    }
                });
    }

    private static byte[] numbered(int number, PackedExtent extent) {
        var bytes = ByteBuffer.allocate(1 + extent.payload().length);
        return bytes.put((byte) number).put(extent.payload()).array();
    }
}
