package holdfast.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScreenshotTest {
    @Test
    void everyPixelArrives() throws IOException {
        var width = 73;
        var height = 41;
        var pixels = new byte[width * height * 3];
        new SplittableRandom(7).nextBytes(pixels);

        var image =
                ImageIO.read(
                        new ByteArrayInputStream(
                                Screenshot.pngOf(ppm("P6\n73 41\n255\n", pixels))));

        assertThat(image.getWidth()).isEqualTo(width);
        assertThat(image.getHeight()).isEqualTo(height);
        for (var i = 0; i < width * height; i++) {
            var expected =
                    (pixels[3 * i] & 0xff) << 16
                            | (pixels[3 * i + 1] & 0xff) << 8
                            | pixels[3 * i + 2] & 0xff;
            assertThat(image.getRGB(i % width, i / width) & 0xffffff).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "P6",
                "P5\n2 2\n255\n",
                "P6\n2 2\n65535\n",
                "P6\n0 2\n255\n",
                "P6\n2 3\n255\n",
                "P6\n99999 99999\n255\n",
                "P6\n-2 -2\n255\n",
                "P6\n999999999999 2\n255\n"
            })
    void otherBytesAreNoPicture(String header) {
        assertThatThrownBy(() -> Screenshot.pngOf(ppm(header, new byte[12])))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("screenshot: ");
    }

    @Test
    void aPictureThatIsCutShortIsNone() {
        var whole = ppm("P6\n2 2\n255\n", new byte[12]);
        for (var length = 0; length < whole.length; length++) {
            var cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> Screenshot.pngOf(cut)).isInstanceOf(IOException.class);
        }
    }

    private static byte[] ppm(String header, byte[] pixels) {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(header.getBytes(StandardCharsets.US_ASCII));
        bytes.writeBytes(pixels);
        return bytes.toByteArray();
    }
}
