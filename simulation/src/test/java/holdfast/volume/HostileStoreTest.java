package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.format.DamagedFormatException;
import holdfast.format.PointRecord;
import holdfast.format.SegmentIndex;
import holdfast.format.UnsupportedFormatException;
import holdfast.hostile.HostileInput;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a store keeps beside its segments is sound, damaged or of a later version.
class HostileStoreTest {
    private static final SegmentIndex.Point POINT =
            new SegmentIndex.Point(1, 7, new PointRecord(1, 2, 3, 4, false));
    private static final Roots ROOTS =
            new Roots(7, Map.of(1, new Roots.Root(17, 3), 2, new Roots.Root(0, 0)));

    private static byte[] sealed(byte[] bytes) {
        var at = bytes.length - Integer.BYTES;
        if (at >= 0) {
            ByteBuffer.wrap(bytes).putInt(at, Checksums.crc32c(bytes, 0, at));
        }
        return bytes;
    }

    private static byte[] bytes(ByteBuffer encoded) {
        var bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    private static HostileInput hostile(ByteBuffer sound) {
        return new HostileInput(
                        List.of(bytes(sound)),
                        1 << 20,
                        DamagedFormatException.class,
                        UnsupportedFormatException.class)
                .sealedBy(HostileStoreTest::sealed);
    }

    @Test
    void checkpoints() throws Exception {
        hostile(new Checkpoint(1, 2, ROOTS, Map.of(1, POINT)).encode())
                .feed(input -> Checkpoint.decode(ByteBuffer.wrap(input)));
    }

    @Test
    void keptSnapshots() throws Exception {
        hostile(new KeptSnapshot(POINT, ROOTS).encode())
                .feed(input -> KeptSnapshot.decode(ByteBuffer.wrap(input)));
    }
}
