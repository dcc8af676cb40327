package holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ReplicaMemoTest {
    private static final ReplicaMemo EXAMPLE =
            new ReplicaMemo(
                    1234,
                    1230,
                    1_793_536_496_789L,
                    List.of(
                            new DiskMemo(0x1122334455667788L, Phase.CHANGES, 0, true),
                            new DiskMemo(0x99AABBCCDDEEFF00L, Phase.FIRST_COPY, 65_536, false)));

    @Test
    void theDocumentsExampleIsWhatWeWrite() throws Exception {
        assertThat(EXAMPLE.encode()).isEqualTo(documented());
        assertThat(ReplicaMemo.decode(documented())).contains(EXAMPLE);
    }

    @Test
    void bytesPastTheMemoDoNotMatter() throws Exception {
        assertThat(ReplicaMemo.decode(Arrays.copyOf(EXAMPLE.encode(), 1024))).contains(EXAMPLE);
    }

    /// Doubt means a comparison, which is always right; so no damage may pass.
    @Test
    void aDamagedMemoIsNone() {
        var good = EXAMPLE.encode();
        for (var length = 0; length < good.length; length++) {
            assertThat(ReplicaMemo.decode(Arrays.copyOf(good, length))).isEmpty();
        }
        for (var bit = 0; bit < good.length * 8; bit++) {
            var bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(ReplicaMemo.decode(bad)).as("bit %d", bit).isEmpty();
        }
    }

    @Test
    void asManyDisksAsAllowedFit() {
        var disk = new DiskMemo(1, Phase.COMPARE, 2, true);
        var full = new ReplicaMemo(1, 1, 1, Collections.nCopies(ReplicaMemo.DISKS_MAX, disk));
        assertThat(ReplicaMemo.decode(full.encode())).contains(full);
    }

    private static byte[] documented() throws IOException {
        var path = Path.of("docs/formats/agent-memo.md");
        var text = Files.readString(Files.exists(path) ? path : Path.of("..").resolve(path));
        var block = Pattern.compile("```hex\n(.*?)```", Pattern.DOTALL).matcher(text);
        assertThat(block.find()).isTrue();
        var digits = block.group(1).replaceAll("(?m)^[0-9a-f]+:|\\s", "");
        return HexFormat.of().parseHex(digits);
    }
}
