package holdfast.volume;

import holdfast.format.SegmentIndex;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A place to open the store from, and to rebuild later points from: docs/formats/checkpoint.md.
///
/// @param madeMillis when, since the epoch
/// @param nextMapFile number above that of every map file made before
/// @param roots of all volumes
/// @param newestPoints the last consistency point of each owner, by owner number
record Checkpoint(
        long madeMillis,
        long nextMapFile,
        Roots roots,
        Map<Integer, SegmentIndex.Point> newestPoints) {
    static final String FOLDER = "checkpoints";
    private static final int MAGIC = 0x48464350; // HFCP
    private static final int VERSION = 1;

    long sequence() {
        return roots.sequence();
    }

    /// Where a checkpoint is stored. The name tells what is needed to choose one: sequence and time
    /// in hex.
    record Place(long sequence, long madeMillis) {
        String name() {
            return String.format(Locale.ROOT, "%016x-%012x", sequence, madeMillis);
        }

        String path() {
            return FOLDER + "/" + name();
        }

        static Optional<Place> parse(String name) {
            return name.matches("[0-9a-f]{16}-[0-9a-f]{12}")
                    ? Optional.of(
                            new Place(
                                    Long.parseLong(name.substring(0, 16), 16),
                                    Long.parseLong(name.substring(17), 16)))
                    : Optional.empty();
        }
    }

    Place place() {
        return new Place(sequence(), madeMillis);
    }

    /// Durable on return.
    void store(StagingStorage storage) throws IOException {
        TwoCopies.put(storage, place().path(), encode());
    }

    ByteBuffer encode() {
        return Sealed.encode(
                MAGIC,
                VERSION,
                out -> {
                    out.writeLong(madeMillis);
                    out.writeLong(nextMapFile);
                    roots.writeTo(out);
                    out.writeInt(newestPoints.size());
                    for (var point : newestPoints.values()) {
                        KeptSnapshot.writePoint(out, point);
                    }
                });
    }

    static Checkpoint decode(ByteBuffer bytes) throws IOException {
        return Sealed.decode(
                "checkpoint",
                MAGIC,
                VERSION,
                bytes,
                in ->
                        new Checkpoint(
                                in.readLong(), in.readLong(), Roots.readFrom(in), readPoints(in)));
    }

    private static Map<Integer, SegmentIndex.Point> readPoints(DataInputStream in)
            throws IOException {
        var points = new HashMap<Integer, SegmentIndex.Point>();
        for (var left = in.readInt(); left > 0; left--) {
            var point = KeptSnapshot.readPoint(in);
            points.put(point.owner(), point);
        }
        return points;
    }
}
