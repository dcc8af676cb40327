package holdfast.format;

import holdfast.base.Blocks;
import holdfast.base.Checksums;
import io.airlift.compress.v3.lz4.Lz4Compressor;
import io.airlift.compress.v3.lz4.Lz4Decompressor;
import io.airlift.compress.v3.lz4.Lz4JavaCompressor;
import io.airlift.compress.v3.lz4.Lz4JavaDecompressor;
import io.airlift.compress.v3.lz4.Lz4NativeCompressor;
import io.airlift.compress.v3.lz4.Lz4NativeDecompressor;
import io.airlift.compress.v3.zstd.ZstdCompressor;
import io.airlift.compress.v3.zstd.ZstdDecompressor;
import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;
import io.airlift.compress.v3.zstd.ZstdNativeCompressor;
import io.airlift.compress.v3.zstd.ZstdNativeDecompressor;
import java.util.Arrays;
import java.util.Locale;

/// Packs and unpacks extents. Holds scratch memory, so one instance per thread.
public final class ExtentPacker {
    /// Packed bytes must save at least a sixteenth, or the data is kept as it is: reading it back
    /// then costs nothing.
    private static final int SAVING_SHIFT = 4;

    private static final int EXTENT_BYTES_MAX = PackedExtent.BLOCKS_MAX * Blocks.BLOCK_BYTES;
    private static final byte[] ZEROS = new byte[EXTENT_BYTES_MAX];

    private final Lz4Compressor lz4 =
            Lz4NativeCompressor.isEnabled() ? new Lz4NativeCompressor() : new Lz4JavaCompressor();
    private final Lz4Decompressor unLz4 =
            Lz4NativeDecompressor.isEnabled()
                    ? new Lz4NativeDecompressor()
                    : new Lz4JavaDecompressor();
    private final ZstdCompressor zstd =
            ZstdNativeCompressor.isEnabled()
                    ? new ZstdNativeCompressor(1)
                    : new ZstdJavaCompressor();
    private final ZstdDecompressor unZstd =
            ZstdNativeDecompressor.isEnabled()
                    ? new ZstdNativeDecompressor()
                    : new ZstdJavaDecompressor();
    private final byte[] scratch =
            new byte
                    [Math.max(
                            lz4.maxCompressedLength(EXTENT_BYTES_MAX),
                            zstd.maxCompressedLength(EXTENT_BYTES_MAX))];

    /// Packs whole blocks.
    ///
    /// @param wanted what to try for data that is not all zeros; [Compression#NONE] is used where
    ///   it does not pay, [Compression#ZERO] wherever it fits, whatever is wanted
    public PackedExtent pack(
            long firstBlock, byte[] data, int offset, int blockCount, Compression wanted) {
        var length = blockCount * Blocks.BLOCK_BYTES;
        var crc = Checksums.crc32c(data, offset, length);
        if (isZero(data, offset, length)) {
            return new PackedExtent(firstBlock, blockCount, Compression.ZERO, crc, new byte[0]);
        }
        var packed =
                switch (wanted) {
                    case LZ4 -> lz4.compress(data, offset, length, scratch, 0, scratch.length);
                    case ZSTD -> zstd.compress(data, offset, length, scratch, 0, scratch.length);
                    case NONE, ZERO -> length;
                };
        if (packed > length - (length >> SAVING_SHIFT)) {
            var plain = Arrays.copyOfRange(data, offset, offset + length);
            return new PackedExtent(firstBlock, blockCount, Compression.NONE, crc, plain);
        }
        var payload = Arrays.copyOf(scratch, packed);
        return new PackedExtent(firstBlock, blockCount, wanted, crc, payload);
    }

    /// Unpacks into `target` and checks the bytes against the extent's checksum.
    ///
    /// @param target room for [PackedExtent#unpackedBytes] from `offset` on; holds nothing useful
    ///   after an exception
    /// @throws DamagedExtentException if the payload cannot be unpacked or the checksum differs
    public void unpack(PackedExtent extent, byte[] target, int offset)
            throws DamagedExtentException {
        var length = extent.unpackedBytes();
        var payload = extent.payload();
        try {
            var unpacked =
                    switch (extent.compression()) {
                        case LZ4 ->
                                unLz4.decompress(
                                        payload, 0, payload.length, target, offset, length);
                        case ZSTD ->
                                unZstd.decompress(
                                        payload, 0, payload.length, target, offset, length);
                        case NONE -> copy(payload, target, offset, length);
                        case ZERO -> copy(ZEROS, target, offset, length);
                    };
            if (unpacked != length) {
                throw new DamagedExtentException(
                        extent, "unpacks to " + unpacked + " bytes, not " + length);
            }
        } catch (RuntimeException e) { // each library throws its own kinds for malformed input
            throw new DamagedExtentException(extent, "cannot be unpacked: " + e.getMessage());
        }
        var found = Checksums.crc32c(target, offset, length);
        if (found != extent.crc32c()) {
            throw new DamagedExtentException(
                    extent,
                    String.format(
                            Locale.ROOT, "crc32c is %08x, expected %08x", found, extent.crc32c()));
        }
    }

    /// Whether all bytes of the range are zero.
    public static boolean isZero(byte[] data, int offset, int length) {
        for (var at = offset; at < offset + length; at += ZEROS.length) {
            var part = Math.min(ZEROS.length, offset + length - at);
            if (Arrays.mismatch(data, at, at + part, ZEROS, 0, part) >= 0) {
                return false;
            }
        }
        return true;
    }

    private static int copy(byte[] from, byte[] target, int offset, int length) {
        System.arraycopy(from, 0, target, offset, length);
        return length;
    }
}
