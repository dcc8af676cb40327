package holdfast.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Checksums;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Map pages against docs/formats/map.md, whose examples were worked out without this code.
class MapPageTest {
    private static final int REGION = MapPage.Leaf.REGION_BLOCKS;
    private static final MapPage.Leaf LEAF =
            new MapPage.Leaf(
                    REGION,
                    new int[] {
                        MapPage.Leaf.key(5, 64),
                        MapPage.Leaf.key(69, 1),
                        MapPage.Leaf.key(REGION - 2, 2)
                    },
                    new long[] {0x3_0000_8000L, 0x12345678_ffffffffL, 0x4_0000_02c6L});
    private static final MapPage.Index INDEX =
            new MapPage.Index(1, new long[] {0, REGION}, new long[] {17, 18});

    @Test
    void theLeafOfTheDocumentIsRead() throws Exception {
        var leaf = (MapPage.Leaf) MapPage.decode(ByteBuffer.wrap(example(0)));
        assertThat(leaf).usingRecursiveComparison().isEqualTo(LEAF);
        assertThat(leaf.firstBlock(1)).isEqualTo(REGION + 69);
        assertThat(MapPage.Leaf.count(leaf.keys()[0])).isEqualTo(64);
    }

    @Test
    void theIndexOfTheDocumentIsRead() throws Exception {
        var index = MapPage.decode(ByteBuffer.wrap(example(1)));
        assertThat(index).usingRecursiveComparison().isEqualTo(INDEX);
    }

    @Test
    void theExamplesAreWrittenAsTheDocumentSays() throws Exception {
        assertThat(bytes(LEAF)).isEqualTo(example(0));
        assertThat(bytes(INDEX)).isEqualTo(example(1));
    }

    @ParameterizedTest
    @CsvSource({"0", "1"})
    void everyFlippedBitIsNoticed(int example) throws Exception {
        var good = example(example);
        for (var bit = 0; bit < good.length * 8; bit++) {
            var bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> MapPage.decode(ByteBuffer.wrap(bad)))
                    .as("bit %d", bit)
                    .isInstanceOf(DamagedFormatException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "1"})
    void everyOtherLengthIsNoticed(int example) throws Exception {
        var good = ByteBuffer.allocate(100).put(example(example)).array();
        for (var length = 0; length < good.length; length++) {
            var cut = ByteBuffer.wrap(good, 0, length);
            if (length != example(example).length) {
                assertThatThrownBy(() -> MapPage.decode(cut))
                        .as("%d bytes", length)
                        .isInstanceOf(DamagedFormatException.class);
            }
        }
    }

    /// Rubbish with a good checksum is damage like any other, never another exception.
    @Test
    void checksummedRubbishIsPageOrDamage() throws Exception {
        var random = new SplittableRandom(1);
        var pages = 0;
        for (var i = 0; i < 20_000; i++) {
            var bytes = example(i % 2);
            for (var n = 1 + random.nextInt(3); n > 0; n--) {
                bytes[5 + random.nextInt(bytes.length - 5)] = (byte) random.nextInt(256);
            }
            try {
                MapPage.decode(resealed(bytes));
                pages++;
            } catch (DamagedFormatException e) {
                assertThat(e).hasMessageContaining("map page");
            }
        }
        assertThat(pages).isBetween(1, 19_000);
    }

    /// One fault at a time, each with a good checksum: offset and byte to put there.
    @ParameterizedTest
    @CsvSource({
        "0, 5, 1", // an index by its level, too short for its entries
        "0, 7, 2", // fewer entries than bytes
        "0, 15, 1", // base within a region
        "0, 10, 1", // base beyond the last block
        "0, 27, 0xff", // a run of another place: still in order, but over the next one
        "0, 26, 0x12", // runs out of order
        "0, 51, 0x82", // run over the end of its region
        "0, 35, 1", // more blocks than an extent has
        "1, 5, 16", // too tall
        "1, 15, 1", // base block of an index
        "1, 44, 0", // first blocks not in order
        "1, 24, 0x80", // a block below zero
        "1, 39, 0", // no child
        "1, 32, 0x80", // a child in memory
    })
    void everyRuleIsChecked(int example, int offset, String value) throws Exception {
        var bytes = example(example);
        bytes[offset] = (byte) (int) Integer.decode(value);
        assertThatThrownBy(() -> MapPage.decode(resealed(bytes)))
                .isInstanceOf(DamagedFormatException.class)
                .hasMessageContaining("map");
    }

    @Test
    void aLaterVersionIsNotDamage() throws Exception {
        var bytes = example(0);
        bytes[4] = 2;
        assertThatThrownBy(() -> MapPage.decode(resealed(bytes)))
                .isInstanceOf(UnsupportedFormatException.class)
                .hasMessageContaining("map page");
    }

    @Test
    void noPageIsMadeThatCouldNotBeRead() {
        assertThatThrownBy(() -> new MapPage.Leaf(0, new int[0], new long[0]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new MapPage.Leaf(0, new int[513], new long[513]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new MapPage.Index(1, new long[] {5, 5}, new long[] {1, 2}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static byte[] bytes(MapPage page) {
        var out = ByteBuffer.allocate(MapPage.BYTES_MAX);
        page.encode(out);
        var bytes = new byte[out.flip().remaining()];
        out.get(bytes);
        return bytes;
    }

    /// The bytes with the checksum that they would have been written with.
    private static ByteBuffer resealed(byte[] bytes) {
        var covered = new byte[bytes.length - 4];
        System.arraycopy(bytes, 0, covered, 0, 20);
        System.arraycopy(bytes, 24, covered, 20, bytes.length - 24);
        return ByteBuffer.wrap(bytes).putInt(20, Checksums.crc32c(covered));
    }

    private static byte[] example(int number) throws IOException {
        var document = Files.readString(Path.of("..", "docs", "formats", "map.md"));
        var examples = document.substring(document.indexOf("\n## Example"));
        var block = examples.split("```\n")[1 + 2 * number];
        var line = Pattern.compile("^[0-9a-f]{4}  (.*)$", Pattern.MULTILINE).matcher(block);
        var bytes = new ByteArrayOutputStream();
        while (line.find()) {
            bytes.writeBytes(HexFormat.ofDelimiter(" ").parseHex(line.group(1)));
        }
        return bytes.toByteArray();
    }
}
