package holdfast.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Blocks;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExtentPackerTest {
    private final ExtentPacker packer = new ExtentPacker();

    @ParameterizedTest
    @EnumSource
    void whatIsPackedComesBack(Compression wanted) throws Exception {
        var text =
                "the quick brown fox "
                        .repeat(1000)
                        .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        var data = Arrays.copyOf(text, 4 * Blocks.BLOCK_BYTES);
        var extent = packer.pack(7, data, 0, 4, wanted);
        var back = new byte[data.length];
        packer.unpack(extent, back, 0);
        assertThat(back).isEqualTo(data);
        assertThat(extent.endBlock()).isEqualTo(11);
    }

    @Test
    void zerosTakeNoRoomWhateverIsWanted() throws Exception {
        var extent = packer.pack(0, new byte[64 * 4096], 0, 64, Compression.LZ4);
        assertThat(extent.compression()).isEqualTo(Compression.ZERO);
        assertThat(extent.payload()).isEmpty();
        var back = new byte[64 * 4096];
        Arrays.fill(back, (byte) 1);
        packer.unpack(extent, back, 0);
        assertThat(ExtentPacker.isZero(back, 0, back.length)).isTrue();
    }

    @Test
    void randomDataIsKeptAsItIs() {
        var data = new byte[4096];
        new SplittableRandom(1).nextBytes(data);
        assertThat(packer.pack(0, data, 0, 1, Compression.ZSTD).compression())
                .isEqualTo(Compression.NONE);
    }

    /// Every byte of every payload matters: no flip goes unnoticed, none escapes as another error.
    @ParameterizedTest
    @EnumSource(names = {"NONE", "LZ4", "ZSTD"})
    void anyFlippedByteIsNamed(Compression wanted) {
        var data = new byte[2 * 4096];
        Arrays.setAll(new Byte[data.length], i -> data[i] = (byte) (i % 97));
        if (wanted == Compression.NONE) {
            new SplittableRandom(2).nextBytes(data);
        }
        var good = packer.pack(5, data, 0, 2, wanted);
        assertThat(good.compression()).isEqualTo(wanted);
        for (var i = 0; i < good.payload().length; i++) {
            var payload = good.payload().clone();
            payload[i] ^= 0x40;
            var bad = new PackedExtent(5, 2, wanted, good.crc32c(), payload);
            var back = new byte[data.length];
            try {
                packer.unpack(bad, back, 0);
                // a few bits of a zstd frame carry nothing; then the data must be the very same
                assertThat(back).isEqualTo(data);
            } catch (DamagedExtentException e) {
                assertThat(e).hasMessageContaining("blocks 5 to 6");
            }
        }
    }

    @Test
    void partsThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> new PackedExtent(0, 65, Compression.ZERO, 0, new byte[0]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PackedExtent(-1, 1, Compression.ZERO, 0, new byte[0]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PackedExtent(0, 1, Compression.NONE, 0, new byte[1]))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
