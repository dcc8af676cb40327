package holdfast.format;

import holdfast.base.Checksums;
import java.nio.ByteBuffer;

/// What precedes each record's payload: docs/formats/segment.md, "Record". 48 bytes, big-endian,
/// beginning at a multiple of 8.
///
/// ```
///  0  u8   kind                        24  u32  CRC-32C, see below
///  1  u8   compression                 28  u32  payload bytes that follow
///  2  u16  blocks of an extent         32  12 bytes  nonce
///  4  u32  volume number               44  u32  CRC-32C of bytes 0..43, place
///  8  u64  sequence
/// 16  u64  first block
/// ```
///
/// The last checksum also covers the record's [#place], so that a sound record that a disk gives
/// from elsewhere is not taken for the one that was asked for.
///
/// @param kind what it is
/// @param compression of an extent's payload; [Compression#NONE] for other kinds
/// @param blockCount of an extent; 0 for other kinds
/// @param volume number of the volume; of the owner for a point
/// @param sequence position in the journal
/// @param firstBlock of an extent or a clear; 0 for a point
/// @param crc32c of an extent's unpacked blocks; of the payload for other kinds
/// @param payloadBytes stored after the header, before padding to a multiple of 8
/// @param noncePrefix first 8 bytes of the nonce that the payload was encrypted with
/// @param nonceCounter last 4 bytes of it
public record RecordHeader(
        Kind kind,
        Compression compression,
        int blockCount,
        int volume,
        long sequence,
        long firstBlock,
        int crc32c,
        int payloadBytes,
        long noncePrefix,
        int nonceCounter) {
    public static final int BYTES = 48;
    public static final int ALIGNMENT = 8;

    /// AES-GCM's authentication tag, at the end of an extent's payload.
    public static final int TAG_BYTES = 16;

    public static final int PAYLOAD_BYTES_MAX =
            PackedExtent.BLOCKS_MAX * holdfast.base.Blocks.BLOCK_BYTES + TAG_BYTES;

    private static final int CRC_AT = BYTES - Integer.BYTES;

    /// What a record is. The code is part of the format.
    public enum Kind {
        /// Blocks of a volume, packed and encrypted.
        EXTENT(1),
        /// Blocks that read as zeros from here on; the payload is their number, u64.
        CLEAR(2),
        /// A consistency point; the payload is a [PointRecord].
        POINT(3);

        private final byte code;

        Kind(int code) {
            this.code = (byte) code;
        }

        public byte code() {
            return code;
        }

        static Kind ofCode(int code) throws DamagedFormatException {
            return switch (code) {
                case 1 -> EXTENT;
                case 2 -> CLEAR;
                case 3 -> POINT;
                default -> throw new DamagedFormatException("record of unknown kind " + code);
            };
        }
    }

    /// Bytes of header, payload and padding.
    public int totalBytes() {
        return aligned(BYTES + payloadBytes);
    }

    /// The next multiple of [#ALIGNMENT].
    public static int aligned(int bytes) {
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /// Where a record was written, which stays what it is when the record is copied elsewhere.
    ///
    /// @param segment number of the segment
    /// @param offsetBytes in the segment
    public static long place(long segment, long offsetBytes) {
        return segment << Integer.SIZE | offsetBytes;
    }

    /// Writes [#BYTES] bytes.
    ///
    /// @param place of the record
    public void encode(ByteBuffer out, long place) {
        var start = out.position();
        out.put(kind.code()).put(compression.code()).putShort((short) blockCount).putInt(volume);
        out.putLong(sequence).putLong(firstBlock).putInt(crc32c).putInt(payloadBytes);
        out.putLong(noncePrefix).putInt(nonceCounter);
        out.putInt(Checksums.crc32c(out.slice(start, CRC_AT), place));
    }

    /// Reads [#BYTES] bytes.
    ///
    /// @param place where the record was written
    public static RecordHeader decode(ByteBuffer in, long place) throws DamagedFormatException {
        if (in.remaining() < BYTES) {
            throw new DamagedFormatException("record header is cut off");
        }
        var start = in.position();
        var content = in.slice(start, CRC_AT);
        var crc = in.getInt(start + CRC_AT);
        if (Checksums.crc32c(content) != crc) { // as earlier builds wrote it, without the place
            DamagedFormatException.check(
                    "checksum of the record header", Checksums.crc32c(content, place), crc);
        }
        var kind = Kind.ofCode(in.get());
        var compressionCode = in.get();
        if (compressionCode < 0 || compressionCode > Compression.ZSTD.code()) {
            throw new DamagedFormatException("unknown compression " + compressionCode);
        }
        var header =
                new RecordHeader(
                        kind,
                        Compression.ofCode(compressionCode),
                        in.getShort() & 0xffff,
                        in.getInt(),
                        in.getLong(),
                        in.getLong(),
                        in.getInt(),
                        in.getInt(),
                        in.getLong(),
                        in.getInt());
        in.position(start + BYTES);
        if (header.payloadBytes < 0
                || header.payloadBytes > PAYLOAD_BYTES_MAX
                || header.blockCount > PackedExtent.BLOCKS_MAX) {
            throw new DamagedFormatException(
                    "record of "
                            + header.payloadBytes
                            + " bytes, "
                            + header.blockCount
                            + " blocks");
        }
        return header;
    }
}
