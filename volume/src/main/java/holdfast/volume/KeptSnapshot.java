package holdfast.volume;

import holdfast.format.PointRecord;
import holdfast.format.SegmentIndex;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;

/// A consistency point that is kept beyond the journal window, with the roots it needs:
/// docs/formats/checkpoint.md, "Snapshot".
record KeptSnapshot(SegmentIndex.Point point, Roots roots) {
    static final String FOLDER = "snapshots";
    private static final int MAGIC = 0x4846534e; // HFSN
    private static final int VERSION = 1;

    String path() {
        return String.format(Locale.ROOT, "%s/%08x-%016x", FOLDER, point.owner(), point.sequence());
    }

    ByteBuffer encode() {
        return Sealed.encode(
                MAGIC,
                VERSION,
                out -> {
                    writePoint(out, point);
                    roots.writeTo(out);
                });
    }

    static KeptSnapshot decode(ByteBuffer bytes) throws IOException {
        return Sealed.decode(
                "snapshot",
                MAGIC,
                VERSION,
                bytes,
                in -> new KeptSnapshot(readPoint(in), Roots.readFrom(in)));
    }

    static void writePoint(DataOutputStream out, SegmentIndex.Point point) throws IOException {
        out.writeInt(point.owner());
        out.writeLong(point.sequence());
        var record = ByteBuffer.allocate(PointRecord.BYTES);
        point.record().encode(record);
        out.write(record.array());
    }

    static SegmentIndex.Point readPoint(DataInputStream in) throws IOException {
        var owner = in.readInt();
        var sequence = in.readLong();
        var record = new byte[PointRecord.BYTES];
        in.readFully(record);
        return new SegmentIndex.Point(owner, sequence, PointRecord.decode(ByteBuffer.wrap(record)));
    }
}
