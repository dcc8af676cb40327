package holdfast.format;

import java.nio.ByteBuffer;

/// A consistency point as the journal holds it: docs/formats/segment.md, "Point". 40 bytes,
/// big-endian.
///
/// ```
///  0  u64  instant on the source, microseconds since the epoch
///  8  u64  journalled at, microseconds since the epoch
/// 16  u64  age of the instant when it was sent, milliseconds
/// 24  u64  round
/// 32  u32  flags: 1 frozen
/// 36  u32  zero
/// ```
public record PointRecord(
        long instantMicros, long journalledMicros, long ageMillis, long round, boolean frozen) {
    public static final int BYTES = 40;
    private static final int FROZEN = 1;

    /// Writes [#BYTES] bytes.
    public void encode(ByteBuffer out) {
        out.putLong(instantMicros).putLong(journalledMicros).putLong(ageMillis).putLong(round);
        out.putInt(frozen ? FROZEN : 0).putInt(0);
    }

    /// Reads [#BYTES] bytes; whoever stored them checksummed them.
    public static PointRecord decode(ByteBuffer in) {
        var record =
                new PointRecord(
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        (in.getInt() & FROZEN) != 0);
        in.getInt();
        return record;
    }
}
